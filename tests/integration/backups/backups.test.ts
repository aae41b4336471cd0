import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { generateX25519Identity } from "age-encryption";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { listBackups, mark, pickBackup } from "../../../operations/backups/catalog.ts";
import { readManifest, writeManifest } from "../../../operations/backups/manifest.ts";
import { backUp, prove, readKey, restore } from "../../../operations/backups/ofStack.ts";
import { makeBackedUp, type BackedUp } from "../../support/backedUp.ts";

const MINUTE = 60_000;
jest.setTimeout(3 * MINUTE);

let system: BackedUp;
/** A backup that is proven, and one after it that is not. */
let proven: string;
let newer: string;

beforeAll(async () => {
  system = await makeBackedUp();
  proven = await backUp(system);
  await prove(system, proven);
  newer = await backUp(system);
}, 4 * MINUTE);
afterAll(() => system?.remove(), MINUTE);

const path = (name: string, file: string) => join(system.place, name, file);
const states = async (thorough = false) =>
  Object.fromEntries(
    (await listBackups(system.place, thorough)).map(({ name, state, problem }) => [name, problem ?? state]),
  );

describe("a backup", () => {
  test("is one folder with the files of both databases and a manifest that knows them all", async () => {
    expect(readdirSync(join(system.place, newer)).sort()).toEqual([
      "manifest.json",
      "mongodb.archive.zst",
      "postgresql-base.tar.zst",
      "postgresql-roles.sql.zst",
      "postgresql.dump.zst",
    ]);
    const manifest = await readManifest(join(system.place, newer));
    expect(manifest).toMatchObject({
      stack: system.stack,
      installation: system.outputs.installation,
      encrypted: false,
      postgresql: {
        version: expect.stringMatching(/^15\.\d+$/),
        systemIdentifier: expect.stringMatching(/^\d{19}$/),
        schemaVersion: expect.stringMatching(/^0018_/),
        rows: { "public.trades": 127, "public.simulation_runs": 1, "trading_ledger.migrations": 18 },
      },
      mongodb: {
        version: expect.stringMatching(/^6\.0\./),
        schemaVersion: expect.stringMatching(/^0003_/),
        documents: { "trading_configs.simulator_configs": 6 },
        indexes: { "trading_configs.simulation_configs": 6 },
      },
      tools: { pg_basebackup: expect.any(String), pg_dump: expect.any(String), mongodump: expect.any(String) },
    });
    expect(manifest.postgresql.rowsBefore).toEqual(manifest.postgresql.rows);
    for (const { name, bytes } of Object.values(manifest.files)) {
      expect(statSync(path(newer, name))).toMatchObject({ size: bytes, mode: 0o100600 });
    }
  });

  test("is proven once it was restored and compared, and says how long that took", async () => {
    expect(await states()).toEqual({ [newer]: "unproven", [proven]: "proven" });
    const [, backup] = await listBackups(system.place);
    expect(backup!.proof).toEqual({
      at: expect.any(String),
      restoreSeconds: expect.any(Number),
      lossSeconds: expect.any(Number),
    });
    expect(backup!.proof!.restoreSeconds).toBeGreaterThan(0);
  });

  test("is read by the servers' own tools once it is decompressed", async () => {
    const { postgres, mongodb } = system.outputs;
    const content = (file: string) => zstdDecompressSync(readFileSync(path(newer, file)));
    const read = (container: string, command: string[], file: string) =>
      execFileSync("docker", ["exec", "-i", container, ...command], { input: content(file), stdio: "pipe" }).toString();
    expect(read(postgres.container, ["pg_restore", "--list"], "postgresql.dump.zst")).toContain(
      "TABLE public simulation_runs trading_owner",
    );
    expect(read(postgres.container, ["cat"], "postgresql-roles.sql.zst")).toContain("CREATE ROLE trading_readonly;");
    const login = ["--username=admin", "--authenticationDatabase=admin", `--password=${mongodb.password}`];
    const dryRun = ["sh", "-c", 'mongorestore "$@" 2>&1', "-", ...login, "--archive", "--dryRun", "-v"];
    expect(read(mongodb.container, dryRun, "mongodb.archive.zst")).toContain("trading_configs.simulator_configs");
  });

  test("is refused while another one of the same databases is under way", async () => {
    let first!: Promise<string>;
    // It says so once it has the lock.
    await new Promise<void>((begun) => {
      first = backUp({ ...system, tell: () => begun() });
    });
    await expect(backUp(system)).rejects.toThrow(
      "Another backup of this stack is under way. Wait for its end, and run this again. No backup was kept.",
    );
    rmSync(join(system.place, await first), { recursive: true });
    expect(readdirSync(system.place).filter((name) => name.endsWith(".unfinished"))).toEqual([]);
  });

  test("that is taken while rows come and go is proven", async () => {
    await system.sql("CREATE TABLE passing (n int)");
    const psql = [
      "exec",
      system.outputs.postgres.container,
      "psql",
      "-U",
      "postgres",
      "-d",
      system.outputs.postgres.database,
    ];
    const comeAndGo = [
      "-c",
      "INSERT INTO passing SELECT generate_series(1, 5)",
      "-c",
      "DELETE FROM passing WHERE n < 4",
    ];
    const tell = (step: string) => {
      if (step.startsWith("dumping trading")) execFileSync("docker", [...psql, ...comeAndGo], { stdio: "ignore" });
    };
    const name = await backUp({ ...system, tell });
    const { rowsBefore, rows, rowsWritten } = (await readManifest(join(system.place, name))).postgresql;
    const counts = [rowsBefore, rows, rowsWritten!].map((of) => [of["public.passing"], of["public.trades"]]);
    expect(counts).toEqual([[0, 127], [2, 127], [8, 0]]); // prettier-ignore
    await prove(system, name);
    rmSync(join(system.place, name), { recursive: true });
    await system.sql("DROP TABLE passing");
  });

  test("that can't log in leaves nothing", async () => {
    const mongodb = { ...system.outputs.mongodb, adminPassword: "wrong" };
    const before = readdirSync(system.place);
    await expect(backUp({ ...system, outputs: { ...system.outputs, mongodb } })).rejects.toThrow(
      /^mongosh failed: MongoServerError: Authentication failed\. No backup was kept\.$/,
    );
    expect(readdirSync(system.place)).toEqual(before);
  });

  test("is marked to be kept, and released", async () => {
    const backup = pickBackup(await listBackups(system.place), system.place, newer);
    await mark(backup, true);
    expect((await listBackups(system.place))[0]).toMatchObject({ name: newer, kept: true });
    await mark(backup, false);
    expect((await listBackups(system.place))[0]).toMatchObject({ name: newer, kept: false });
  });
});

