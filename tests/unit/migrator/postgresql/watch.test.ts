import { expect, test } from "@jest/globals";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connectPostgres } from "../../../../migrator/postgresql/connection.ts";
import { isAnswer } from "../../../../migrator/postgresql/watch.ts";

/** What is thrown to who connects to a server that refuses everybody so; without a code, to one that is not there. */
async function thrownBy(code?: string): Promise<unknown> {
  const server = createServer((socket) => {
    const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mno\0\0`);
    const head = Buffer.alloc(5, "E");
    head.writeInt32BE(fields.length + 4, 1);
    socket.on("data", () => socket.end(Buffer.concat([head, fields])));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  if (code === undefined) server.close();
  const connection = { host: "127.0.0.1", port, database: "d", user: "u", password: "p" };
  return connectPostgres(connection)
    .catch((error: unknown) => error)
    .finally(() => server.close());
}

test.each([
  ["is full", "53300"],
  ["is starting", "57P03"],
  ["does not let this user in any more", "28P01"],
])("a server that %s answers", async (_what, code) => {
  expect(isAnswer(await thrownBy(code))).toBe(true);
});

test("a server that is not there does not answer", async () => {
  expect(isAnswer(await thrownBy())).toBe(false);
});
