import { describe, expect, test } from "@jest/globals";
import { listMigrations, listSeeds } from "../../../migrator/files.ts";
import { folder } from "../../support/migrations.ts";

const names = (directory: string) => listMigrations("postgresql", directory).map(({ name }) => name);

describe("a folder of migrations", () => {
  test("is listed in the order of its numbers, with a checksum for each file", () => {
    const directory = folder({ "0002_add_b.sql": "b", "0001_add_a.sql": "a" });
    expect(listMigrations("postgresql", directory)).toEqual([
      { name: "0001_add_a.sql", checksum: "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" },
      { name: "0002_add_b.sql", checksum: "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" },
    ]);
  });

  test("may be empty, and may hold hidden files", () => {
    expect(names(folder({ ".gitkeep": "", ".0001_add_a.sql.swp": "" }))).toEqual([]);
  });

  test.each([
    "0001_Add_a.sql",
    "1_add_a.sql",
    "00001_add_a.sql",
    "0001-add-a.sql",
    "0001_add_a.SQL",
    "0001_add_a.sql.orig",
    "0001_.sql",
    "0001__a.sql",
    "0000_add_a.sql",
    "README.md",
    "0001_add_a.ts",
    "nested/0001_add_a.sql",
  ])("with %s is refused", (file) => {
    const directory = folder({ [file]: "" });
    expect(() => names(directory)).toThrow(
      new Error(
        `${directory}/${file.split("/")[0]} is not a name that can be ordered. Call it NNNN_verb_object.sql: four digits from 0001, ` +
          "then lower case letters, digits and single underscores; or move it out of the folder.",
      ),
    );
  });

  test("with two files of one number is refused", () => {
    const directory = folder({ "0001_add_a.sql": "", "0001_add_b.sql": "" });
    expect(() => names(directory)).toThrow(
      new Error(
        `0001_add_a.sql and 0001_add_b.sql in ${directory} have the same number. ` +
          "Give the one that was not applied anywhere yet the next free number.",
      ),
    );
  });

  test.each([
    [["0002_add_b.sql"], "0002_add_b.sql", "0001"],
    [["0001_add_a.sql", "0003_add_c.sql", "0004_add_d.sql"], "0003_add_c.sql", "0002"],
  ])("with the gap in %j is refused", (files, first, expected) => {
    const directory = folder(Object.fromEntries(files.map((file) => [file, ""])));
    expect(() => names(directory)).toThrow(
      new Error(
        `${directory}/${first} should have the number ${expected}: migrations are numbered from 0001 without a gap. ` +
          "Rename it, or bring back the file that is missing.",
      ),
    );
  });

  test("with an entry that is no file is refused", () => {
    const directory = folder({ "0001_add_a.sql/inner": "" });
    expect(() => names(directory)).toThrow(
      new Error(`${directory}/0001_add_a.sql can't be read (EISDIR). Make it a file that this user may read.`),
    );
  });

  test("that does not exist is refused", () => {
    expect(() => names("schema/nothing")).toThrow(
      new Error(
        "The folder schema/nothing can't be read (ENOENT). " +
          "Paths are relative to the project folder: run from there, or mend the path.",
      ),
    );
  });

  test("of MongoDB holds .ts files", () => {
    expect(listMigrations("mongodb", folder({ "0001_add_a.ts": "a" })).map(({ name }) => name)).toEqual([
      "0001_add_a.ts",
    ]);
  });
});

describe("a folder of seeds", () => {
  const directory = folder({
    "default/0001_a.json": "a",
    "default/0004_b.json": "b",
    "dev/0001_c.json": "c",
    "broken/README.md": "",
  });

  test("is listed set by set, as the caller orders them; a gap is no error", () => {
    expect(listSeeds("mongodb", directory, ["dev", "default"]).map(({ name }) => name)).toEqual([
      "dev/0001_c.json",
      "default/0001_a.json",
      "default/0004_b.json",
    ]);
  });

  test("without a set that is asked for is refused, and names those that exist", () => {
    expect(() => listSeeds("mongodb", directory, ["default", "dve"])).toThrow(
      new Error(`There is no seed set "dve" in ${directory}; it has broken, default and dev.`),
    );
  });
});