describe("a damaged backup is named, refused, and the older good one is offered", () => {
  const saved = mkdtempSync(join(tmpdir(), "saved-"));
  beforeAll(() => cpSync(join(system.place, newer), saved, { recursive: true }));
  afterEach(() => {
    rmSync(join(system.place, newer), { recursive: true });
    cpSync(saved, join(system.place, newer), { recursive: true });
  });
  afterAll(() => rmSync(saved, { recursive: true }));

  const offer = () => ` The newest good one is ${proven} (proven): name that one.`;
  const damaged = (what: string) => `The backup ${join(system.place, newer)} is damaged: ${what}.`;
  const base = "postgresql-base.tar.zst";
  const flip = (file: string) => {
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(file, bytes);
  };

  test.each([
    [
      "truncated",
      () => truncateSync(path(newer, base), 1000),
      () => {
        const { size } = statSync(join(saved, base));
        return damaged(`${base} has 1000 bytes instead of ${size}`);
      },
    ],
    [
      "empty",
      () => truncateSync(path(newer, "mongodb.archive.zst"), 0),
      () => {
        const { size } = statSync(join(saved, "mongodb.archive.zst"));
        return damaged(`mongodb.archive.zst has 0 bytes instead of ${size}`);
      },
    ],
    [
      "without a file",
      () => rmSync(path(newer, "postgresql.dump.zst")),
      () => damaged("postgresql.dump.zst is missing"),
    ],
    [
      "with an edited manifest",
      () => {
        const file = path(newer, "manifest.json");
        writeFileSync(file, readFileSync(file, "utf8").replace('"public.trades": 127', '"public.trades": 126'));
      },
      () => `${path(newer, "manifest.json")} was edited. The backup can't be trusted; choose another.`,
    ],
    [
      "with half a manifest",
      () => truncateSync(path(newer, "manifest.json"), 500),
      () => `${path(newer, "manifest.json")} is not whole. The backup can't be trusted; choose another.`,
    ],
    [
      "without a manifest",
      () => rmSync(path(newer, "manifest.json")),
      () => `${path(newer, "manifest.json")} can't be read. The backup can't be trusted; choose another.`,
    ],
  ])("%s", async (_what, damage, words) => {
    damage();
    expect(await states()).toEqual({ [newer]: words(), [proven]: "proven" });
    await expect(restore(system, newer, undefined)).rejects.toThrow(new Error(words() + offer()));
    expect(pickBackup(await listBackups(system.place), system.place).name).toBe(proven);
  });

  test("with one bit flipped: told by who reads every byte, and by its proof", async () => {
    flip(path(newer, base));
    const words = damaged(`${base} is not what was written (its SHA-256 is another)`);
    expect(await states()).toEqual({ [newer]: "unproven", [proven]: "proven" });
    expect(await states(true)).toEqual({ [newer]: words, [proven]: "proven" });
    await expect(restore(system, newer, undefined)).rejects.toThrow(new Error(words + offer()));
    rmSync(path(newer, "proof.json"));
    await expect(prove(system, newer)).rejects.toThrow(new Error(words));
    expect(await states()).toEqual({ [newer]: words, [proven]: "proven" });
  });

  test("rotten after its proof: the restore that finds it keeps that, and the next one takes the older", async () => {
    cpSync(path(proven, "proof.json"), path(newer, "proof.json"));
    flip(path(newer, base));
    const words = damaged(`${base} is not what was written (its SHA-256 is another)`);
    expect(await states()).toEqual({ [newer]: "proven", [proven]: "proven" });
    await expect(restore(system, undefined, undefined)).rejects.toThrow(new Error(words + offer()));
    expect(await states()).toEqual({ [newer]: words, [proven]: "proven" });
    expect((await restore(system, undefined, undefined)).name).toBe(proven);
  });

  test("with a proof that can't be read: it is as if nobody had tried", async () => {
    writeFileSync(path(newer, "proof.json"), "");
    expect(await states()).toEqual({ [newer]: "unproven", [proven]: "proven" });
    writeFileSync(path(newer, "manifest.json"), "null");
    const words = `${path(newer, "manifest.json")} was edited. The backup can't be trusted; choose another.`;
    expect(await states()).toEqual({ [newer]: words, [proven]: "proven" });
  });

  test("that holds other rows than its manifest says: told by its proof", async () => {
    const folder = join(system.place, newer);
    const manifest = await readManifest(folder);
    rmSync(join(folder, "manifest.json"));
    const counts = { ...manifest.postgresql.rows, "public.trades": 128 };
    await writeManifest(folder, {
      ...manifest,
      postgresql: { ...manifest.postgresql, rows: counts, rowsBefore: counts },
    });
    await expect(prove(system, newer)).rejects.toThrow(
      "PostgreSQL was restored, and differs: public.trades has 127 rows instead of 128 rows.",
    );
    expect((await listBackups(system.place))[0]!.state).toBe("damaged");
  });
});

