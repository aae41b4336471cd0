import { describe, expect, test } from "@jest/globals";
import { readFileSync, readdirSync } from "node:fs";
import type { Document } from "mongodb";
import { readMongoMigrations } from "../../support/schemaMongo.ts";

const folders = [
  { folder: "schema/postgresql/migrations", extension: "sql" },
  { folder: "schema/mongodb/migrations", extension: "ts" },
];

describe.each(folders)("$folder", ({ folder, extension }) => {
  const files = readdirSync(folder).sort();
  const names = files.filter((name) => !/\.(down|verify)\.\w+$/.test(name));

  test("has names that say what a file does, numbered from 0001 without a gap", () => {
    const numbers = names.map((name) => new RegExp(`^(\\d{4})(_[a-z0-9]+)+\\.${extension}$`).exec(name)?.[1]);
    expect(numbers).toEqual(names.map((_, index) => String(index + 1).padStart(4, "0")));
  });

  test("has a way back from each migration", () => {
    const downs = names.map((name) => name.replace(`.${extension}`, `.down.${extension}`));
    expect(files.filter((name) => name.includes(".down."))).toEqual(downs);
  });
});

const sqlFiles = ["schema/postgresql/migrations", "schema/postgresql/seeds/dev"].flatMap((folder) =>
  readdirSync(folder).map((name) => `${folder}/${name}`),
);

test.each(sqlFiles)("%s leaves transaction and role to whoever runs it", (file) => {
  const statements = readFileSync(file, "utf8")
    .replace(/--.*$/gm, "")
    .replace(/\$\$[^]*?\$\$/g, "")
    .replace(/'(?:[^']|'')*'/g, "");
  expect(statements).not.toMatch(/\b(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|SET ROLE|RESET)\b/i);
});

test.each(readdirSync("schema/mongodb/migrations"))("%s imports nothing that runs", (name) => {
  const code = readFileSync(`schema/mongodb/migrations/${name}`, "utf8");
  expect(code).not.toMatch(/^import (?!type )|\brequire\(|\bimport\(|\bawait\b/m);
});

test("the steps of MongoDB's migrations are plain data, each a command of a known kind", async () => {
  for (const { steps } of await readMongoMigrations()) {
    expect(JSON.parse(JSON.stringify(steps))).toEqual(steps);
    expect(steps.map((step) => Object.keys(step)[0])).toEqual(["create", "createIndexes"]);
  }
});

test("each index of MongoDB has a name of its own in its collection", async () => {
  for (const { steps } of await readMongoMigrations()) {
    const names = steps.flatMap((step) => (step.indexes ?? []).map((index: { name: string }) => index.name));
    expect(names).toEqual([...new Set(names)]);
  }
});

test("each pattern of MongoDB holds for the whole text, a line break at its end included", async () => {
  const patterns: string[] = [];
  JSON.stringify(await readMongoMigrations(), (key, value) => {
    if (key === "pattern") patterns.push(value);
    if (key === "patternProperties") patterns.push(...Object.keys(value));
    return value;
  });
  expect(patterns.length).toBeGreaterThan(20);
  expect(patterns.filter((pattern) => !/^\^.*\$\(\?!\\n\)$/.test(pattern))).toEqual([]);
});

test("a simulation overrides models by the rules that its simulator has for them", async () => {
  const fields: Record<string, Record<string, Document>> = {};
  for (const { steps } of await readMongoMigrations()) {
    for (const { create, validator } of steps) if (create) fields[create] = validator.$and[0].$jsonSchema.properties;
  }
  const overrides = Object.entries(fields["simulation_configs"]?.["overrides"]?.properties ?? {});
  expect(overrides).toHaveLength(6);
  expect(overrides).toEqual(overrides.map(([model]) => [model, fields["simulator_configs"]?.[model]]));
});

test("a sweep ranks its trials by columns that simulation_runs has", async () => {
  const migrations = await readMongoMigrations();
  const objectives: string[] = [];
  JSON.stringify(migrations, (key, value) => {
    if (key === "objective") objectives.push(...value.enum);
    return value;
  });
  const metrics = readFileSync("schema/postgresql/migrations/0003_add_run_metrics.sql", "utf8");
  const columns = [...metrics.matchAll(/ADD COLUMN (\w+)/g)];
  expect(objectives).toHaveLength(11);
  expect(columns.map(([, column]) => column)).toEqual(expect.arrayContaining(objectives));
});
