import { firing, lines, oneLine } from "./catalogParts.ts";

/** Tables, views and sequences, and what hangs on them: a SELECT for each kind, as ./catalog.ts wants them. */
export const relations = [
  `SELECT 'pg_class'::regclass, r.oid, 0,
     CASE relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'f' THEN 'foreign table ' ELSE 'table ' END
       || r.name,
     ${lines(
       `CASE WHEN relispartition THEN 'partition of ' ELSE 'inheriting ' END || parents
          || CASE WHEN relispartition THEN ' ' || ${oneLine("pg_get_expr(relpartbound, r.oid)")} ELSE '' END`,
       `CASE relkind WHEN 'p' THEN 'partitioned by ' || ${oneLine("pg_get_partkeydef(r.oid)")} END`,
       `CASE WHEN relpersistence = 'u' THEN 'unlogged' END`,
       `CASE WHEN relrowsecurity THEN 'under row level security' END`,
       `CASE WHEN relforcerowsecurity THEN 'under row level security for its owner too' END`,
       `CASE relreplident WHEN 'f' THEN 'replicated by all columns' WHEN 'n' THEN 'replicated without identity' END`,
       `'with ' || array_to_string(reloptions, ', ')`,
       `'with toast options ' || array_to_string((SELECT t.reloptions FROM pg_class t WHERE t.oid = reltoastrelid), ', ')`,
       `'stored by ' || (SELECT amname FROM pg_am WHERE pg_am.oid = relam AND amname <> 'heap')`,
       `'in tablespace ' || (SELECT spcname FROM pg_tablespace t WHERE t.oid = reltablespace)`,
       `CASE WHEN reloftype <> 0 THEN 'of type ' || reloftype::regtype END`,
       `(SELECT 'on server ' || srvname || ' ' || ${oneLine("ftoptions::text")}
         FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver WHERE ftrelid = r.oid)`,
     )},
     relowner, 'r', relacl, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END
   FROM relations r LEFT JOIN parents ON inhrelid = r.oid WHERE relkind <> 'S'`,

  `SELECT 'pg_class'::regclass, r.oid, 0, 'sequence ' || r.name,
     ${lines(
       `format('%s from %s to %s, start %s, increment %s, cache %s%s', seqtypid::regtype, seqmin, seqmax, seqstart,
               seqincrement, seqcache, CASE WHEN seqcycle THEN ', cycle' ELSE '' END)`,
       `(SELECT format('serving %s.%I', refobjid::regclass, attname)
         FROM pg_depend JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
         WHERE classid = 'pg_class'::regclass AND objid = r.oid AND refclassid = 'pg_class'::regclass
           AND deptype IN ('a', 'i') LIMIT 1)`,
       `CASE relpersistence WHEN 'u' THEN 'unlogged' END`,
     )}, relowner, 's', relacl, NULL
   FROM relations r JOIN pg_sequence ON seqrelid = r.oid`,

  `SELECT 'pg_class'::regclass, c.oid, c.attnum, 'column ' || c.name || '.' || quote_ident(c.attname), c.line,
     NULL, 'c', c.attacl, NULL
   FROM columns c
   LEFT JOIN pg_inherits ON inhrelid = c.oid AND c.relispartition
   LEFT JOIN columns p ON p.oid = inhparent AND p.attname = c.attname
   WHERE (c.relkind NOT IN ('v', 'm') AND c.line IS DISTINCT FROM p.line) OR c.attacl IS NOT NULL OR (c.relkind = 'v' AND c.hasdefault)
     OR EXISTS (SELECT FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid = c.oid AND objsubid = c.attnum)`,

  `SELECT 'pg_constraint'::regclass, k.oid, 0, 'constraint ' || r.name || '.' || quote_ident(conname),
     ${lines(
       oneLine("pg_get_constraintdef(k.oid)"),
       `'with ' || array_to_string(c.reloptions, ', ')`,
       `CASE WHEN NOT indisvalid THEN 'INVALID' END`,
       `CASE WHEN unfired.tgconstraint IS NOT NULL THEN 'not enforced: its triggers are disabled' END`,
       `CASE WHEN indisreplident THEN 'the replica identity' END`,
       `CASE WHEN indisclustered THEN 'what CLUSTER orders by' END`,
     )}, NULL::oid, NULL, NULL::aclitem[], NULL
   FROM relations r JOIN pg_constraint k ON conrelid = r.oid
   LEFT JOIN pg_index ON indexrelid = conindid AND contype IN ('p', 'u', 'x')
   LEFT JOIN pg_class c ON c.oid = indexrelid
   LEFT JOIN (SELECT DISTINCT tgconstraint FROM pg_trigger WHERE tgisinternal AND tgenabled = 'D') unfired
     ON unfired.tgconstraint = k.oid
   WHERE contype <> 't'
     AND (conislocal AND conparentid = 0 OR NOT r.relispartition OR NOT convalidated OR unfired.tgconstraint IS NOT NULL)`,

  `SELECT 'pg_class'::regclass, c.oid, 0, 'index ' || r.schema || '.' || quote_ident(c.relname),
     ${lines(
       oneLine("pg_get_indexdef(c.oid)"),
       `CASE WHEN NOT indisvalid THEN 'INVALID' END`,
       `CASE WHEN indisreplident THEN 'the replica identity' END`,
       `CASE WHEN indisclustered THEN 'what CLUSTER orders by' END`,
       `'in tablespace ' || (SELECT spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace)`,
     )}, NULL, NULL, NULL, NULL
   FROM relations r JOIN pg_index ON indrelid = r.oid JOIN pg_class c ON c.oid = indexrelid
   LEFT JOIN pg_inherits ON inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = inhparent
   WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u', 'x'))
     AND (NOT c.relispartition OR NOT indisvalid OR c.reloptions IS DISTINCT FROM p.reloptions)`,

  `SELECT 'pg_trigger'::regclass, t.oid, 0, 'trigger ' || r.name || '.' || quote_ident(t.tgname),
     ${lines(oneLine("pg_get_triggerdef(t.oid)"), firing("t.tgenabled"))}, NULL, NULL, NULL, NULL
   FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
   WHERE NOT t.tgisinternal AND t.tgenabled IS DISTINCT FROM p.tgenabled`,

  `SELECT 'pg_policy'::regclass, k.oid, 0, 'policy ' || r.name || '.' || quote_ident(polname),
     CASE WHEN polpermissive THEN 'permissive' ELSE 'restrictive' END
       || CASE polcmd WHEN 'r' THEN ' for SELECT' WHEN 'a' THEN ' for INSERT' WHEN 'w' THEN ' for UPDATE'
                      WHEN 'd' THEN ' for DELETE' ELSE ' for ALL' END
       || ' to ' || (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(role) END, ', '
                                       ORDER BY pg_get_userbyid(role)) FROM unnest(polroles) AS role)
       || coalesce(' using ' || ${oneLine("pg_get_expr(polqual, r.oid)")}, '')
       || coalesce(' with check ' || ${oneLine("pg_get_expr(polwithcheck, r.oid)")}, ''),
     NULL, NULL, NULL, NULL
   FROM relations r JOIN pg_policy k ON polrelid = r.oid`,

  `SELECT 'pg_rewrite'::regclass, k.oid, 0, 'rule ' || r.name || '.' || quote_ident(rulename),
     ${lines(oneLine("pg_get_ruledef(k.oid)"), firing("ev_enabled"))}, NULL, NULL, NULL, NULL
   FROM relations r JOIN pg_rewrite k ON ev_class = r.oid WHERE rulename <> '_RETURN'`,

  `SELECT 'pg_statistic_ext'::regclass, k.oid, 0, 'statistics ' || s.name || '.' || quote_ident(stxname),
     ${lines(oneLine("pg_get_statisticsobjdef(k.oid)"), `'of target ' || nullif(stxstattarget, -1)`)},
     stxowner, NULL, NULL, NULL
   FROM pg_statistic_ext k JOIN schemas s ON s.oid = stxnamespace`,
];
