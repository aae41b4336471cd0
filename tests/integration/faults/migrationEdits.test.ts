import { describe, expect, jest, test } from "@jest/globals";
import { migrate } from "../../../migrator/run.ts";
import type { Connection, Engine } from "../../../migrator/types.ts";
import type { Server } from "../../support/databases.ts";
import { freshMongo, useMongo, usePostgres } from "../../support/migratorDatabases.ts";
import { folder, migrationsOf, refusal, write } from "../../support/migrations.ts";
import { expectSettled } from "../../support/settled.ts";
import { expectUnchanged, stateOf } from "../../support/unchanged.ts";

jest.setTimeout(300_000);

const connections = {} as Record<Engine, Connection>;
const servers = {} as Record<Engine, Server>;
usePostgres(({ server, connection }) => {
  servers.postgresql = server;
  connections.postgresql = connection;
});
useMongo(({ server, connection }) => {
  servers.mongodb = server;
  connections.mongodb = freshMongo(connection);
});

/** The same two migrations in the language of each engine, and the first with a change and with another comment. */
const languages = {
  postgresql: {
    kind: "sql",
    first: "CREATE TABLE a (n int); -- the first",
    changed: "CREATE TABLE a (n bigint); -- the first",
    commented: "CREATE TABLE a (n int); -- first",
    second: "CREATE TABLE b (n int);",
  },
  mongodb: {
    kind: "ts",
    first: "export default [{ create: 'a' }]; // the first",
    changed: "export default [{ create: 'aa' }]; // the first",
    commented: "export default [{ create: 'a' }]; // first",
    second: "export default [{ create: 'b' }];",
  },
};

describe.each(["postgresql", "mongodb"] as const)("F13: an applied migration of %s that was", (engine) => {
  const { kind, first, changed, commented, second } = languages[engine];
  const [a, b, c] = [`0001_create_a.${kind}`, `0002_create_b.${kind}`, `0002_create_c.${kind}`];
  const applied = { [a]: `${first}\n`, [b]: `${second}\n` };
  const edited = (line: string) =>
    `${a} was edited after it was applied: line 1 is now "${line}", and was "${first}". Bring its text back, and put ` +
    `the change into a new file. Where only comments changed, \`npm run migrate -- repair ${a}\` accepts them.`;

  test.each<[string, Record<string, string>, string | undefined]>([
    ["saved with CRLF, a BOM and trailing blanks", { ...applied, [a]: `\uFEFF${first}  \r\n\r\n` }, undefined],
    ["edited", { ...applied, [a]: changed }, edited(changed)],
    ["edited in a comment alone", { ...applied, [a]: commented }, edited(commented)],
    [
      "deleted",
      { [a]: first },
      `${b} was applied, but is not among the files. Bring it back, or use the checkout that has it.`,
    ],
    [
      "renamed",
      { [a]: first, [`0002_create_table_b.${kind}`]: second },
      `${b} was applied, and is now called 0002_create_table_b.${kind}. Give it its old name back.`,
    ],
    [
      "replaced by another of its number",
      { [a]: first, [c]: second.replace("b", "c") },
      `${b} was applied, but ${c} has its number now. Bring ${b} back, and give ${c} the next free number.`,
    ],
  ])("%s", async (_, files, expected) => {
    const connection = connections[engine];
    await migrate(engine, migrationsOf(engine, connection, folder(applied)));
    const before = await stateOf(engine, connection);
    const again = migrate(engine, migrationsOf(engine, connection, folder(files)));
    if (expected === undefined) expect((await again).applied).toEqual(Object.keys(applied));
    else expect(await refusal(again)).toBe(expected);
    await expectUnchanged(engine, connection, before);
    // The files that were applied still fit.
    expect((await migrate(engine, migrationsOf(engine, connection, folder(applied)))).added).toEqual([]);
  });

  test("moved back to let a new file in before it", async () => {
    const connection = connections[engine];
    const directory = folder(applied);
    await migrate(engine, migrationsOf(engine, connection, directory));
    const before = await stateOf(engine, connection);
    const third = second.replace("b", "c");
    const moved = { [a]: `0002_create_a.${kind}`, [b]: `0003_create_b.${kind}` };
    const files = { [`0001_create_c.${kind}`]: third, [moved[a]!]: first, [moved[b]!]: second };
    expect(await refusal(migrate(engine, migrationsOf(engine, connection, folder(files))))).toBe(
      `${a} was applied, and is now called ${moved[a]}. Give it its old name back.\n` +
        `${b} was applied, and is now called ${moved[b]}. Give it its old name back.\n` +
        `0001_create_c.${kind} comes before ${b}, which is applied. Give it the next free number.`,
    );
    await expectUnchanged(engine, connection, before);
    write(directory, { [`0003_create_c.${kind}`]: third });
    await migrate(engine, migrationsOf(engine, connection, directory));
    await expectSettled(engine, servers[engine], connection, directory);
  });

  test("followed by a file of the same number is refused before anything is asked", () => {
    const directory = folder({ ...applied, [c]: second.replace("b", "c") });
    expect(() => migrationsOf(engine, connections[engine], directory)).toThrow(
      `${b} and ${c} in ${directory} have the same number. ` +
        "Give the one that was not applied anywhere yet the next free number.",
    );
  });
});
