-- What a role may do also comes from default privileges, from PUBLIC and from other roles: this looks at the sum.

-- Both read every table and view.
SELECT role, relation.oid::regclass AS unreadable
FROM pg_catalog.pg_class AS relation
CROSS JOIN (VALUES ('trading_user'), ('trading_readonly')) AS reader (role)
WHERE relnamespace IN ('public'::regnamespace, 'trading_partitions'::regnamespace) AND relkind IN ('r', 'p', 'v')
  AND NOT has_table_privilege(role, relation.oid, 'SELECT');

-- trading_user writes the four tables, through the parents alone, and truncates none; trading_readonly writes nothing.
SELECT role, relation.oid::regclass AS relation, privilege, allowed
FROM pg_catalog.pg_class AS relation
CROSS JOIN (VALUES ('trading_user'), ('trading_readonly')) AS writer (role)
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS change (privilege)
CROSS JOIN LATERAL (SELECT has_table_privilege(role, relation.oid, privilege) AS allowed) AS answer
WHERE relnamespace IN ('public'::regnamespace, 'trading_partitions'::regnamespace) AND relkind IN ('r', 'p', 'v')
  AND allowed <> (role = 'trading_user' AND privilege <> 'TRUNCATE' AND relation.oid IN (
    'simulation_runs'::regclass, 'trades'::regclass, 'positions'::regclass, 'equity_points'::regclass));
