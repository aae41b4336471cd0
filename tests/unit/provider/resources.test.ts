import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { checksum } from "../../../migrator/checksum.ts";
import { lineMarks } from "../../../migrator/edits.ts";
import { check, diff, read } from "../../../provider/resources.ts";
import { folder } from "../../support/migrations.ts";

/** What Pulumi gives in a preview for a value that is not known yet. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const first = "CREATE TABLE a (n int);\n";
const second = "CREATE TABLE b (n int);\nDROP TABLE c;\n";
const applied = { name: "0001_create_a.sql", checksum: checksum(first) };
const pending = { name: "0002_create_b.sql", checksum: checksum(second) };
const directory = folder({ [applied.name]: first });
const connection = { host: "127.0.0.1", port: 1, database: "test", user: "nobody", password: "p" };
const inputs = { connection, directory, migrations: [applied], containerId: "1", __provider: "text" };
const marked = { ...inputs, __lines: { [applied.name]: lineMarks(first) } };
const state = {
  ...marked,
  version: applied.name,
  applied: [applied.name],
};

afterEach(() => void jest.restoreAllMocks());

describe("check", () => {
  const logged = () => {
    const log = jest.spyOn(console, "log").mockImplementation(() => {});
    return () => log.mock.calls.flat().join("\n");
  };

  test("has nothing to say where all is applied", async () => {
    const words = logged();
    // With the marks of its lines, which the next preview gets back.
    expect(await check("PostgresMigrations", state, inputs)).toEqual({ inputs: marked, failures: [] });
    expect(words()).toBe("");
  });

  test("says in words what a pending file does, and refuses what its linter stops, without a database", async () => {
    const words = logged();
    const news = {
      ...inputs,
      directory: folder({ [applied.name]: first, [pending.name]: second }),
      migrations: [applied, pending],
    };
    const { failures } = await check("PostgresMigrations", state, news);
    expect(words().split("\n").slice(0, 3)).toEqual([
      `0002_create_b.sql (${pending.checksum.slice(0, 12)}, one transaction)`,
      "  line 1: creates table b with 1 column",
      "  line 2: drops table c",
    ]);
    expect(failures).toEqual([
      {
        property: "",
        reason:
          "0002_create_b.sql line 2: c goes with all rows: nothing but a backup has them then. " +
          "If it is meant, state why in the file: -- migrate: allow drop-table: reason",
      },
    ]);
  });

  test("refuses at preview a file that was edited after it was applied, with the line", async () => {
    const text = first.replace("int", "text");
    const news = {
      ...inputs,
      directory: folder({ [applied.name]: text }),
      migrations: [{ ...applied, checksum: checksum(text) }],
    };
    expect((await check("PostgresMigrations", state, news)).failures).toEqual([
      {
        property: "",
        reason:
          '0001_create_a.sql was edited after it was applied: line 1 is now "CREATE TABLE a (n text);". Bring its text back, ' +
          "and put the change into a new file. Where only comments changed, `npm run migrate -- repair 0001_create_a.sql` accepts them.",
      },
    ]);
  });

  test("leaves the verdict to the ledger for another container", async () => {
    logged();
    const olds = { ...state, containerId: "2", migrations: [{ ...applied, checksum: "x" }] };
    expect((await check("PostgresMigrations", olds, inputs)).failures).toEqual([]);
  });

  test.each([["containerId"], ["connection"], ["migrations"], ["directory"]])(
    "accepts that %s is unknown",
    async (key) => {
      logged();
      const news = { ...inputs, [key]: unknown };
      const { inputs: checked, failures } = await check("PostgresMigrations", state, news);
      expect({ ...checked, __lines: undefined, failures }).toEqual({ ...news, failures: [] });
    },
  );
});

describe("diff", () => {
  test("of the same inputs is empty, whatever the outputs are", () => {
    expect(diff("PostgresMigrations", state, marked)).toEqual({ changes: false });
  });

  test.each([
    ["one more file", { migrations: [applied, pending] }],
    ["an edited file", { migrations: [{ ...applied, checksum: "x" }] }],
    ["another container", { containerId: "2" }],
    ["another password", { connection: { ...connection, password: "q" } }],
    ["another text of the provider", { __provider: "new text" }],
    ["an unknown value", { containerId: unknown }],
    ["an unknown value deep inside", { connection: { ...connection, password: unknown } }],
    ["an unknown list", { migrations: unknown }],
  ])("sees %s", (_what, news) => {
    expect(diff("PostgresMigrations", state, { ...inputs, ...news })).toEqual({ changes: true });
  });

  test("sees that an optional input is gone", () => {
    const users = { connection, containerId: "1", changes: ["made the replica set rs0"] };
    const { changes, ...news } = users;
    expect(diff("MongoUsers", { ...users, serviceUser: { user: "x" } }, news)).toEqual({ changes: true });
    expect(diff("MongoUsers", users, news)).toEqual({ changes: false });
    expect(changes).toHaveLength(1);
  });
});

describe("read", () => {
  test("of a database that does not answer leaves the state as it is, and warns", async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation(() => {});
    expect(await read("PostgresMigrations", "test/migrations", state)).toEqual({
      id: "test/migrations",
      props: state,
      inputs: marked,
    });
    expect(warn.mock.calls).toEqual([
      [
        "test/migrations was not compared with the database: PostgreSQL at 127.0.0.1:1 can't be reached: " +
          "connect ECONNREFUSED 127.0.0.1:1. Start it: `pulumi up --refresh`.",
      ],
    ]);
  });
});
