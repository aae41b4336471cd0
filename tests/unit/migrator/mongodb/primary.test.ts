import { expect, test } from "@jest/globals";
import type { Db, Document } from "mongodb";
import { waitForPrimary } from "../../../../migrator/mongodb/primary.ts";
import { refusal } from "../../../support/migrations.ts";

const told: string[] = [];
const wait = (...hellos: Document[]) =>
  waitForPrimary({ command: async () => hellos.shift() } as unknown as Db, "MongoDB at h:1", (sentence) =>
    told.push(sentence),
  );

test("a server without a replica set is refused at once", async () => {
  expect(await refusal(wait({ isWritablePrimary: true }))).toBe(
    "MongoDB at h:1 is no member of a replica set, and without one MongoDB knows no transactions. Nothing was applied. " +
      "Start mongod with --replSet rs0, run rs.initiate() once, and run `pulumi up` again.",
  );
});

test("a member that is not initiated yet is waited for, and a router is taken", async () => {
  await wait({ isreplicaset: true, isWritablePrimary: false }, { setName: "rs0", isWritablePrimary: true });
  await wait({ msg: "isdbgrid", isWritablePrimary: true });
  expect(told).toEqual([]);
});
