import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { type TradingMongo, startTradingMongo } from "../../support/schemaMongo.ts";
import { cases, variant } from "../../support/schemaMongoCases.ts";
import { refusal } from "../../support/schemaMongoRefusals.ts";

jest.setTimeout(300_000);

let server: TradingMongo;
beforeAll(async () => {
  server = await startTradingMongo("default", "dev");
});
afterAll(() => server?.remove());

describe.each(cases)("%s", (collection, { nonsense, sound }) => {
  test.each(nonsense)("refuses %s with %j, and names the rule", async (id, changes, rules) => {
    const broken = await refusal(server.database, collection, variant(id, changes));
    expect(broken?.sort()).toEqual([...rules].sort());
  });

  test.each(sound)("takes %s with %j", async (id, changes) => {
    expect(await refusal(server.database, collection, variant(id, changes))).toBeNull();
  });
});
