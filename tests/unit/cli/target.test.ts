import { describe, expect, test } from "@jest/globals";
import { targetOf } from "../../../cli/target.ts";

const form =
  "It has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE or mongodb://USER:PASSWORD@HOST:PORT/DATABASE.";

describe("a database URL", () => {
  test("names engine, host, port, database, user and password", () => {
    expect(targetOf("postgres://u:p@h:1234/d")).toEqual({
      engine: "postgresql",
      connection: { host: "h", port: 1234, database: "d", user: "u", password: "p" },
    });
  });

  test("may leave out the port and the password", () => {
    expect(targetOf("postgresql://u@h/d").connection).toMatchObject({ port: 5432, password: "" });
    expect(targetOf("mongodb://u@h/d").connection).toMatchObject({ port: 27017, password: "" });
  });

  test("may have an address of IPv6", () => {
    expect(targetOf("mongodb://u:p@[::1]:1/d").connection).toMatchObject({ host: "::1", port: 1 });
  });

  test("has what means something else in a URL as %, except an @", () => {
    expect(targetOf("postgres://us%25er:p%2Fw%3F%23%40@h/d%2Fe").connection).toMatchObject({
      user: "us%er",
      password: "p/w?#@",
      database: "d/e",
    });
    expect(targetOf("postgres://u:p@w@h/d").connection).toMatchObject({ host: "h", password: "p@w" });
  });
});

describe("refused, and the password is never told:", () => {
  test.each([
    ["postgres://u:secret@h:port/d", `The database URL is not a URL. ${form}`],
    ["mysql://u:secret@h/d", `The database URL begins with mysql://. ${form}`],
    ["postgres://h/d", `The database URL names no user. ${form}`],
    ["postgres://u:secret@h/", `The database URL names no database. ${form}`],
    ["postgres://us%er:s%cret@h/d", `The database URL has a % that stands for nothing: write % as %25. ${form}`],
    ["postgres://u:secret@h/d%", `The database URL has a % that stands for nothing: write % as %25. ${form}`],
    [
      "mongodb://u:secret@h1,h2/d",
      `The database URL names several hosts, h1,h2: name the one that takes writes. ${form}`,
    ],
    [
      "mongodb://u:secret@h1:1,h2:2/d",
      `The database URL names several hosts, h1:1,h2:2: name the one that takes writes. ${form}`,
    ],
    ["postgres://u:secret@h:99999/d", `The database URL names the port 99999, and ports are 1 to 65535. ${form}`],
    ["postgres://u:secret@h:0/d", `The database URL names the port 0, and ports are 1 to 65535. ${form}`],
    ["postgres://u:secret@h/d/e", `The database URL names the database d/e: write / as %2F in a name. ${form}`],
    ["postgres://u:secret@h/d#x", `The database URL has #x behind the database: write # as %23 in a name. ${form}`],
    [
      "postgres://u:secret@h/d?sslmode=require",
      `The database URL has the option "sslmode", and options are not taken. ${form}`,
    ],
    ...["postgres://u:se/cret@h/d", "postgres://u:1?secret@h/d", "postgres://u:1#secret@h:1/d"].map((url) => [
      url,
      `The database URL has an @ behind its host: write / as %2F, ? as %3F, # as %23 and @ as %40 in a user, password or database. ${form}`,
    ]),
  ])("%s", (url, message) => {
    expect(() => targetOf(url!)).toThrow(new Error(message));
  });
});
