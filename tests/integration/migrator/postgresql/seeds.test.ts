import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { appendFileSync } from "node:fs";
import type pg from "pg";
import { readSeeds } from "../../../../migrator/files.ts";
import { connectPostgres } from "../../../../migrator/postgresql/connection.ts";
import { seedPostgres } from "../../../../migrator/postgresql/seed.ts";
import type { Connection } from "../../../../migrator/types.ts";
import { asOwner as asTradingOwner, usePostgres } from "../../../support/migratorDatabases.ts";
import { folder, refusal, until } from "../../../support/migrations.ts";

jest.setTimeout(300_000);

const asOwner = "SET ROLE trading_owner";
const fresh = [
  "RESET ALL",
  asOwner,
  "SET search_path = public",
  "SET statement_timeout = '15min'",
  "SET lock_timeout = '100ms'",
];

const tables = `
  SET ROLE trading_owner;
  CREATE SCHEMA trading_ledger;
  CREATE TABLE trading_ledger.seeds (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT session_user
  );
  CREATE TABLE prices (
    id integer GENERATED ALWAYS AS IDENTITY,
    symbol text PRIMARY KEY,
    price numeric NOT NULL CHECK (price > 0),
    note json
  );
  CREATE TABLE keyless (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, symbol text UNIQUE);`;

let connection: Connection;
let client: pg.Client;
let told: string[];
usePostgres((fresh) => ({ connection } = fresh));
beforeEach(async () => {
  told = [];
  client = await connectPostgres(connection);
  await client.query(tables);
});
afterEach(() => client.end());

const fileOf = (name: string, text: string) =>
  readSeeds("postgresql", folder({ [`default/${name}`]: text }), ["default"])[0]!;

const session = (tell: (sentence: string) => void) => ({ client, connection, startedAt: "", fresh, asOwner, tell });

function seed(name: string, text: string, options: { known?: boolean; overwrite?: boolean } = {}) {
  const tell = (sentence: string) => void told.push(sentence.replace(/\d+\.\d s/, "N s"));
  return seedPostgres(session(tell), fileOf(name, text), { known: false, overwrite: false, ...options });
}

const rows = async (columns = "symbol, price::text") =>
  (await client.query({ text: `SELECT ${columns} FROM prices ORDER BY symbol`, rowMode: "array" })).rows;
const ledger = async () => (await client.query("SELECT name, checksum, applied_by FROM trading_ledger.seeds")).rows;
const rowOf = (name: string, text: string) => {
  const { checksum } = fileOf(name, text);
  return { name: `default/${name}`, checksum, applied_by: "trading_migrator" };
};

describe("an .sql seed", () => {
  const name = "0001_prices.sql";
  const first = "INSERT INTO prices (symbol, price) VALUES ('AAA', 1), ('BBB', 2);";

  test("is kept together with its ledger row", async () => {
    expect(await seed(name, `${first} SET ROLE trading_migrator;`)).toEqual({});
    expect(await rows()).toEqual([["AAA", "1"], ["BBB", "2"]]); // prettier-ignore
    expect(await ledger()).toEqual([rowOf(name, `${first} SET ROLE trading_migrator;`)]);
    expect(told).toEqual([]);
  });

  test("that was edited is run again when it only adds rows", async () => {
    await seed(name, first);
    await client.query("UPDATE prices SET price = 9 WHERE symbol = 'AAA'");
    const edited = "INSERT INTO prices (symbol, price) VALUES ('AAA', 3), ('CCC', 3) ON CONFLICT (symbol) DO NOTHING;";
    expect(await seed(name, edited, { known: true })).toEqual({});
    expect(await rows()).toEqual([["AAA", "9"], ["BBB", "2"], ["CCC", "3"]]); // prettier-ignore
    expect(await ledger()).toEqual([rowOf(name, edited)]);
  });

  test("that was edited is left alone and told when it could undo what users changed", async () => {
    await seed(name, first);
    const edited =
      "INSERT INTO prices (symbol, price) VALUES ('CCC', 3) ON CONFLICT DO NOTHING;\n\nUPDATE prices SET price = 5;";
    const left =
      "default/0001_prices.sql was edited since it was seeded, and was left alone: its statement in line 3 is not an " +
      "INSERT ... ON CONFLICT DO NOTHING, so to run it again could undo what users changed. " +
      "Give new rows a file of their own, or run all of it with `npm run migrate -- seed default --overwrite`.";
    expect(await seed(name, edited, { known: true })).toEqual({ left });
    expect(await rows()).toEqual([["AAA", "1"], ["BBB", "2"]]); // prettier-ignore
    expect(await ledger()).toEqual([rowOf(name, first)]);

    expect(await seed(name, edited, { known: true, overwrite: true })).toEqual({});
    expect(await rows()).toEqual([["AAA", "5"], ["BBB", "5"], ["CCC", "5"]]); // prettier-ignore
    expect(await ledger()).toEqual([rowOf(name, edited)]);
  });

  test.each([
    [`${first}\nINSERT INTO price VALUES (1);`, 'line 2: relation "price" does not exist'],
    [
      `${first}\n\nINSERT INTO prices (symbol, price)\nVALUES ('CCC', -1);`,
      'line 3: new row for relation "prices" violates check constraint "prices_price_check" (Failing row contains (3, CCC, -1, null).)',
    ],
    [`${first}\nINSRT;`, 'line 2: syntax error at or near "INSRT"'],
    [
      `${first}\n\nCOMMIT;`,
      "line 3: a statement that controls transactions is not allowed, because each seed runs as one transaction together with its ledger row",
    ],
  ])("that fails keeps nothing, and says where: %j", async (text, reason) => {
    await expect(seed(name, text)).rejects.toMatchObject({
      message: `default/0001_prices.sql ${reason}`,
      kept: "nothing of default/0001_prices.sql was kept",
    });
    expect(await rows()).toEqual([]);
    expect(await ledger()).toEqual([]);
  });
});

