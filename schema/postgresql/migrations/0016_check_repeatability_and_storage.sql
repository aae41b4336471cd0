-- Invariants across runs, and of the tables themselves.

-- 14. The same inputs give the same result. A sweep's trials share config_hash, so parameters and period belong to the inputs.
CREATE VIEW v_check_determinism AS
SELECT NULL::bigint AS run_id, 'runs ' || string_agg(run_id::text, ', ' ORDER BY run_id) AS subject, rule,
  string_agg(DISTINCT result, ' or ' ORDER BY result) AS stored, 'one result' AS expected
FROM simulation_runs
CROSS JOIN LATERAL (VALUES
  ('ending_equity', ending_equity::text),
  ('total_trades', total_trades::text)
) AS outcome (rule, result)
WHERE status = 'completed'
GROUP BY rule, config_hash, algorithm_hash, simulator_hash, engine_version, git_commit, dataset_version, random_seed,
  parameters, symbols, timeframe, period_start, period_end, starting_equity
HAVING count(DISTINCT result) > 1;
COMMENT ON VIEW v_check_determinism IS
  'Groups of completed runs with equal inputs (hashes, versions, seed, parameters, symbols, period, capital) and yet different ending_equity or total_trades.';

-- 15. No column lets NaN or infinity in: every fractional number and every time is stored through a domain with a CHECK.
CREATE VIEW v_check_number_types AS
SELECT NULL::bigint AS run_id, format('%s.%s', class.relname, attribute.attname) AS subject,
  'stored through a domain with a CHECK' AS rule,
  format_type(attribute.atttypid, attribute.atttypmod) AS stored, 'a domain that refuses NaN and infinity' AS expected
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p')
  AND coalesce(nullif(type.typbasetype, 0), type.oid) IN (
    'numeric'::regtype, 'double precision'::regtype, 'real'::regtype,
    'timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint
    WHERE contypid = type.oid AND contype = 'c' AND convalidated);
COMMENT ON VIEW v_check_number_types IS 'Columns of the public tables, numbers and times, that could hold NaN or an infinity.';

-- 15. Every partitioned table has its primary key, its foreign key and all its partitions, and every partition all
-- indexes and foreign keys of its table.
CREATE VIEW v_check_partitions AS
WITH parent AS (
  SELECT oid, relname, (SELECT count(*) FROM pg_catalog.pg_inherits WHERE inhparent = class.oid) AS partitions
  FROM pg_catalog.pg_class AS class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'p'
)
SELECT NULL::bigint AS run_id, relname::text AS subject, 'number of partitions' AS rule, partitions::text AS stored, '32' AS expected
FROM parent WHERE partitions <> 32
UNION ALL
SELECT NULL, relname::text, rule, stored::text, '1'
FROM parent
CROSS JOIN LATERAL (
  SELECT
    count(*) FILTER (WHERE contype = 'p') AS primary_keys,
    count(*) FILTER (WHERE contype = 'f' AND confrelid = 'simulation_runs'::regclass AND confdeltype = 'c') AS foreign_keys
  FROM pg_catalog.pg_constraint WHERE conrelid = parent.oid
) AS keys
CROSS JOIN LATERAL (VALUES
  ('primary key', primary_keys),
  ('foreign key to simulation_runs, cascading', foreign_keys)
) AS comparison (rule, stored)
WHERE stored <> 1
UNION ALL
SELECT NULL, indexrelid::regclass::text, 'valid index on every partition', valid::text, partitions::text
FROM parent
JOIN pg_catalog.pg_index AS index ON index.indrelid = parent.oid
CROSS JOIN LATERAL (
  SELECT count(*) AS valid
  FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_index AS leaf ON leaf.indexrelid = inhrelid AND leaf.indisvalid
  WHERE inhparent = index.indexrelid
) AS leaves
WHERE valid <> partitions
UNION ALL
SELECT NULL, format('%s on %s', conname, relname), 'valid foreign key on every partition', valid::text, partitions::text
FROM parent
JOIN pg_catalog.pg_constraint AS key ON key.conrelid = parent.oid AND key.contype = 'f'
CROSS JOIN LATERAL (
  SELECT count(*) AS valid FROM pg_catalog.pg_constraint AS leaf WHERE leaf.conparentid = key.oid AND leaf.convalidated
) AS leaves
WHERE valid <> partitions;
COMMENT ON VIEW v_check_partitions IS 'Partitioned tables without a primary key, a foreign key to simulation_runs that cascades, or all 32 partitions; and indexes or foreign keys that some partition lacks.';
