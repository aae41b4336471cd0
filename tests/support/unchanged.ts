import { expect } from "@jest/globals";
import { look, open } from "../../migrator/open.ts";
import type { Catalog, Connection, Engine, Ledger } from "../../migrator/types.ts";

/** What a database says was done to it, and what is there. */
export interface State {
  ledger: Ledger;
  schema: Catalog;
}

export function stateOf(engine: Engine, connection: Connection): Promise<State> {
  return look(engine, connection, async (database) => ({
    ledger: await database.readLedger(),
    schema: await database.readCatalog(),
  }));
}

/** Expects that a refusal left ledger and schema as they were before it, and that the lock is free at once. */
export async function expectUnchanged(engine: Engine, connection: Connection, before: State): Promise<void> {
  expect(await stateOf(engine, connection)).toEqual(before);
  await expectFreeLock(engine, connection);
}

/** Expects that whoever wants the lock gets it at once. */
export async function expectFreeLock(engine: Engine, connection: Connection): Promise<void> {
  const database = await open(engine, connection, { tell: () => {} });
  await database.lock(0).finally(() => database.close());
}
