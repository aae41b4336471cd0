import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeClone, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
import { sqlAsSuperuser } from "../support/stack.ts";

// Each test provokes a fault of migrations, runs what doctor prints below it, and sees it well again.

const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

let clone: Clone;
let patient: Patient;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  patient = await setUpPatient(clone);
}, 8 * MINUTE);

afterAll(() => clone.remove());

const file = (engine: string, name: string) => join(clone.folder, `schema/${engine}/migrations`, name);

test("migrations that are pending are applied", async () => {
  writeFileSync(file("postgresql", "0019_add_notes.sql"), "CREATE TABLE notes (text text);\n");
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    { name: "PostgreSQL has all migrations", problem: "0019_add_notes.sql is not applied.", cure: patient.setUp },
  ]);
  await heal(clone, faults);
});

test("those that were edited after they were applied get the text back that the ledger keeps", async () => {
  appendFileSync(file("postgresql", "0019_add_notes.sql"), "CREATE TABLE more (text text);\n");
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "PostgreSQL has all migrations",
      problem:
        '0019_add_notes.sql was edited after it was applied: line 2 is new: "CREATE TABLE more (text text);". Bring its text back, ' +
        "and put the change into a new file. Where only comments changed, `npm run migrate -- repair 0019_add_notes.sql` accepts them.",
      cure:
        `docker exec ${patient.outputs.postgres.container} psql -U postgres -d trading_results -Atc ` +
        `"SELECT text FROM trading_ledger.migrations WHERE name = '0019_add_notes.sql'" > schema/postgresql/migrations/0019_add_notes.sql`,
    },
  ]);
  await heal(clone, faults);
});

test("those whose file is gone get it back from the ledger", async () => {
  const name = "0003_create_simulation_configs.ts";
  rmSync(file("mongodb", name));
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "MongoDB has all migrations",
      problem: expect.stringContaining(name),
      cure: expect.stringContaining(`> schema/mongodb/migrations/${name}`),
    },
  ]);
  await heal(clone, faults);
});

test("those around which somebody changed the schema tell what is another, with the command that shows it", async () => {
  await sqlAsSuperuser(patient.outputs, "trading_results", "CREATE INDEX by_hand ON notes (text)");
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "PostgreSQL's schema is what its migrations made",
      problem: expect.stringMatching(
        /^Somebody changed it: index public\.by_hand is there, but no migration made it: .+\. Take that back, or make it a migration\.$/,
      ),
      cure: "npm run migrate -- --engine postgresql drift",
    },
  ]);
  // Nobody but who changed it knows what it is for: the command tells, and changes nothing.
  expect(await clone.login(faults[0]!.cure)).toMatchObject({ code: 3, stderr: expect.stringContaining("by_hand") });
  await sqlAsSuperuser(patient.outputs, "trading_results", "DROP INDEX by_hand");
  expect(await faultsOf(clone)).toEqual([]);
});

test("F24: those of which one wants more memory than there is are applied once the server has more", async () => {
  const greedy = "SELECT length(string_agg(repeat('x', 1000), '')) FROM generate_series(1, 250000);\n";
  writeFileSync(file("postgresql", "0020_want_memory.sql"), greedy);
  expect(await clone.setUp()).toMatchObject({
    code: 1,
    stderr:
      "\n✖ The connection to PostgreSQL broke (Connection terminated unexpectedly), for the 6th time. " +
      "Run `pulumi up` again when it is stable: the ledger tells what stands.\n" +
      "In a shell where `pulumi` is not known yet: source .trading-db/env\n",
  });
  const { container } = patient.outputs.postgres;
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: `container ${container}`,
      problem: `The kernel killed a process of ${container}, which may use 256 MiB of memory and wanted more.`,
      cure: `pulumi config set postgresMemory 512 --stack ${clone.stackName} && ${patient.setUp}`,
    },
  ]);
  // Without swap it takes twice.
  await heal(clone, faults, 2);
  await patient.sameData();
});
