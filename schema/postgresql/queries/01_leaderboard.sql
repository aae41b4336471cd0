-- Which completed runs are best by Sharpe ratio, by return, or by Calmar ratio?
-- Only runs that are annualised alike: a Sharpe ratio of 252 periods a year does not compare with one of 365.
-- Few trades prove little and deep drawdowns are not for everybody: so both have a limit.
-- :"metric" (sharpe_ratio, total_return or calmar_ratio)  :periods_per_year (252)
-- :min_trades (30)  :max_drawdown (fraction, 0.25)  :rows (50)
SELECT rank() OVER (ORDER BY :"metric" DESC NULLS LAST) AS rank, *
FROM v_leaderboard
WHERE periods_per_year = :periods_per_year AND total_trades >= :min_trades AND max_drawdown <= :max_drawdown
ORDER BY :"metric" DESC NULLS LAST, run_id
LIMIT :rows;
