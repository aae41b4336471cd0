import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeClone, type Clone } from "../support/clone.ts";
import { fingerprint } from "../support/fingerprint.ts";
import { docker, execute } from "../support/project.ts";

// Runs the commands of docs/operations.md as they stand there. Those of other situations are run by tests of their own.

const MINUTE = 60_000;
jest.setTimeout(8 * MINUTE);

/** Images of this stack alone, since others run on those of the machine at the same time. */
const PREFIX = "localhost/it-runbook";
const IMAGES = {
  [`${PREFIX}/postgres:15`]: "localhost/trading-db/postgres:15",
  [`${PREFIX}/mongo:7`]: "localhost/trading-db/mongo:6.0",
};

let clone: Clone;
let before: string;
/** A copy of the stack's backups, as on another machine. */
const elsewhere = mkdtempSync(join(tmpdir(), "elsewhere-"));

beforeAll(async () => {
  for (const [name, source] of Object.entries(IMAGES)) await docker("tag", source, name);
  clone = makeClone({ sampleData: "true", images: PREFIX });
  expect(await clone.setUp()).toMatchObject({ code: 0, stderr: "" });
  before = await fingerprint(await clone.outputs());
  expect(await clone.login("trading-db backup --prove")).toMatchObject({ code: 0 });
  cpSync(join(clone.folder, "backups"), elsewhere, { recursive: true });
}, 8 * MINUTE);

afterAll(async () => {
  clone.remove();
  await execute("docker", ["rmi", "--force", ...Object.keys(IMAGES)]);
  rmSync(elsewhere, { recursive: true });
}, MINUTE);

/** The first commands below a heading, with what stands there for a name put in. */
function commandsOf(heading: string, names: Record<string, string>): string {
  const [, section = ""] = readFileSync("docs/operations.md", "utf8").split(`\n## ${heading}\n`);
  const [, block = ""] = /```bash\n(.*?)```/s.exec(section) ?? [];
  expect(block).not.toBe("");
  const text = Object.entries(names).reduce((text, [name, value]) => {
    expect(text).toContain(name);
    return text.replaceAll(name, value);
  }, block);
  return `set -euo pipefail\n${text}`;
}

/** Runs commands, after which a clone's stack has the data and is well. */
async function expectSameAfter(commands: string, { login, outputs }: Clone): Promise<void> {
  expect(await login(commands)).toMatchObject({ code: 0 });
  expect(await fingerprint(await outputs())).toBe(before);
  expect(await login("trading-db doctor")).toMatchObject({ code: 0 });
}

/** Answers what a command would ask in a terminal. */
const UP = { "up --refresh": "up --refresh --yes --non-interactive" };

test("a minor version of a server comes by its image, on the same data", async () => {
  const { postgres, mongodb } = clone.names.containers;
  const newer: string[] = [];
  for (const name of Object.keys(IMAGES)) {
    const built = await execute("bash", ["-c", `docker build --quiet --label newer=yes - <<<"FROM ${name}"`]);
    newer.push(built.stdout.trim());
  }
  const commands = commandsOf("A minor version of a server", {
    "docker pull postgres:15": `docker tag ${newer[0]} ${PREFIX}/postgres:15`,
    "docker pull mongo:7": `docker tag ${newer[1]} ${PREFIX}/mongo:7`,
    "trading-postgres trading-mongodb": `${postgres} ${mongodb}`,
    ...UP,
  });
  await expectSameAfter(commands, clone);
  const running = await docker("inspect", "--format", "{{.Image}}", postgres, mongodb);
  expect(running.split("\n")).toEqual(newer);
});

test("a major version of a server gets the data by their logical forms", async () => {
  const other = makeClone({ images: PREFIX });
  try {
    expect(await other.setUp()).toMatchObject({ code: 0, stderr: "" });
    const place = join(elsewhere, clone.stackName);
    const backup = join(place, readdirSync(place)[0]!);
    const commands = commandsOf("A major version of a server", {
      "postgresql.dump.zst": join(backup, "postgresql.dump.zst"),
      "mongodb.archive.zst": join(backup, "mongodb.archive.zst"),
      NEW: other.stackName,
      ...UP,
    });
    await expectSameAfter(commands, other);
  } finally {
    other.remove();
  }
});

test("a new machine gets the data from a folder of backups", async () => {
  expect(await clone.login(`trading-db reset ${clone.stackName}`)).toMatchObject({ code: 0 });
  const machine = makeClone({ images: PREFIX }, clone.stackName);
  try {
    expect(await machine.setUp(["--prepare"])).toMatchObject({ code: 0 });
    const commands = commandsOf("A new machine", {
      "./setup-databases.sh": `./setup-databases.sh --stack ${machine.stackName}`,
      "/path/of/backups": elsewhere,
      "--adopt": "--adopt --yes",
      ...UP,
    });
    await expectSameAfter(commands, machine);
  } finally {
    machine.remove();
  }
});