describe("a .csv seed", () => {
  const name = "0002_prices.csv";
  const first = "symbol,price,note\nAAA,1,\nBBB,2,\n";

  test("is copied into the table that its name says, together with its ledger row", async () => {
    const text = '\uFEFF"symbol",price,note\r\n"A,""A\n",1.50,"{""x"": 1}"\r\nBBB,2,\r\n';
    expect(await seed(name, text)).toEqual({});
    expect(await rows("symbol, price::text, note")).toEqual([['A,"A\n', "1.50", { x: 1 }], ["BBB", "2", null]]); // prettier-ignore
    expect(await ledger()).toEqual([rowOf(name, text)]);
    expect(told).toEqual(["default/0002_prices.csv: 2 rows in N s."]);
  });

  test("that was edited inserts what is new, and tells which rows it left", async () => {
    await seed(name, first);
    await client.query("UPDATE prices SET price = 9 WHERE symbol = 'AAA'");
    const edited = "symbol,price,note\nAAA,1,\nBBB,2,{}\nCCC,3,\n";
    expect(await seed(name, edited, { known: true })).toEqual({
      left:
        "default/0002_prices.csv was edited since it was seeded: its new rows were inserted, and 2 rows of prices that " +
        "differ from the file were left as they are. To give them the file's values, run `npm run migrate -- seed default --overwrite`.",
    });
    expect(await rows("symbol, price::text, note")).toEqual([["AAA", "9", null], ["BBB", "2", null], ["CCC", "3", null]]); // prettier-ignore
    expect(await ledger()).toEqual([rowOf(name, edited)]);
    expect(told.at(-1)).toBe("default/0002_prices.csv: 3 rows in N s, 1 row of prices written.");

    expect(await seed(name, edited, { known: true, overwrite: true })).toEqual({});
    expect(await rows("symbol, price::text, note")).toEqual([["AAA", "1", null], ["BBB", "2", {}], ["CCC", "3", null]]); // prettier-ignore
  });

  test("takes values for identity columns, at first and when it was edited", async () => {
    await seed(name, "id,symbol,price\n70,AAA,1\n");
    expect(await seed(name, "id,symbol,price\n70,AAA,1\n71,BBB,1\n", { known: true })).toEqual({});
    expect(await rows("id, symbol")).toEqual([[70, "AAA"], [71, "BBB"]]); // prettier-ignore
  });

  test("that was edited is left alone where nothing tells which rows are there", async () => {
    const keyless = "0002_keyless.csv";
    await seed(keyless, "symbol\nAAA\n");
    expect(await seed(keyless, "symbol\nAAA\nBBB\n", { known: true })).toEqual({
      left:
        "default/0002_keyless.csv was edited since it was seeded, and was left alone: its header does not name a whole " +
        "primary or unique key (NOT NULL) of the table, by which a row that is there is known. " +
        "Give new rows a file of their own.",
    });
    expect(await ledger()).toEqual([rowOf(keyless, "symbol\nAAA\n")]);
    expect(await refusal(seed(keyless, "symbol\nBBB\n", { known: true, overwrite: true }))).toBe(
      "default/0002_keyless.csv can't overwrite rows of keyless: its header does not name a whole primary key of the " +
        "table, by which a row that is there is known",
    );
    expect((await client.query("SELECT symbol FROM keyless")).rows).toEqual([{ symbol: "AAA" }]);
  });

  test.each([
    ["symbol,price\nAAA,1\nBBB,x\n", ' line 3, column price: invalid input syntax for type numeric: "x"'],
    [
      "symbol,price\nAAA,1\nBBB,-2\n",
      ' line 3: new row for relation "prices" violates check constraint "prices_price_check" (Failing row contains (2, BBB, -2, null).)',
    ],
    [
      'symbol,price\nAAA,1\n"B\nB",1\nAAA,2\n',
      ' line 5: duplicate key value violates unique constraint "prices_pkey" (Key (symbol)=(AAA) already exists.)',
    ],
    ["symbol,price\nAAA\n", ' line 2: missing data for column "price"'],
    ["symbol,cost\nAAA,1\n", ': column "cost" of relation "prices" does not exist'],
    [
      "symbol,,price\n",
      " line 1: a .csv seed begins with a header that names the columns of its table, and this one has a column without a name",
    ],
    [
      "",
      " line 1: a .csv seed begins with a header that names the columns of its table, and this one has a column without a name",
    ],
  ])("like %j keeps nothing, and says where", async (text, reason) => {
    await expect(seed(name, text)).rejects.toMatchObject({
      message: `default/0002_prices.csv${reason}`,
      kept: "nothing of default/0002_prices.csv was kept",
      remedy: "Mend the file, and run `pulumi up` again.",
    });
    expect(await rows()).toEqual([]);
    expect(await ledger()).toEqual([]);
    expect(told).toEqual([]);
  });

  test("for a table that does not exist is refused", async () => {
    await expect(seed("0001_price.csv", "a\n1\n")).rejects.toMatchObject({
      message: 'default/0001_price.csv: relation "public.price" does not exist',
    });
  });

  test("that fails in the middle of many chunks keeps nothing, and leaves the connection usable", async () => {
    const lines = Array.from({ length: 300_000 }, (_, index) => `S${index},${index === 150_000 ? "x" : 1}\n`);
    expect(await refusal(seed(name, `symbol,price\n${lines.join("")}`))).toBe(
      'default/0002_prices.csv line 150002, column price: invalid input syntax for type numeric: "x"',
    );
    expect(await seed(name, first)).toEqual({});
    expect(await rows()).toHaveLength(2);
  });

  test("that is changed while it is copied keeps nothing", async () => {
    const file = fileOf(name, first);
    appendFileSync(file.path, "CCC,3,\n");
    const options = { known: false, overwrite: false };
    expect(
      await refusal(
        seedPostgres(
          session(() => {}),
          file,
          options,
        ),
      ),
    ).toBe(
      "default/0002_prices.csv has changed while it was seeded. Run `pulumi up` again when nobody writes to it any more.",
    );
    expect(await rows()).toEqual([]);
    expect(await ledger()).toEqual([]);
  });
});

test.each([
  ["0001_prices.sql", "INSERT INTO prices (symbol, price) VALUES ('AAA', 1);"],
  ["0001_prices.csv", "symbol,price\nAAA,1\n"],
])("%s is tried again while its table is in use", async (name, text) => {
  const seeded = await asTradingOwner(connection, async (other) => {
    await other.query("BEGIN; LOCK TABLE prices");
    const seeded = seed(name, text);
    await until(async () => told.length > 0);
    await other.query("ROLLBACK");
    return seeded;
  });
  expect(seeded).toEqual({});
  expect(told[0]).toBe(`default/${name}: canceling statement due to lock timeout; trying again in N s.`);
  expect(await rows()).toEqual([["AAA", "1"]]);
  expect(await ledger()).toEqual([rowOf(name, text)]);
});
