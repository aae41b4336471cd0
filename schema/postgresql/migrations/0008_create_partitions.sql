-- Partitions by hash of run_id, 32 for each of the three tables that grow with every run.
--
-- By run, because every question of users names a run and so reads one partition; all runs cover the same years,
-- so ranges of simulated time would make each run touch every partition.
-- 32, because at 100 million trades a partition is then about 0.6 GB: vacuum, reindex and dump go in parallel,
-- while planning stays near 1 ms (256 partitions double it, and take 37 ms where no run is named).
-- The same 32 for all three, so that one remainder holds all rows of a run: joins, loads and deletes stay in step.
-- A power of two, because one partition can later be split in two (detach, create two of modulus 64, insert again).

DO $$
DECLARE
  parent text;
  remainder integer;
BEGIN
  FOREACH parent IN ARRAY ARRAY['trades', 'positions', 'equity_points'] LOOP
    FOR remainder IN 0..31 LOOP
      -- Rows are inserted and hardly ever changed: only inserts can call for the vacuum that freezes rows
      -- and keeps the visibility map, so it comes after 5 % of new rows instead of 20 %.
      EXECUTE format(
        'CREATE TABLE trading_partitions.%I PARTITION OF public.%I FOR VALUES WITH (MODULUS 32, REMAINDER %s)
           WITH (autovacuum_vacuum_insert_scale_factor = 0.05)',
        format('%s_p%s', parent, lpad(remainder::text, 2, '0')), parent, remainder);
    END LOOP;
  END LOOP;
END
$$;
