import { collation, firing, lines, notOfExtension, oneLine } from "./catalogParts.ts";

/** Those below belong to the server itself: FirstNormalObjectId in access/transam.h of PostgreSQL. */
const firstOwnOid = 16384;

/** What stands by itself: a SELECT for each kind, as ./catalog.ts wants them. */
export const others = [
  `SELECT 'pg_namespace'::regclass, oid, 0, 'schema ' || name, '', nspowner, 'n', nspacl, NULL
   FROM schemas WHERE ${notOfExtension("pg_namespace", "oid")}`,

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

  `SELECT 'pg_publication'::regclass, k.oid, 0, 'publication ' || quote_ident(pubname),
     ${lines(
       `CASE WHEN puballtables THEN 'of all tables' END`,
       `(SELECT string_agg('of ' || prrelid::regclass || ${oneLine("coalesce(' where ' || pg_get_expr(prqual, prrelid), '')")}
                             
                             || coalesce(' (' || (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                                                  WHERE attrelid = prrelid AND attnum = ANY (prattrs)) || ')', ''), E'\\n' ORDER BY prrelid::regclass::text)
         FROM pg_publication_rel WHERE prpubid = k.oid)`,
       `(SELECT string_agg('of all tables of schema ' || pnnspid::regnamespace, E'\\n' ORDER BY pnnspid::regnamespace::text)
         FROM pg_publication_namespace WHERE pnpubid = k.oid)`,
       `'publishing ' || concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
                                   CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END)`,
       `CASE WHEN pubviaroot THEN 'via the partition root' END`,
     )}, pubowner, NULL, NULL, NULL
   FROM pg_publication k WHERE ${notOfExtension("pg_publication", "k.oid")}`,

  `SELECT 'pg_event_trigger'::regclass, k.oid, 0, 'event trigger ' || quote_ident(evtname),
     ${lines(
       `'on ' || evtevent || coalesce(' for ' || array_to_string(evttags, ', '), '') || ' running ' || evtfoid::regproc`,
       firing("evtenabled"),
     )}, evtowner, NULL, NULL, NULL
   FROM pg_event_trigger k WHERE ${notOfExtension("pg_event_trigger", "k.oid")}`,

  // Of what is rare it is told that it is there, and whose it is.
  `SELECT k.classid, k.oid, 0, type || ' ' || identity, words, owner, NULL, NULL, NULL
   FROM (
     SELECT 'pg_collation'::regclass AS classid, oid, collnamespace AS schema, collowner AS owner, '' AS words
       FROM pg_collation
     UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace, oprowner, '' FROM pg_operator
     UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace, opcowner, '' FROM pg_opclass
     UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace, opfowner, '' FROM pg_opfamily
     UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner, '' FROM pg_ts_config
     UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner, '' FROM pg_ts_dict
     UNION ALL SELECT 'pg_cast'::regclass, oid, NULL, NULL,
       CASE castfunc WHEN 0 THEN 'without a function' ELSE 'by ' || castfunc::regprocedure END FROM pg_cast
     UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, NULL, fdwowner, '' FROM pg_foreign_data_wrapper
     UNION ALL SELECT 'pg_foreign_server'::regclass, oid, NULL, srvowner, '' FROM pg_foreign_server
   ) k
   LEFT JOIN schemas s ON s.oid = k.schema
   CROSS JOIN LATERAL pg_identify_object(k.classid, k.oid, 0)
   WHERE k.oid >= ${firstOwnOid} AND (k.schema IS NULL OR s.oid IS NOT NULL)
     AND NOT EXISTS (SELECT FROM of_extensions e WHERE e.classid = k.classid AND e.objid = k.oid)`,
];
