import { expect, test } from "@jest/globals";
import pg from "pg";
import { isBroken, refusal } from "../../../../migrator/postgresql/failures.ts";

const thrown = (code: string) => Object.assign(new pg.DatabaseError("no", 2, "error"), { code });

const server =
  "The server lacks disk, memory or the like: see its log. Run `pulumi up` again when it has what it needs.";

test.each([
  ["42601", "Mend the file, and run `pulumi up` again."],
  ["53100", server],
  ["53200", server],
  ["58030", server],
  ["25006", "The server lets nobody write: it is a standby, or is set so. Run `pulumi up` again when it does."],
  ["42501", "Grant that to the role that it runs as, or mend the file, and run `pulumi up` again."],
])("SQLSTATE %s has its way out", (code, remedy) => {
  expect(refusal(thrown(code), "0001_a.sql line 1", "nothing of 0001_a.sql was kept")).toMatchObject({
    message: "0001_a.sql line 1: no",
    remedy,
  });
});

test("a transaction that was idle for too long has broken the connection, and one that only reads has not", () => {
  expect(["25P03", "57P01", "08006", "25006"].map((code) => isBroken(thrown(code)))).toEqual([true, true, true, false]);
});
