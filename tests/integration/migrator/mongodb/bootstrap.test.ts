import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { bootstrapMongo, findMongo } from "../../../../migrator/mongodb/bootstrap.ts";
import { connectMongo } from "../../../../migrator/mongodb/connection.ts";
import { resetMongoRootPassword } from "../../../../migrator/mongodb/recovery.ts";
import { migrate, readLedger } from "../../../../migrator/run.ts";
import { docker, logs, publishedAddress, rootPassword, startMongo, type Server } from "../../../support/databases.ts";
import { folder, migrationsOf, refusal } from "../../../support/migrations.ts";
import { expectSettled } from "../../../support/settled.ts";

jest.setTimeout(300_000);

const database = "trading_configs";
const serviceUser = { user: "trading_service", password: "service-password", database };

let server: Server;

beforeAll(async () => {
  server = await startMongo();
});
afterAll(() => server?.remove());

const connection = (user = "admin", password = rootPassword) => ({
  ...{ host: server.host, port: server.port },
  ...{ database, user, password },
});
const bootstrap = (changed = {}) =>
  bootstrapMongo({
    connection: connection(),
    container: server.container,
    replicaSetMember: "mongodb:27017",
    serviceUser: { ...serviceUser, ...changed },
  });

describe("a bootstrap", () => {
  test("F33: of a server that is still initialising waits for it, and tells what it made", async () => {
    expect(await bootstrap()).toEqual({
      changes: ["made the replica set rs0", "made majority the default write concern", "made the user trading_service"],
    });
  });

  test("F18: is missed by a look where the set was never made, also where no user is wanted", async () => {
    const fresh = await startMongo();
    try {
      const { host, port, container } = fresh;
      const request = { connection: { ...connection(), host, port }, container, replicaSetMember: "mongodb:27017" };
      await (await connectMongo(request.connection, { container })).close();
      expect(await findMongo(request)).toStrictEqual({ replicaSetMember: undefined });
      await bootstrapMongo(request);
      expect(await findMongo(request)).toStrictEqual({});
    } finally {
      await fresh.remove();
    }
  });

  test("that is repeated changes nothing", async () => {
    expect(await bootstrap()).toEqual({ changes: [] });
  });

  test("puts back what drifted, and only that", async () => {
    const client = await connectMongo(connection());
    await client.db("admin").command({ updateUser: serviceUser.user, roles: ["root"] });
    expect(await bootstrap()).toEqual({ changes: ["reset the roles of trading_service"] });
    await client.db("admin").command({ updateUser: serviceUser.user, pwd: "another" });
    expect(await bootstrap()).toEqual({ changes: ["set the password of trading_service"] });
    await client.close();
  });

  test("gives the service user one database", async () => {
    const client = await connectMongo(connection(serviceUser.user, serviceUser.password));
    try {
      await client.db(database).collection("runs").insertOne({ name: "x" });
      const refused = await refusal(client.db(`${database}_ledger`).collection("migrations").findOne());
      expect(refused).toContain("not authorized on trading_configs_ledger");
      expect(await refusal(client.db(database).command({ createUser: "x", pwd: "y", roles: [] }))).toContain(
        "not authorized",
      );
    } finally {
      await client.close();
    }
  });

  test("gives root a new password in the place of the former one, and needs neither twice", async () => {
    const admin = (password: string, formerPassword?: string) =>
      bootstrapMongo({
        connection: connection("admin", password),
        formerPassword,
        container: server.container,
        replicaSetMember: "mongodb:27017",
      });
    const open = await connectMongo(connection());
    try {
      expect(await admin("second-password", rootPassword)).toEqual({ changes: ["set the password of admin"] });
      // As after a run that was killed before anybody could note that the password is the new one.
      expect(await admin("second-password", rootPassword)).toEqual({ changes: [] });
      expect(await open.db("admin").command({ usersInfo: "admin" })).toMatchObject({ users: [{ user: "admin" }] });
      const refused =
        `MongoDB at ${server.host}:${server.port} refuses the password of admin. Somebody changed it, its volume was made with another one, or its ` +
        "first start was killed before the user was made. `npm run recover:mongodb` sets the password that this stack has; " +
        "no data are lost.";
      expect(await refusal(admin("third-password", rootPassword))).toBe(refused);
      expect(await refusal(admin("third-password", "third-password"))).toBe(refused);
    } finally {
      await open.close();
      expect(await admin(rootPassword, "second-password")).toEqual({ changes: ["set the password of admin"] });
    }
  });

  test("leaves no password in the server's log", async () => {
    const log = await logs(server.container);
    const isIn = (text: string) => log.includes(text);
    // Not by `toContain`, which prints the whole log when it fails.
    expect(
      ["Authentication succeeded", rootPassword, "second-password", serviceUser.password, "another"].map(isIn),
    ).toEqual([...[true, false, false, false, false]]);
  });
});

