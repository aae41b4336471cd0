import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { sync } from "./artefact.ts";

export const MANIFEST = "manifest.json";

const time = z.iso.datetime();
const counts = z.record(z.string(), z.int());

const schema = z.strictObject({
  /** Of this form of backup. */
  format: z.literal(1),
  stack: z.string(),
  /** Of the state that the stack had: see outputs.ts. */
  installation: z.string(),
  startedAt: time,
  endedAt: time,
  encrypted: z.boolean(),
  postgresql: z.strictObject({
    /** Such as `15.14`. */
    version: z.string(),
    /** What PostgreSQL knows its cluster by, and everything that was copied from it. */
    systemIdentifier: z.string(),
    timeline: z.int(),
    database: z.string(),
    /** Name of the last migration. */
    schemaVersion: z.string(),
    /** First and last position of the log that the base backup needs, such as `0/3000028`. */
    wal: z.strictObject({ start: z.string(), end: z.string() }),
    /** Time of the server at which the base backup was whole: it can be recovered to no time before. */
    consistentAt: time,
    /** Rows of each table before the base backup began. */
    rowsBefore: counts,
    /** Rows of each table in the snapshot that the dump was made of, after the base backup had ended. */
    rows: counts,
    /** Rows that were inserted into each table or deleted meanwhile. Those of earlier releases have none. */
    rowsWritten: counts.optional(),
  }),
  mongodb: z.strictObject({
    version: z.string(),
    featureCompatibilityVersion: z.string(),
    replicaSetId: z.string(),
    database: z.string(),
    schemaVersion: z.string(),
    /** Seconds and ordinal of the oplog's last entry before the dump began: where the dump itself ends stands in it. */
    oplog: z.strictObject({ t: z.int(), i: z.int() }),
    /** Documents of each collection, before and after the dump. */
    documentsBefore: counts,
    documents: counts,
    /** Indexes of each collection, before and after the dump. Those of earlier releases have the second alone. */
    indexesBefore: counts.optional(),
    indexes: counts,
  }),
  /** What made the files, and reads them. */
  tools: z.record(z.string(), z.string()),
  files: z.record(
    z.enum(["postgresqlBase", "postgresqlRoles", "postgresqlDump", "mongodbDump"]),
    z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() }),
  ),
});

/** What a backup holds, and how to tell that it still does. */
export type Manifest = z.infer<typeof schema>;

/** Writes it as the last file of a backup, with a checksum of its own: an edited one is told. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  const text = JSON.stringify({ ...manifest, checksum: checksumOf(manifest) }, null, 2);
  await writeFile(path, `${text}\n`, { mode: 0o600, flag: "wx" });
  await sync(path);
}

/** @throws UserError where it is missing, edited or of another form */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const damaged = (what: string) => new UserError(`${path} ${what}. The backup can't be trusted; choose another.`);
  const text = await readFile(path, "utf8").catch(() => {
    throw damaged("can't be read");
  });
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged("is not whole");
  }
  const { checksum, ...manifest } = content ?? {};
  if (checksum !== checksumOf(manifest)) throw damaged("was edited");
  const parsed = schema.safeParse(manifest);
  if (!parsed.success) throw damaged("is of another form than this release writes");
  return parsed.data;
}

function checksumOf(manifest: object): string {
  return createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
}
