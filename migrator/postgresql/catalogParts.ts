// Pieces of SQL that several kinds of objects need.

/** For what may have line breaks: here a line is one thing that holds of the object. */
export const oneLine = (sql: string) => `replace(${sql}, E'\\n', '\\n')`;

export const lines = (...sql: string[]) => `concat_ws(E'\\n', ${sql.join(", ")})`;

export const notOfExtension = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM of_extensions e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid})`;

export const collation = (type: string, own: string) =>
  `CASE WHEN ${own} NOT IN (0, ${type}.typcollation) THEN ' collate ' || ${own}::regcollation ELSE '' END`;

/** `enabled` is a column of triggers, event triggers and rules. */
export const firing = (enabled: string) =>
  `CASE ${enabled} WHEN 'D' THEN 'disabled' WHEN 'A' THEN 'enabled always' WHEN 'R' THEN 'enabled on replicas alone' END`;
