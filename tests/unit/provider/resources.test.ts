import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { check, diff, read } from "../../../provider/resources.ts";

/** What Pulumi gives in a preview for a value that is not known yet. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const applied = { name: "0001_create_a.sql", checksum: "a" };
const pending = { name: "0002_create_b.sql", checksum: "b" };
const connection = { host: "127.0.0.1", port: 1, database: "test", user: "nobody", password: "p" };
const inputs = { connection, directory: "x", migrations: [applied], containerId: "1", __provider: "text" };
const state = { ...inputs, version: applied.name, applied: [applied.name] };

describe("check", () => {
  test("accepts more files than are applied", () => {
    const news = { ...inputs, migrations: [applied, pending] };
    expect(check(inputs, news)).toEqual({ inputs: news, failures: [] });
  });

  test("refuses at preview a file that was edited after it was applied", () => {
    const news = { ...inputs, migrations: [{ ...applied, checksum: "x" }] };
    expect(check(inputs, news)).toEqual({
      inputs: news,
      failures: [
        {
          property: "",
          reason:
            "0001_create_a.sql was edited after it was applied. Bring its text back, and put the change into a new file.",
        },
      ],
    });
  });

  test.each([
    ["on the first run", {}],
    ["for another container", { ...inputs, containerId: "2" }],
  ])("leaves the verdict to the ledger %s", (_when, olds) => {
    expect(check(olds, { ...inputs, migrations: [pending] }).failures).toEqual([]);
  });

  test.each([["containerId"], ["connection"], ["migrations"], ["directory"]])("accepts that %s is unknown", (key) => {
    const news = { ...inputs, [key]: unknown };
    expect(check(inputs, news)).toEqual({ inputs: news, failures: [] });
  });
});

describe("diff", () => {
  test("of the same inputs is empty, whatever the outputs are", () => {
    expect(diff("PostgresMigrations", state, inputs)).toEqual({ changes: false });
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
  afterEach(() => void jest.restoreAllMocks());

  test("of a database that does not answer leaves the state as it is, and warns", async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation(() => {});
    expect(await read("PostgresMigrations", "test/migrations", state)).toEqual({
      id: "test/migrations",
      props: state,
      inputs,
    });
    expect(warn.mock.calls).toEqual([
      [
        "test/migrations was not compared with the database: PostgreSQL at 127.0.0.1:1 can't be reached: " +
          "connect ECONNREFUSED 127.0.0.1:1. Start it: `pulumi up --refresh`.",
      ],
    ]);
  });
});
