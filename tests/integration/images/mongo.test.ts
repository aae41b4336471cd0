import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Scratch, docker, hardened, images, logs, processUsers, stop, tryDocker, until } from "../../support/images.ts";

jest.setTimeout(300_000);
const scratch = new Scratch();
afterEach(() => scratch.remove());

const image = images.mongo;
const ROOT = ["--env=MONGO_INITDB_ROOT_USERNAME=boss", "--env=MONGO_INITDB_ROOT_PASSWORD=right"];
/** The writer of its own data folders, without a volume that has to be given to it. */
const asMongodb = ["--user=999:999", "--tmpfs=/data/configdb:uid=999,gid=999", "--tmpfs=/data/db:uid=999,gid=999"];
const KEYFILE = "(umask 377 && head -c 96 /dev/zero | base64 -w 0 >/tmp/keyfile)";

/** Runs JavaScript in mongosh, and answers with what it prints. */
async function shell(container: string, script: string, user = "boss", password = "right") {
  const login = user === "" ? [] : ["--username", user, "--password", password];
  return tryDocker(["exec", container, "mongosh", "--quiet", "--norc", ...login, "--eval", script]);
}

/**
 * Waits for the real server, which listens on every address; the temporary one of an initialisation doesn't. mongosh is
 * not asked, because each of its starts costs a second of processor time.
 */
function ready(container: string): Promise<void> {
  return until("MongoDB answers", async () => {
    const { code, output } = await tryDocker(["top", container, "-o", "pid,args"]);
    if (code !== 0) throw new Error(`MongoDB ended: ${await logs(container)}`);
    const probe = ["exec", container, "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/27017"];
    return /^ *\d+ +mongod .*--bind_ip_all/m.test(output) && (await tryDocker(probe)).code === 0;
  });
}

