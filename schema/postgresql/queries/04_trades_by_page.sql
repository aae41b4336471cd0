-- The trades of a run in order, a page at a time: give the last trade_seq that you have, 0 at first.
-- (OFFSET would read all that it skips.)
-- :run_id  :after_trade_seq (0)  :rows (100)
SELECT *
FROM trades
WHERE run_id = :run_id AND trade_seq > :after_trade_seq
ORDER BY trade_seq
LIMIT :rows;
