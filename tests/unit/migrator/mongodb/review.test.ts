import { expect, test } from "@jest/globals";
import { MigrationError } from "../../../../migrator/errors.ts";
import { readMigrations } from "../../../../migrator/files.ts";
import { reviewSteps } from "../../../../migrator/mongodb/review.ts";
import type { SourceFile } from "../../../../migrator/types.ts";

const fileOf = (name: string, text: string): SourceFile => ({ name, path: name, text, checksum: `of ${name}` });
const create = fileOf("0001_create_runs.ts", 'export default [{ create: "runs" }];');
const drop = fileOf(
  "0002_drop_runs.json",
  '{ "allow": { "drop-collection": "unused" }, "steps": [{ "insert": "runs", "documents": [{ "_id": 1 }] }, { "drop": "runs" }] }',
);

test("the pending files are reviewed, with what the applied ones tell", async () => {
  expect(await reviewSteps([create, drop], new Set(["0002_drop_runs.json"]))).toEqual([
    {
      name: "0002_drop_runs.json",
      checksum: "of 0002_drop_runs.json",
      transaction: false,
      statements: [
        { place: "step 1", words: "inserts 1 document into runs" },
        { place: "step 2", words: "drops runs" },
      ],
      findings: [
        {
          rule: "drop-collection",
          severity: "destructive",
          place: "step 2",
          message:
            "Collection runs is dropped with all its documents: nothing but a backup has them then. " +
            'If it is meant, state why in the file: "allow": { "drop-collection": "reason" }',
          allowed: "unused",
        },
      ],
    },
  ]);
});

test("what the pending files make themselves is in no danger", async () => {
  const reviews = await reviewSteps([create, drop], new Set([create.name, drop.name]));
  expect(reviews.map(({ name, findings }) => [name, findings])).toEqual([
    ["0001_create_runs.ts", []],
    ["0002_drop_runs.json", []],
  ]);
});

test("an applied file that can't be read stops nothing, a pending one does", async () => {
  const broken = fileOf("0001_create_runs.ts", "export default 5;");
  const [review] = await reviewSteps([broken, drop], new Set([drop.name]));
  const findings = review?.findings;
  expect(findings?.map(({ rule }) => rule)).toEqual(["drop-collection"]);
  await expect(reviewSteps([broken, drop], new Set([broken.name, drop.name]))).rejects.toThrow(MigrationError);
});

const directory = "schema/mongodb/migrations";
const ours = readMigrations("mongodb", directory);

test("our own migrations are in no danger when they are installed first, and ask nothing new of their own", async () => {
  const names = new Set(ours.map(({ name }) => name));
  expect((await reviewSteps(ours, names)).flatMap(({ findings }) => findings)).toEqual([]);

  const again = ours.map((file) => ({ ...file, name: `9${file.name}` }));
  const reviews = await reviewSteps([...ours, ...again], new Set(again.map(({ name }) => name)));
  expect(new Set(reviews.flatMap(({ findings }) => findings.map(({ rule }) => rule)))).toEqual(
    new Set(["unique-index"]),
  );
});

test.each([
  ["down", "0001_x.down.json step 1 is aggregate"],
  ["verify", "0001_x.verify.json"],
])("a %s file that can't be read is told before anything is applied", async (purpose, words) => {
  const migration = fileOf("0001_x.json", '[{ "create": "runs" }]');
  const companion = fileOf(
    `0001_x.${purpose}.json`,
    purpose === "down" ? '[{ "aggregate": "runs" }]' : '[{ "drop": "runs" }]',
  );
  await expect(reviewSteps([{ ...migration, [purpose]: companion }], new Set(["0001_x.json"]))).rejects.toThrow(words);
});