describe("an image of MongoDB", () => {
  test("makes the root user that the environment names, and lets nobody in without its password", async () => {
    const container = await scratch.start(image, ROOT);
    await ready(container);

    expect((await shell(container, "db.getSiblingDB('shop').things.insertOne({ _id: 1 }).acknowledged")).output).toBe(
      "true\n",
    );
    expect((await shell(container, "1", "boss", "wrong")).output).toContain("Authentication failed");
    const stranger = await shell(container, "db.getSiblingDB('shop').things.findOne()", "");
    expect(stranger.output).toMatch(/requires authentication/);
    expect(await processUsers(container)).toEqual(["999"]);
  });

  test("reads user and password from the files that the environment names", async () => {
    const container = await scratch.start(image, [
      await scratch.file("/run/user", "boss\n"),
      await scratch.file("/run/password", "right\n"),
      ...["--env=MONGO_INITDB_ROOT_USERNAME_FILE=/run/user", "--env=MONGO_INITDB_ROOT_PASSWORD_FILE=/run/password"],
    ]);
    await ready(container);

    expect((await shell(container, "db.adminCommand('listDatabases').ok")).output).toBe("1\n");
  });

  test.each([
    ["both the password and its file are given", [...ROOT, "--env=MONGO_INITDB_ROOT_PASSWORD_FILE=/etc/hostname"]],
    ["the user has no password", ["--env=MONGO_INITDB_ROOT_USERNAME=boss"]],
    ["the password has no user", ["--env=MONGO_INITDB_ROOT_PASSWORD=right"]],
  ])("refuses to start when %s", async (_, options) => {
    const { code, output } = await scratch.run(image, options);

    expect(code).toBe(1);
    expect(output).toMatch(/MONGO_INITDB_ROOT_/);
  });

  test("runs the scripts of initdb.d once, in order, and keeps the data when it is re-created", async () => {
    const volume = await scratch.volume();
    const config = await scratch.volume();
    const options = [
      ...[
        `--volume=${volume}:/data/db`,
        `--volume=${config}:/data/configdb`,
        ...ROOT,
        "--env=MONGO_INITDB_DATABASE=shop",
      ],
      await scratch.file("/docker-entrypoint-initdb.d/1.js", "db.ran.insertOne({ _id: 1 })"),
      await scratch.file(
        "/docker-entrypoint-initdb.d/2.sh",
        `mongosh --quiet shop --eval 'db.ran.insertOne({ _id: 2 })'`,
      ),
    ];
    const steps = async () => {
      const container = await scratch.start(image, options);
      await ready(container);
      const { output } = await shell(container, "EJSON.stringify(db.getSiblingDB('shop').ran.find().toArray())");
      expect((await stop(container)).exitCode).toBe(0);
      return output;
    };

    expect(await steps()).toBe('[{"_id":1},{"_id":2}]\n');
    expect(await steps()).toBe('[{"_id":1},{"_id":2}]\n');
  });

  test("is a replica set with a keyfile as user 999 without capabilities, on a read-only root, in a subfolder", async () => {
    const script = `${KEYFILE} && mkdir /data/db/current && exec docker-entrypoint.sh mongod --dbpath /data/db/current \
      --replSet rs0 --keyFile /tmp/keyfile --bind_ip_all`;
    const container = await scratch.start(
      image,
      [...hardened, ...asMongodb, ...ROOT, "--entrypoint=bash"],
      "-c",
      script,
    );
    await ready(container);

    const initiate = "rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:27017' }] }).ok";
    expect((await shell(container, initiate)).output).toBe("1\n");
    await until(
      "it is primary",
      async () => (await shell(container, "db.hello().isWritablePrimary")).output === "true\n",
    );
    const transaction = `
      const session = db.getMongo().startSession();
      session.withTransaction(() => session.getDatabase("shop").things.insertOne({ _id: 1 }));
      print(db.getSiblingDB("shop").things.countDocuments());`;
    expect((await shell(container, transaction)).output).toBe("1\n");
    expect(await docker("exec", container, "ls", "/data/db")).toBe("current");
    expect(await processUsers(container)).toEqual(["999"]);

    const { exitCode, seconds } = await stop(container);
    expect(exitCode).toBe(0);
    expect(seconds).toBeLessThan(15);
  });

  test("starts on a data folder that another script has initialised, and leaves it as it is", async () => {
    const script = `
      mkdir /data/db/current
      mongod --dbpath /data/db/current --port 27117 --bind_ip 127.0.0.1 --fork --logpath /tmp/log >/dev/null
      mongosh --quiet --port 27117 admin --eval 'db.createUser({ user: "boss", pwd: "right", roles: ["root"] })' >/dev/null
      mongod --dbpath /data/db/current --shutdown >/dev/null
      ${KEYFILE}
      exec docker-entrypoint.sh mongod --dbpath /data/db/current --keyFile /tmp/keyfile --bind_ip_all`;
    const container = await scratch.start(image, [...hardened, ...asMongodb, "--entrypoint=bash"], "-ec", script);
    await ready(container);

    expect((await shell(container, "db.getSiblingDB('admin').getUsers().users.length")).output).toBe("1\n");
  });

  test("ends cleanly within 5 s of SIGTERM, although a client is connected", async () => {
    const container = await scratch.start(image, ROOT);
    await ready(container);
    await docker(
      "exec",
      "--detach",
      container,
      "mongosh",
      "--quiet",
      "-u",
      "boss",
      "-p",
      "right",
      "--eval",
      "sleep(60000)",
    );

    const { exitCode, seconds } = await stop(container);
    expect(exitCode).toBe(0);
    expect(seconds).toBeLessThan(15);
  });

  test("initialises nothing when it is asked for its version or given another command", async () => {
    expect((await scratch.run(image, ROOT, "--version")).output).toMatch(/^db version v\d+\.\d+\.\d+/);
    const listing = await scratch.run(image, ROOT, "bash", "-c", "ls -A /data/db; echo done");
    expect(listing).toEqual({ code: 0, output: "done\n" });
  });

  test("has the tools that the program calls", async () => {
    const tools = "bash setpriv install mongod mongosh mongodump mongorestore";
    const { code, output } = await scratch.run(image, ["--entrypoint=bash"], "-c", `type -P ${tools} | wc -l`);
    expect({ code, output: output.trim() }).toEqual({ code: 0, output: String(tools.split(" ").length) });
  });

  test("dumps a database and restores it", async () => {
    const container = await scratch.start(image, ROOT);
    await ready(container);
    await shell(container, "db.getSiblingDB('shop').things.insertMany([{ _id: 1 }, { _id: 2 }])");

    const login = "--username=boss --password=right --authenticationDatabase=admin --quiet";
    const script = `mongodump ${login} --db=shop --archive=/tmp/shop && mongorestore ${login} --archive=/tmp/shop --nsFrom='shop.*' --nsTo='copy.*'`;
    expect(await tryDocker(["exec", container, "bash", "-c", script])).toEqual({ code: 0, output: "" });
    expect((await shell(container, "db.getSiblingDB('copy').things.countDocuments()")).output).toBe("2\n");
  });
});
