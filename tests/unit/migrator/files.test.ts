import { describe, expect, test } from "@jest/globals";
import { listMigrations, listSeeds, readMigrations } from "../../../migrator/files.ts";
import type { Engine } from "../../../migrator/types.ts";
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

  test("of MongoDB holds .ts and .json files", () => {
    const directory = folder({ "0001_add_a.ts": "a", "0002_add_b.json": "b" });
    expect(listMigrations("mongodb", directory).map(({ name }) => name)).toEqual(["0001_add_a.ts", "0002_add_b.json"]);
  });

  test("of MongoDB with another file is refused", () => {
    const directory = folder({ "0001_add_a.sql": "" });
    expect(() => listMigrations("mongodb", directory)).toThrow(
      new Error(
        `${directory}/0001_add_a.sql is not a name that can be ordered. Call it NNNN_verb_object.ts or .json: ` +
          "four digits from 0001, then lower case letters, digits and single underscores; or move it out of the folder.",
      ),
    );
  });

  test.each(["0001_add_b.json", "0001_add_a.json"])("of MongoDB with 0001_add_a.ts and %s is refused", (second) => {
    const directory = folder({ "0001_add_a.ts": "", [second]: "" });
    const [first, last] = ["0001_add_a.ts", second].sort();
    expect(() => listMigrations("mongodb", directory)).toThrow(
      new Error(
        `${first} and ${last} in ${directory} have the same number. ` +
          "Give the one that was not applied anywhere yet the next free number.",
      ),
    );
  });
});

describe("companions of a migration", () => {
  const companionsOf = (engine: Engine, directory: string) =>
    readMigrations(engine, directory).map(({ name, down, verify }) => [name, down?.name, verify?.name]);

  test("come with it as files of their own, and are not listed", () => {
    const directory = folder({
      "0001_add_a.sql": "a",
      "0001_add_a.down.sql": "\uFEFFb",
      "0002_add_b.sql": "b",
      "0002_add_b.verify.sql": "a",
    });
    const a = { checksum: "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", text: "a" };
    const b = { checksum: "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d", text: "b" };
    const at = (name: string) => ({ name, path: `${directory}/${name}` });
    expect(readMigrations("postgresql", directory)).toEqual([
      { ...at("0001_add_a.sql"), ...a, down: { ...at("0001_add_a.down.sql"), ...b } },
      { ...at("0002_add_b.sql"), ...b, verify: { ...at("0002_add_b.verify.sql"), ...a } },
    ]);
    expect(names(directory)).toEqual(["0001_add_a.sql", "0002_add_b.sql"]);
  });

  test("of MongoDB need not be of the migration's format", () => {
    const files = ["0001_add_a.ts", "0001_add_a.down.json", "0001_add_a.verify.ts", "0002_add_b.json"];
    const more = ["0002_add_b.down.ts", "0002_add_b.verify.json"];
    const directory = folder(Object.fromEntries([...files, ...more].map((file) => [file, ""])));
    expect(companionsOf("mongodb", directory)).toEqual([
      ["0001_add_a.ts", "0001_add_a.down.json", "0001_add_a.verify.ts"],
      ["0002_add_b.json", "0002_add_b.down.ts", "0002_add_b.verify.json"],
    ]);
  });

  test.each(["0001_add_b.down.sql", "0002_add_a.down.sql", "0001_add_b.verify.sql"])(
    "without it, as %s, are refused",
    (alone) => {
      const directory = folder({ "0001_add_a.sql": "", "0001_add_a.down.sql": "", [alone]: "" });
      expect(() => names(directory)).toThrow(
        new Error(
          `${directory}/${alone} goes with ${alone.split(".")[0]}.sql, which is not there: ` +
            "rename it as that migration was renamed, or delete it.",
        ),
      );
    },
  );

  test("without it are refused for MongoDB, too", () => {
    const directory = folder({ "0001_add_a.verify.json": "" });
    expect(() => listMigrations("mongodb", directory)).toThrow(
      new Error(
        `${directory}/0001_add_a.verify.json goes with 0001_add_a.ts or 0001_add_a.json, which is not there: ` +
          "rename it as that migration was renamed, or delete it.",
      ),
    );
  });

  test.each(["down", "verify"])("of one kind, %s, may not be two", (kind) => {
    const directory = folder({ "0001_add_a.ts": "", [`0001_add_a.${kind}.ts`]: "", [`0001_add_a.${kind}.json`]: "" });
    expect(() => listMigrations("mongodb", directory)).toThrow(
      new Error(
        `0001_add_a.${kind}.json and 0001_add_a.${kind}.ts in ${directory} are both the ${kind} file of one migration: ` +
          "delete one of them.",
      ),
    );
  });

  test.each(["0001_add_a.up.sql", "0001_add_a.down.down.sql", "0001_Add_a.down.sql", "0001_add_a.Down.sql"])(
    "are not called %s",
    (file) => {
      const directory = folder({ [file]: "", "0002_add_a.sql": "" });
      expect(() => names(directory)).toThrow(
        new Error(
          `${directory}/${file} is not a name that can be ordered. Call it NNNN_verb_object.sql: four digits from 0001, ` +
            "then lower case letters, digits and single underscores; or move it out of the folder.",
        ),
      );
    },
  );
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

  test("has the files of a set once, also when it is named twice", () => {
    expect(listSeeds("mongodb", directory, ["dev", "dev"]).map(({ name }) => name)).toEqual(["dev/0001_c.json"]);
  });

  test("without a set that is asked for is refused, and names those that exist", () => {
    expect(() => listSeeds("mongodb", directory, ["default", "dve"])).toThrow(
      new Error(`There is no seed set "dve" in ${directory}; it has broken, default and dev.`),
    );
  });
});
