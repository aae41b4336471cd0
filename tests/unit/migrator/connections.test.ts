import { expect, test } from "@jest/globals";
import { connectMongo } from "../../../migrator/mongodb/connection.ts";
import { connectPostgres } from "../../../migrator/postgresql/connection.ts";
import { refusal } from "../../support/migrations.ts";

const nobody = { host: "::1", port: 1, database: "d", user: "u", password: "p" };

// The machine may have no IPv6: then the reason is another one.
test.each([
  ["PostgreSQL", connectPostgres],
  ["MongoDB", connectMongo],
])("%s is asked at an address of IPv6", async (name, connect) => {
  const message = await refusal(connect(nobody));
  expect(message).toMatch(new RegExp(`^${name} at \\[::1\\]:1 can't be reached: connect E[A-Z]+ ::1:1`));
});
