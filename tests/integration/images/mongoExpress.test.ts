import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import {
  Scratch,
  docker,
  hardened,
  images,
  logs,
  processUsers,
  publishedPort,
  stop,
  until,
} from "../../support/images.ts";

jest.setTimeout(300_000);
const servers = new Scratch();
const scratch = new Scratch();
afterEach(() => scratch.remove());
afterAll(() => servers.remove());

const image = images.mongoExpress;
let network: string;
let mongo: string;

beforeAll(async () => {
  network = await servers.network();
  mongo = await servers.start(images.mongo, [
    ...[`--network=${network}`, "--env=MONGO_INITDB_ROOT_USERNAME=boss", "--env=MONGO_INITDB_ROOT_PASSWORD=right"],
  ]);
});

/** How the program runs it. */
function settings(): string[] {
  return [
    ...[...hardened, "--init", "--user=1000:1000", `--network=${network}`, "--publish=127.0.0.1::8081"],
    ...[`--env=ME_CONFIG_MONGODB_SERVER=${mongo}`, "--env=ME_CONFIG_MONGODB_ADMINUSERNAME=boss"],
    ...["--env=ME_CONFIG_BASICAUTH=true", "--env=ME_CONFIG_BASICAUTH_USERNAME=visitor"],
    ...["--env=ME_CONFIG_SITE_COOKIESECRET=a", "--env=ME_CONFIG_SITE_SESSIONSECRET=b"],
  ];
}

async function ready(container: string): Promise<string> {
  let address = "";
  await until("Mongo Express answers", async () => {
    const running = await docker("inspect", "--format={{.State.Running}}", container);
    if (running !== "true") throw new Error(`Mongo Express ended: ${await logs(container)}`);
    address = `http://127.0.0.1:${await publishedPort(container, 8081)}`;
    return fetch(`${address}/status`).then(
      (answer) => answer.ok,
      () => false,
    );
  });
  return address;
}

function get(url: string, password: string): Promise<Response> {
  const login = Buffer.from(`visitor:${password}`).toString("base64");
  return fetch(url, { headers: { authorization: `Basic ${login}` } });
}

describe("an image of Mongo Express", () => {
  test("shows the databases to who knows the password, as user 1000 without capabilities, on a read-only root", async () => {
    const container = await scratch.start(image, [
      ...settings(),
      ...[
        await scratch.file("/config/mongodb", "right\n"),
        "--env=ME_CONFIG_MONGODB_ADMINPASSWORD_FILE=/config/mongodb",
      ],
      ...[
        await scratch.file("/config/visitor", "welcome\n"),
        "--env=ME_CONFIG_BASICAUTH_PASSWORD_FILE=/config/visitor",
      ],
    ]);
    const address = await ready(container);

    expect((await fetch(`${address}/`)).status).toBe(401);
    expect((await get(`${address}/`, "wrong")).status).toBe(401);
    const page = await (await get(`${address}/db/admin/system.users`, "welcome")).text();
    expect(page).toContain("admin.boss");
    expect(await processUsers(container)).toEqual(["1000"]);

    // Every script and style that the page asks for is there.
    const files = [...page.matchAll(/(?:src|href)="(\/public\/[^"]+)"/g)].map((match) => match[1]!);
    expect(files.length).toBeGreaterThan(5);
    const answers = await Promise.all(files.map((file) => get(address + file, "welcome")));
    expect(answers.filter((answer) => !answer.ok).map((answer) => answer.url)).toEqual([]);
  });

  test("ends within 5 s of SIGTERM", async () => {
    const passwords = ["--env=ME_CONFIG_MONGODB_ADMINPASSWORD=right", "--env=ME_CONFIG_BASICAUTH_PASSWORD=welcome"];
    const container = await scratch.start(image, [...settings(), ...passwords]);
    await ready(container);

    const { exitCode, seconds } = await stop(container);
    expect([0, 143]).toContain(exitCode);
    expect(seconds).toBeLessThan(15);
  });

  test("runs another command as it is", async () => {
    const { code, output } = await scratch.run(image, [], "node", "--print", "1 + 1");
    expect({ code, output }).toEqual({ code: 0, output: "2\n" });
  });
});