describe("a lost root password", () => {
  const reset = (changed = {}) =>
    resetMongoRootPassword({
      volume: server.volume!,
      image: server.image,
      replicaSetMember: "mongodb:27017",
      user: "admin",
      password: "a-new-one",
      ...changed,
    });

  test("is not reset while the server runs", async () => {
    expect(await refusal(reset())).toBe(
      `The container ${server.container} uses the volume ${server.volume}. Nothing was changed. ` +
        `Stop it first: docker stop ${server.container}`,
    );
  });

  test("is not reset on a volume that does not exist, and none is made", async () => {
    expect(await refusal(reset({ volume: "it-migrator-nothing" }))).toBe(
      "There is no volume it-migrator-nothing. Nothing was changed.",
    );
    expect(await docker("volume", "ls", "--quiet", "--filter", "name=it-migrator-nothing")).toBe("");
  });

  test("is not reset on a volume without data", async () => {
    const volume = `${server.volume}-empty`;
    await docker("volume", "create", volume);
    try {
      expect(await refusal(reset({ volume }))).toBe(
        `The password of admin could not be set on the volume ${volume}: the volume has no MongoDB data in its folder current. ` +
          "Mend that, and run the same command again.",
      );
    } finally {
      await docker("volume", "rm", volume);
    }
  });

  test.each([
    ["cleanly", ["stop", "--time", "60"], rootPassword, "first-new-one"],
    ["by a kill", ["kill"], "first-new-one", "second-new-one"],
  ])("is reset on the volume of a server that was ended %s, and no write is lost", async (how, end, old, password) => {
    const before = await connectMongo(connection("admin", old));
    await before
      .db(database)
      .collection("kept")
      .insertMany(Array.from({ length: 500 }, () => ({ how })));
    const written = await before.db(database).collection("kept").countDocuments();
    // What the set's log still has to bring back after a kill must not bring back this password.
    await before.db("admin").command({ updateUser: "admin", pwd: "nobody-knows" });
    await before.close();
    await docker(...end, server.container);

    await reset({ password });
    await docker("start", server.container);
    Object.assign(server, await publishedAddress(server.container, 27017));

    const request = { connection: connection("admin", password), container: server.container };
    expect(await bootstrapMongo({ ...request, replicaSetMember: "mongodb:27017" })).toEqual({ changes: [] });
    for (const lost of [old, "nobody-knows"]) {
      expect(await refusal(readLedger("mongodb", connection("admin", lost)))).toContain(
        "refuses the password of admin",
      );
    }
    const after = await connectMongo(connection(serviceUser.user, serviceUser.password));
    expect(await after.db(database).collection("kept").countDocuments()).toBe(written);
    await after.db(database).collection("kept").insertOne({ how: "after" });
    await after.close();
  });

  test("F34: or one that was never set, because the first start was killed, is set on a volume without replica set", async () => {
    const volume = `${server.volume}-killed`;
    const killed =
      "mkdir /data/db/current && timeout --signal KILL 5 mongod --dbpath /data/db/current --bind_ip 127.0.0.1";
    const onVolume = ["--rm", "--user", "999:999", "--volume", `${volume}:/data/db`, "--entrypoint", "/bin/bash"];
    await docker("run", ...onVolume, server.image, "-c", `(${killed}) >/dev/null || true`);
    await reset({ volume, password: rootPassword });
    const revived = await startMongo(volume);
    try {
      const { host, port, container } = revived;
      const there = { ...connection(), host, port };
      expect(await bootstrapMongo({ connection: there, container, replicaSetMember: "mongodb:27017" })).toEqual({
        changes: ["made the replica set rs0", "made majority the default write concern"],
      });
      const directory = folder({ "0001_create_runs.json": '[{ "create": "runs" }]' });
      await migrate("mongodb", migrationsOf("mongodb", there, directory));
      await expectSettled("mongodb", revived, there, directory);
    } finally {
      await revived.remove();
    }
  });

  test("is nowhere in what the recovery ran", async () => {
    expect(await docker("ps", "--all", "--filter", `volume=${server.volume}`, "--format", "{{.Names}}")).toBe(
      server.container,
    );
  });
});