test("a backup that is not there is told with the good one beside it", async () => {
  await expect(restore(system, "2020-01-01T00-00-00-000Z", undefined)).rejects.toThrow(
    new Error(
      `There is no backup 2020-01-01T00-00-00-000Z in ${system.place}. The newest good one is ${proven} (proven): name that one.`,
    ),
  );
});

describe("an encrypted backup", () => {
  let key: string;
  let name: string;
  let secret: BackedUp;

  beforeAll(async () => {
    key = await generateX25519Identity();
    secret = { ...system, place: mkdtempSync(join(tmpdir(), "encrypted-")), key };
    name = await backUp(secret);
  });
  afterAll(() => rmSync(secret.place, { recursive: true }));

  test("holds nothing that could be read, and is proven with its key", async () => {
    const files = readdirSync(join(secret.place, name)).filter((file) => file !== "manifest.json");
    expect(files.every((file) => file.endsWith(".zst.age"))).toBe(true);
    for (const file of files) {
      expect(
        readFileSync(join(secret.place, name, file))
          .subarray(0, 21)
          .toString(),
      ).toBe("age-encryption.org/v1");
    }
    await prove(secret, name);
    expect((await listBackups(secret.place))[0]!.state).toBe("proven");
  });

  describe("is not opened by another key, or without one, and is not called damaged for it:", () => {
    const otherKey = () =>
      `The key does not open the backup ${name}. Name the file that holds the right one with --key.`;
    const noKey = () => `The backup ${name} is encrypted, and there is no key. Name the file that holds it with --key.`;
    const offer = (good: string) => ` The newest good one is ${good} (unproven): name that one.`;
    const none = " None beside it can be restored instead.";
    let another: string;
    beforeAll(async () => void (another = await generateX25519Identity()));

    test("alone, it is refused by name, and nothing is touched", async () => {
      const before = await system.beside();
      await expect(restore({ ...secret, key: another }, name, undefined)).rejects.toThrow(new Error(otherKey() + none));
      await expect(restore({ ...secret, key: undefined }, name, undefined)).rejects.toThrow(new Error(noKey() + none));
      expect(await system.beside()).toEqual(before);
      const file = join(secret.place, name, "postgresql-base.tar.zst.age");
      await expect(prove({ ...secret, key: undefined }, name)).rejects.toThrow(
        new Error(`${file} is encrypted, and there is no key. Name the file that holds it: --key FILE`),
      );
      expect((await listBackups(secret.place))[0]!.state).toBe("proven");
    });

    test("beside others, the newest that can be opened is offered", async () => {
      const plain = await backUp({ ...secret, key: undefined });
      const opened = await backUp({ ...secret, key: another });
      await expect(restore({ ...secret, key: another }, name, undefined)).rejects.toThrow(
        new Error(otherKey() + offer(opened)),
      );
      await expect(restore({ ...secret, key: undefined }, name, undefined)).rejects.toThrow(
        new Error(noKey() + offer(plain)),
      );
      for (const made of [plain, opened]) rmSync(join(secret.place, made), { recursive: true });
    });
  });

  test("takes its key from a file as age-keygen writes it", async () => {
    const file = join(secret.place, "key.txt");
    writeFileSync(file, `# created: 2026-11-28\n${key}\n`);
    expect(await readKey(file)).toBe(key);
    writeFileSync(file, "nothing");
    await expect(readKey(file)).rejects.toThrow(`${file} holds no key of age (AGE-SECRET-KEY-...).`);
    rmSync(file);
    await expect(readKey(file)).rejects.toThrow(`The key file ${file} can't be read.`);
  });
});
