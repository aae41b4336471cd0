import type pg from "pg";
import type { Catalog } from "../types.ts";

/**
 * All that migrations make, by name, with its definition: see ../catalog.ts for its form. Any role gets the same answer.
 * A partition shows only what its parent doesn't have too. One round trip.
 * @param client not inside a transaction
 */
export async function readPostgresCatalog(client: pg.Client): Promise<Catalog> {
  try {
    const results = (await client.query({ text: `${sameForAll} ${catalog}; ROLLBACK`, rowMode: "array" })) as unknown;
    return Object.fromEntries((results as pg.QueryArrayResult<[string, string]>[]).at(-2)!.rows);
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** Settings that definitions would otherwise depend on. Compiling the query would take longer than running it. */
const sameForAll = `
  BEGIN READ ONLY;
  SET LOCAL search_path = '';
  SET LOCAL quote_all_identifiers = off;
  SET LOCAL timezone = 'UTC';
  SET LOCAL datestyle = 'ISO';
  SET LOCAL intervalstyle = 'postgres';
  SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = 'hex';
  SET LOCAL standard_conforming_strings = on;
  SET LOCAL jit = off;`;

/** For what may have line breaks: here a line is one thing that holds of the object. */
const oneLine = (sql: string) => `replace(${sql}, E'\\n', '\\n')`;

const lines = (...sql: string[]) => `concat_ws(E'\\n', ${sql.join(", ")})`;

const notOfExtension = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM of_extensions e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid})`;

const collation = (type: string, own: string) =>
  `CASE WHEN ${own} NOT IN (0, ${type}.typcollation) THEN ' collate ' || ${own}::regcollation ELSE '' END`;

/** `enabled` is a column of triggers and rules. */
const firing = (enabled: string) =>
  `CASE ${enabled} WHEN 'D' THEN 'disabled' WHEN 'A' THEN 'enabled always' WHEN 'R' THEN 'enabled on replicas alone' END`;

const exploded = (acl: string) => `
  SELECT grantee, privilege_type || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END AS privilege
  FROM aclexplode(${acl})`;

/**
 * An option that this server sets on each column by itself, as its write-ahead log stands: the same migrations give
 * another value in each database. It can't be reset, and pg_dump leaves it out, too.
 */
const stamp = "'pg\\_attver=%'";

/**
 * One SELECT for each kind of object, all with the same columns: catalog, oid, column number, name, lines, owner, the
 * kind of privileges as acldefault() calls it, the privileges, text.
 */
const objects = [
  `SELECT 'pg_namespace'::regclass, oid, 0, 'schema ' || name, '', nspowner, 'n', nspacl, NULL
   FROM schemas WHERE ${notOfExtension("pg_namespace", "oid")}`,

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

  `SELECT 'pg_proc'::regclass, f.oid, 0,
     CASE prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END || f.oid::regprocedure,
     coalesce((SELECT format('of %s by %s, final %s, initial %L', aggtranstype::regtype, aggtransfn, aggfinalfn, agginitval)
               FROM pg_aggregate WHERE aggfnoid = f.oid), ''),
     proowner, 'f', proacl, CASE WHEN prokind <> 'a' THEN rtrim(pg_get_functiondef(f.oid), E'\\n') END
   FROM pg_proc f JOIN schemas s ON s.oid = pronamespace
   WHERE ${notOfExtension("pg_proc", "f.oid")}`,

  `SELECT 'pg_type'::regclass, t.oid, 0,
     CASE t.typtype WHEN 'd' THEN 'domain ' WHEN 'e' THEN 'enum ' ELSE 'type ' END || s.name || '.' || quote_ident(t.typname),
     CASE t.typtype
       WHEN 'd' THEN ${lines(
         `format_type(t.typbasetype, t.typtypmod) || ${collation("base", "t.typcollation")}
            || CASE WHEN t.typnotnull THEN ' not null' ELSE '' END || coalesce(' default ' || ${oneLine("t.typdefault")}, '')`,
         `(SELECT string_agg(format('constrained by %I %s', conname, ${oneLine("pg_get_constraintdef(oid)")}), E'\\n'
                             ORDER BY conname) FROM pg_constraint WHERE contypid = t.oid)`,
       )}
       WHEN 'e' THEN (SELECT string_agg(${oneLine("quote_literal(enumlabel)")}, ', ' ORDER BY enumsortorder)
                      FROM pg_enum WHERE enumtypid = t.oid)
       WHEN 'r' THEN (SELECT 'range of ' || rngsubtype::regtype FROM pg_range WHERE rngtypid = t.oid)
       WHEN 'c' THEN (SELECT '(' || string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) || ')'
                      FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped)
       ELSE 'base type' END,
     t.typowner, 'T', t.typacl, NULL
   FROM pg_type t JOIN schemas s ON s.oid = t.typnamespace
   LEFT JOIN pg_type base ON base.oid = t.typbasetype LEFT JOIN pg_class c ON c.oid = t.typrelid
   WHERE t.typtype IN ('d', 'e', 'r', 'c', 'b') AND t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c'
     AND ${notOfExtension("pg_type", "t.oid")}`,

  `SELECT 'pg_extension'::regclass, k.oid, 0, 'extension ' || quote_ident(extname),
     format('%s in schema %s', extversion, extnamespace::regnamespace), extowner, NULL, NULL, NULL
   FROM pg_extension k WHERE extname <> 'plpgsql'`,

  // Those in one schema add to the others, and start from nothing, as the privileges of a column do.
  `SELECT 'pg_default_acl'::regclass, k.oid, 0, 'default privileges of ' || pg_get_userbyid(defaclrole) || ' on '
       || CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                             WHEN 'T' THEN 'types' ELSE 'schemas' END
       || coalesce(' in ' || s.name, ''),
     '', defaclrole, CASE WHEN defaclnamespace <> 0 THEN 'c' ELSE lower(defaclobjtype::text) END, defaclacl, NULL
   FROM pg_default_acl k LEFT JOIN schemas s ON s.oid = defaclnamespace
   WHERE defaclnamespace = 0 OR s.oid IS NOT NULL`,
];

const catalog = `
WITH of_extensions AS MATERIALIZED (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
schemas AS MATERIALIZED (
  SELECT *, quote_ident(nspname) AS name FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'trading_ledger')
),
relations AS MATERIALIZED (
  SELECT r.*, s.name AS schema, s.name || '.' || quote_ident(relname) AS name
  FROM pg_class r JOIN schemas s ON s.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${notOfExtension("pg_class", "r.oid")}
),
parents AS (
  SELECT inhrelid, string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) AS parents FROM pg_inherits GROUP BY 1
),
columns AS MATERIALIZED (
  SELECT r.oid, r.name, relkind, relispartition, attnum, attname, attacl, atthasdef AS hasdefault,
    format_type(atttypid, atttypmod) || ${collation("t", "attcollation")}
      || CASE WHEN attnotnull THEN ' not null' ELSE '' END
      || CASE WHEN attgenerated <> '' THEN ' generated always as (' || ${oneLine("pg_get_expr(adbin, adrelid)")} || ') stored'
              WHEN adbin IS NOT NULL THEN ' default ' || ${oneLine("pg_get_expr(adbin, adrelid)")} ELSE '' END
      || CASE attidentity WHEN 'a' THEN ' generated always as identity' WHEN 'd' THEN ' generated by default as identity'
                          ELSE '' END
      || CASE WHEN attstorage <> typstorage THEN
           ' storage ' || CASE attstorage WHEN 'p' THEN 'plain' WHEN 'm' THEN 'main' WHEN 'e' THEN 'external' ELSE 'extended' END
         ELSE '' END
      || CASE attcompression WHEN 'p' THEN ' compression pglz' WHEN 'l' THEN ' compression lz4' ELSE '' END
      || coalesce(' statistics ' || nullif(attstattarget, -1), '')
      || coalesce(' with ' || (SELECT string_agg(option, ', ' ORDER BY option) FROM unnest(attoptions) AS option
                                WHERE option NOT LIKE ${stamp}), '') AS line
  FROM relations r JOIN pg_attribute ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped
  JOIN pg_type t ON t.oid = atttypid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind <> 'S'
),
objects (classid, objid, subid, key, lines, owner, aclkind, acl, body) AS MATERIALIZED (
  ${objects.join("\n  UNION ALL\n  ")}
),
-- What differs from the privileges that such an object has by itself; many objects have the same.
privileges AS (
  SELECT aclkind, owner, acl, string_agg(line, E'\\n' ORDER BY line) AS lines
  FROM (
    SELECT aclkind, owner, acl, verb || ' ' || string_agg(privilege, ', ' ORDER BY privilege) || preposition
        || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS line
    FROM (SELECT DISTINCT aclkind, owner, acl::text FROM objects WHERE acl IS NOT NULL) AS known
    CROSS JOIN LATERAL (SELECT acl::aclitem[] AS own, acldefault(aclkind::"char", coalesce(owner, 0)) AS usual) AS acls
    CROSS JOIN LATERAL (VALUES ('granting', ' to ', own, usual), ('revoking', ' from ', usual, own))
      AS change (verb, preposition, these, those)
    CROSS JOIN LATERAL (${exploded("these")} EXCEPT ${exploded("those")}) AS changed
    GROUP BY aclkind, owner, acl, verb, preposition, grantee
  ) AS by_role
  GROUP BY aclkind, owner, acl
)
SELECT key, ${lines(
  "nullif(o.lines, '')",
  "CASE WHEN classid <> 'pg_default_acl'::regclass THEN 'owned by ' || pg_get_userbyid(o.owner) END",
  "p.lines",
  `'commented ' || to_json(description)`,
)} || coalesce(E'\\n\\n' || body, '')
FROM objects o
LEFT JOIN privileges p ON p.acl = o.acl::text AND p.aclkind = o.aclkind AND p.owner IS NOT DISTINCT FROM o.owner
LEFT JOIN pg_description ON classoid = classid AND objoid = objid AND objsubid = subid
ORDER BY key COLLATE "C"`;
