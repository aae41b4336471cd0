import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeClone, run, type Clone } from "../support/clone.ts";
import { faultsOf, heal, setUpPatient, type Patient } from "../support/doctor.ts";
import { killGroup } from "../support/killGroup.ts";
import { docker } from "../support/project.ts";

// Each test provokes a fault of Pulumi or its state, runs what doctor prints below it, and sees it well again.

const MINUTE = 60_000;
jest.setTimeout(6 * MINUTE);

let clone: Clone;
let patient: Patient;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  patient = await setUpPatient(clone);
}, 8 * MINUTE);

afterAll(() => clone.remove());

const state = () => join(clone.folder, ".trading-db/state/.pulumi");

test("a Pulumi that is gone is installed again, and what needs none is looked at all the same", async () => {
  const file = join(clone.folder, ".trading-db/env");
  // As after somebody has emptied the cache.
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("/pulumi/", "/nowhere/"));
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "Pulumi runs",
      problem: expect.stringMatching(/^Pulumi does not run: .+\.$/),
      cure: "./setup-databases.sh --prepare && source .trading-db/env",
    },
  ]);
  await heal(clone, faults);
});

test("a passphrase that does not open the state is told, and the clone's own is taken again", async () => {
  const provoke = "export PULUMI_CONFIG_PASSPHRASE=wrong";
  const faults = await faultsOf(clone, provoke);
  expect(faults).toEqual([
    {
      name: "the stack came up whole",
      problem: "The passphrase in the environment does not open this stack's state.",
      cure: "unset PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE && source .trading-db/env",
    },
  ]);
  expect(await faultsOf(clone, `${provoke}; ${faults[0]!.cure}`)).toEqual([]);
});

test("F23: an update that was killed leaves a lock and operations half done, of which one command after the other frees the stack", async () => {
  const name = "0019_take_long.sql";
  writeFileSync(join(clone.folder, "schema/postgresql/migrations", name), "SELECT pg_sleep(10);\n");
  const { stackName } = clone;
  const { postgres } = clone.names.containers;
  const line = `source .trading-db/env; pulumi up --yes --skip-preview --non-interactive --stack ${stackName}`;
  const update = run(clone.folder, ["bash", "-c", line]);
  const asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  const psql = ["exec", postgres, "psql", "-U", "postgres", "-Atc", asleep];
  while ((await docker(...psql)) === "0") await sleep(100);
  killGroup(update.process);
  await update.ended;

  const faults = await faultsOf(clone);
  // Pulumi's provider may outlive it, and end the migration.
  expect(faults.filter(({ name }) => name !== "PostgreSQL has all migrations")).toEqual([
    {
      name: "the state's lock is held by nobody who is gone",
      problem: expect.stringMatching(/^Process \d+ of \w+ locked the state at \d{4}-\d\d-\d\dT\S+, and is gone\.$/),
      cure: `pulumi cancel --yes --stack ${stackName}`,
    },
    {
      name: "no operation is unfinished",
      problem: "An update was interrupted, and 1 of its operations may be half done.",
      cure: patient.setUp,
    },
  ]);
  await heal(clone, faults, 2);
  await patient.sameData();
});

test("F23: a state of which half was written is taken from Pulumi's copy of it", async () => {
  const file = join(state(), "stacks/trading-db", `${clone.stackName}.json`);
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    {
      name: "the state can be read",
      problem: expect.stringMatching(
        new RegExp(`^The state of stack ${clone.stackName} can't be read: .+\\. A copy of it can\\.$`),
      ),
      cure: patient.setUp,
    },
  ]);
  await heal(clone, faults);
  await patient.sameData();
});

test("F11, F23: a lost state with running containers and kept volumes is made anew, and both databases take its passwords", async () => {
  const { installation } = await clone.outputs();
  const { containers } = clone.names;
  renameSync(state(), `${state()}-lost`);
  const label = `trading-db.installation=${installation}`;
  const remove = `docker rm -f $(docker ps -aq --filter label=${label}) && docker network prune -f --filter label=${label}`;
  const faults = await faultsOf(clone);
  expect(faults).toEqual([
    ...[
      containers.postgres,
      `config-of-${containers.postgres}`,
      containers.mongodb,
      `config-of-${containers.mongodb}`,
    ].map((name) => ({
      name: `container ${name}`,
      problem: `The container ${name} belongs to another set-up of a stack ${clone.stackName}: another clone, or one whose state is lost.`,
      cure: `${remove} && ${patient.setUp}`,
    })),
    { name: "the state can be read", problem: `There is no stack ${clone.stackName} here.`, cure: patient.setUp },
  ]);
  expect(await clone.login(faults[0]!.cure)).toMatchObject({ code: 1 });

  const next = await faultsOf(clone);
  expect(next).toEqual([
    {
      name: "MongoDB lets admin in",
      problem: "MongoDB refuses the password of admin.",
      cure: `npx trading-db --stack ${clone.stackName} recover-mongodb`,
    },
    {
      name: "the stack came up whole",
      problem: expect.stringMatching(
        new RegExp(`^Stack ${clone.stackName} has no output .+: it never came up whole\\.$`),
      ),
      cure: patient.setUp,
    },
  ]);
  await heal(clone, next, 2);
  await patient.sameData();
});
