import { describe, expect, test } from "@jest/globals";
import { seedStatements } from "../../../../migrator/postgresql/seedStatements.ts";

const only = async (text: string) => (await seedStatements(text))?.map(({ onlyAdds }) => onlyAdds);

describe("a statement only adds rows", () => {
  test.each([
    "INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING",
    "insert into a (x) select 1 on conflict (x) do nothing returning x",
    "WITH b AS (SELECT 1) INSERT INTO a SELECT * FROM b ON CONFLICT ON CONSTRAINT c DO NOTHING",
    "INSERT INTO a VALUES ('; DELETE FROM a') ON CONFLICT DO NOTHING",
  ])("when it is %s", async (text) => expect(await only(text)).toEqual([true]));

  test.each([
    "INSERT INTO a VALUES (1)",
    "INSERT INTO a VALUES (1) ON CONFLICT (x) DO UPDATE SET x = 2",
    "INSERT INTO a VALUES ('ON CONFLICT DO NOTHING')",
    "INSERT INTO a VALUES (1) /* ON CONFLICT DO NOTHING */",
    "WITH b AS (DELETE FROM a RETURNING x) INSERT INTO c SELECT * FROM b ON CONFLICT DO NOTHING",
    "WITH b AS (INSERT INTO a VALUES (1) RETURNING x) INSERT INTO c SELECT * FROM b ON CONFLICT DO NOTHING",
    "WITH b AS (UPDATE a SET x = 1 RETURNING x) INSERT INTO c SELECT * FROM b ON CONFLICT DO NOTHING",
    "DELETE FROM a",
    "SET ROLE x",
    "DO $$ BEGIN INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING; END $$",
  ])("but not when it is %s", async (text) => expect(await only(text)).toEqual([false]));
});

test("each statement has its line, and says whether it ends the transaction", async () => {
  const text = "-- é; 😀\n\n/* ; */ SELECT 1;\nSELECT\n2;\n\n-- done\nCOMMIT;\n";
  expect(await seedStatements(text)).toEqual([
    { line: 3, endsTransaction: false, onlyAdds: false },
    { line: 4, endsTransaction: false, onlyAdds: false },
    { line: 8, endsTransaction: true, onlyAdds: false },
  ]);
});

test.each(["", " \n", "-- nothing\n"])("%j has no statements", async (text) =>
  expect(await seedStatements(text)).toEqual([]),
);

test("what can't be parsed is left to the server", async () => expect(await seedStatements("INSRT")).toBeUndefined());
