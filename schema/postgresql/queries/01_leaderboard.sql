-- Which completed runs have the best Sharpe ratio?
-- (By return: put total_return, which has an index too, in the place of sharpe_ratio.)
-- Few trades prove little and deep drawdowns are not for everybody: so both have a limit.
-- :min_trades (30)  :max_drawdown (fraction, 0.25)  :rows (50)
SELECT rank() OVER (ORDER BY sharpe_ratio DESC NULLS LAST) AS rank, *
FROM v_leaderboard
WHERE total_trades >= :min_trades AND max_drawdown <= :max_drawdown
ORDER BY sharpe_ratio DESC NULLS LAST, run_id
LIMIT :rows;
