-- What was this run, and how did it do? Gives run_id, which the other queries ask for.
-- :'run_uid'
SELECT *
FROM v_run_summary
WHERE run_uid = :'run_uid';
