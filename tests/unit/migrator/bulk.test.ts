import { describe, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bulkBytes, bulkChecksum, chunkBytes, progressOf } from "../../../migrator/bulk.ts";
import { counted } from "../../../migrator/errors.ts";
import { listSeeds, readSeeds } from "../../../migrator/files.ts";
import { folder, refusal } from "../../support/migrations.ts";

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

function fileOf(bytes: Buffer) {
  const path = join(folder({}), "0001_ticks.csv");
  writeFileSync(path, bytes);
  return { name: "default/0001_ticks.csv", path, checksum: bulkChecksum(path), text: "" };
}

async function read(file: ReturnType<typeof fileOf>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bulkBytes(file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("a bulk file", () => {
  test.each([0, 1, chunkBytes - 1, chunkBytes, 2 * chunkBytes + 7])(
    "of %i bytes is hashed and read whole",
    async (size) => {
      const bytes = Buffer.alloc(size, "a\r\n \n");
      const file = fileOf(bytes);
      expect(file.checksum).toBe(sha256(bytes));
      expect((await read(file)).equals(bytes)).toBe(true);
    },
  );

  test("loses its byte order mark, and nothing else that looks like one", async () => {
    const mark = Buffer.from([0xef, 0xbb, 0xbf]);
    const file = fileOf(Buffer.concat([mark, mark, Buffer.from("a")]));
    expect(await read(file)).toEqual(Buffer.concat([mark, Buffer.from("a")]));
  });

  test("that changed since it was planned is refused after its last byte", async () => {
    const file = fileOf(Buffer.from("a\n1\n"));
    writeFileSync(file.path, "a\n2\n");
    expect(await refusal(read(file))).toBe(
      "default/0001_ticks.csv has changed while it was seeded. Run `pulumi up` again when nobody writes to it any more.",
    );
  });
});

describe("the folder of seeds", () => {
  test("of PostgreSQL holds .sql and .csv, and gives bulk files no text", () => {
    const directory = folder({ "default/0001_a.sql": "SELECT 1", "default/0002_b.csv": "x\n1 \n" });
    expect(readSeeds("postgresql", directory, ["default"]).map(({ name, text }) => ({ name, text }))).toEqual([
      { name: "default/0001_a.sql", text: "SELECT 1" },
      { name: "default/0002_b.csv", text: "" },
    ]);
    expect(listSeeds("postgresql", directory, ["default"])[1]!.checksum).toBe(sha256(Buffer.from("x\n1 \n")));
  });

  test("of MongoDB holds .json and .ndjson, and tells so where it finds another", () => {
    const directory = folder({ "default/0001_a.json": "{}", "default/0002_b.ndjson": "{}" });
    expect(listSeeds("mongodb", directory, ["default"]).map(({ name }) => name)).toEqual([
      "default/0001_a.json",
      "default/0002_b.ndjson",
    ]);
    const other = folder({ "default/0001_a.csv": "" });
    expect(() => listSeeds("mongodb", other, ["default"])).toThrow(
      new Error(
        `${other}/default/0001_a.csv is not a name that can be ordered. Call it NNNN_verb_object.json or .ndjson: four ` +
          "digits from 0001, then lower case letters, digits and single underscores; or move it out of the folder.",
      ),
    );
  });

  test("counts the numbers of all kinds together", () => {
    const directory = folder({ "default/0001_a.csv": "", "default/0001_b.sql": "" });
    expect(() => listSeeds("postgresql", directory, ["default"])).toThrow(
      new Error(
        `0001_a.csv and 0001_b.sql in ${directory}/default have the same number. ` +
          "Give the one that was not applied anywhere yet the next free number.",
      ),
    );
  });
});

test("progress is told when it is time, and at the end", () => {
  const told: string[] = [];
  const file = fileOf(Buffer.alloc(200));
  const often = progressOf(file, (sentence) => told.push(sentence), -1);
  often.at(70, () => counted(400_000, "row"));
  progressOf(file, (sentence) => told.push(sentence)).at(70, () => "too early");
  often.end(counted(1, "row"), ", all of them new");
  expect(told).toEqual([
    "default/0001_ticks.csv: 400,000 rows, 35 %",
    expect.stringMatching(/^default\/0001_ticks\.csv: 1 row in \d\.\d s, all of them new\.$/),
  ]);
});
