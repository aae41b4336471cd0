import { describe, expect, test } from "@jest/globals";
import { readFileSync, readdirSync } from "node:fs";
import { createMigration } from "../../../cli/createMigration.ts";
import { readMigrations } from "../../../migrator/files.ts";
import type { Engine } from "../../../migrator/types.ts";
import { folder } from "../../support/migrations.ts";

const usage = "npm run migration:new postgresql add_order_type";
const create = (directory: string, ...words: string[]) => createMigration(words, () => directory);

describe("a new migration", () => {
  test("has the next number, and companions don't count", () => {
    const directory = folder({ "0001_a.sql": "", "0001_a.down.sql": "", "0002_b.sql": "", "0002_b.verify.sql": "" });
    expect(create(directory, "postgresql", "add_order_type")).toBe(`${directory}/0003_add_order_type.sql`);
    expect(create(directory, "postgresql", "a2")).toBe(`${directory}/0004_a2.sql`);
    expect(readMigrations("postgresql", directory).map(({ name }) => name)).toEqual([
      "0001_a.sql",
      "0002_b.sql",
      "0003_add_order_type.sql",
      "0004_a2.sql",
    ]);
  });

  test("of PostgreSQL is comments alone, and names its companions", () => {
    const text = readFileSync(create(folder({}), "postgresql", "add_order_type"), "utf8");
    expect(text.replace(/^--.*\n/gm, "")).toBe("");
    expect(text).toContain("0001_add_order_type.down.sql");
    expect(text).toContain("0001_add_order_type.verify.sql");
  });

  test("of MongoDB is typed, and exports no command", () => {
    const text = readFileSync(create(folder({ "0001_a.json": "" }), "mongodb", "add_order_type"), "utf8");
    expect(text.replace(/^ *\/\/.*\n/gm, "")).toBe(
      'import type { MongoSteps } from "../../../migrator/mongodb/command.ts";\n\n' +
        "\nexport default [\n] satisfies MongoSteps;\n",
    );
    expect(text).toContain("0002_add_order_type.down.ts");
    expect(text).toContain("0002_add_order_type.verify.ts");
  });

  test.each<Engine>(["postgresql", "mongodb"])("of %s allows nothing by its examples", (engine) => {
    const text = readFileSync(create(folder({}), engine, "a"), "utf8");
    expect(text).toMatch(/migrate: allow/);
    expect(text).not.toMatch(/^\s*(--|\/\/)\s*migrate\b/m);
  });
});

describe("refused, and nothing is made:", () => {
  const directory = folder({});

  test.each([[[]], [["postgresql"]], [["postgresql", "add", "order", "type"]]])("the words %j", (words) => {
    expect(() => create(directory, ...words)).toThrow(
      new Error(`A new migration takes an engine and a name, without blanks: ${usage}`),
    );
  });

  test.each(["postgres", "", "toString"])('the engine "%s"', (engine) => {
    expect(() => create(directory, engine, "add_order_type")).toThrow(
      new Error(`There is no engine "${engine}"; there are postgresql and mongodb: ${usage}`),
    );
  });

  test.each([
    ["AddOrderType", "add_order_type"],
    ["add order-type", "add_order_type"],
    ["0019_add_order_type.sql", "add_order_type"],
    ["_add__order_type_", "add_order_type"],
    ["../add_order_type", "add_order_type"],
    ["ADD_ORDER_TYPE", "add_order_type"],
  ])('the name "%s", for which a better one is told', (name, better) => {
    expect(() => create(directory, "mongodb", name)).toThrow(
      new Error(
        `"${name}" is no name for a migration: it takes lower case letters, digits and single underscores. ` +
          `Try: npm run migration:new mongodb ${better}`,
      ),
    );
  });

  test.each(["", "__", "ß"])('the name "%s", of which nothing is left', (name) => {
    expect(() => create(directory, "postgresql", name)).toThrow(
      new Error(
        `"${name}" is no name for a migration: it takes lower case letters, digits and single underscores. Try: ${usage}`,
      ),
    );
  });

  test("a folder that is not there", () => {
    expect(() => create("schema/nothing", "postgresql", "a")).toThrow(
      new Error(
        "The folder schema/nothing can't be read (ENOENT). " +
          "Paths are relative to the project folder: run from there, or mend the path.",
      ),
    );
  });

  test("a number of five digits", () => {
    const full = folder(
      Object.fromEntries(Array.from({ length: 9999 }, (_, i) => [`${String(i + 1).padStart(4, "0")}_a.sql`, ""])),
    );
    expect(() => create(full, "postgresql", "b")).toThrow(
      new Error(
        `${full} has no number left after 9999: numbers have four digits. ` +
          "Put one migration that makes the schema as it is now into a new folder, and go on from there.",
      ),
    );
  });

  test("a name that is too long for a file", () => {
    const name = "a".repeat(300);
    expect(() => create(directory, "postgresql", name)).toThrow(
      new Error(
        `${directory}/0001_${name}.sql can't be written (ENAMETOOLONG). ` +
          "Make its folder one that this user may write to, or choose a shorter name.",
      ),
    );
  });

  test("at all", () => {
    expect(readdirSync(directory)).toEqual([]);
  });
});
