import { afterEach, describe, expect, jest, test } from "@jest/globals";
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
const scratch = new Scratch();
afterEach(() => scratch.remove());

const image = images.pgadmin;
const EMAIL = "admin@trading.local";
const PASSWORD = "right-password";
/** How the program runs it: the official image's Python can't start without that capability. */
const asTheProgramDoes = [
  ...[
    ...hardened,
    "--cap-add=NET_BIND_SERVICE",
    "--user=5050:5050",
    "--publish=127.0.0.1::80",
    "--env=PGADMIN_LISTEN_PORT=80",
  ],
  ...[`--env=PGADMIN_DEFAULT_EMAIL=${EMAIL}`, "--env=PGADMIN_CONFIG_ALLOW_SPECIAL_EMAIL_DOMAINS=['local']"],
  "--env=PGADMIN_DISABLE_POSTFIX=1",
];
const SERVERS = {
  Servers: {
    1: {
      Name: "results",
      Group: "Trading",
      Host: "postgres",
      Port: 5432,
      MaintenanceDB: "results",
      Username: "reader",
      SSLMode: "prefer",
    },
  },
};

async function ready(container: string): Promise<string> {
  let address = "";
  await until(
    "pgAdmin answers",
    async () => {
      const running = await docker("inspect", "--format={{.State.Running}}", container);
      if (running !== "true") throw new Error(`pgAdmin ended: ${await logs(container)}`);
      address = `http://127.0.0.1:${await publishedPort(container, 80)}`;
      return fetch(`${address}/misc/ping`).then(
        (answer) => answer.ok,
        () => false,
      );
    },
    60,
  );
  return address;
}

/** Fills in the login form, and answers with the cookie of the session and where pgAdmin sends the user then. */
async function logIn(address: string, password: string): Promise<{ cookie: string; location: string | null }> {
  const form = await fetch(`${address}/login`);
  const token = /"csrfToken": "([^"]+)"/.exec(await form.text())![1]!;
  const answer = await fetch(`${address}/authenticate/login`, {
    method: "POST",
    headers: { cookie: cookies(form) },
    body: new URLSearchParams({ csrf_token: token, email: EMAIL, password, internal_button: "Login" }),
    redirect: "manual",
  });
  return { cookie: cookies(answer), location: answer.headers.get("location") };
}

/** The servers that the user of the session can choose, by group. */
async function serversSeen(address: string, cookie: string): Promise<unknown> {
  const script = await (await fetch(`${address}/browser/js/utils.js`, { headers: { cookie } })).text();
  const token = /csrf_token'\] = '([^']+)'/.exec(script)![1]!;
  const answer = await fetch(`${address}/schema_diff/servers`, { headers: { cookie, "X-pgA-CSRFToken": token } });
  return ((await answer.json()) as { data: unknown }).data;
}

function cookies(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

describe("an image of pgAdmin", () => {
  test("takes a .local address, a password file and a list of servers, without capabilities, on a read-only root", async () => {
    const volume = await scratch.volume();
    await scratch.run(
      image,
      ["--user=0", `--volume=${volume}:/var/lib/pgadmin`, "--entrypoint=chown"],
      "5050:5050",
      "/var/lib/pgadmin",
    );
    const container = await scratch.start(image, [
      ...[...asTheProgramDoes, `--volume=${volume}:/var/lib/pgadmin`],
      ...[await scratch.file("/config/password", PASSWORD), "--env=PGADMIN_DEFAULT_PASSWORD_FILE=/config/password"],
      ...[
        await scratch.file("/config/servers.json", JSON.stringify(SERVERS)),
        "--env=PGADMIN_SERVER_JSON_FILE=/config/servers.json",
      ],
    ]);
    let address = await ready(container);

    expect((await logIn(address, "wrong-password")).location).toMatch(/login/);
    const { cookie, location } = await logIn(address, PASSWORD);
    expect(location).toMatch(/browser/);
    expect(await serversSeen(address, cookie)).toEqual({ Trading: [expect.objectContaining({ label: "results" })] });
    expect(await processUsers(container)).toEqual(["5050"]);

    const { exitCode, seconds } = await stop(container);
    expect(exitCode).toBe(0);
    expect(seconds).toBeLessThan(15);

    // Its own database is in the volume now, so that a new container needs no password.
    const again = await scratch.start(image, [...asTheProgramDoes, `--volume=${volume}:/var/lib/pgadmin`]);
    address = await ready(again);
    expect((await logIn(address, PASSWORD)).location).toMatch(/browser/);
  });

  test.each([
    ["there is no password", []],
    [
      "both the password and its file are given",
      ["--env=PGADMIN_DEFAULT_PASSWORD=a", "--env=PGADMIN_DEFAULT_PASSWORD_FILE=/etc/hostname"],
    ],
    [
      "the password is there and the address has no domain",
      ["--env=PGADMIN_DEFAULT_PASSWORD=a", "--env=PGADMIN_DEFAULT_EMAIL=admin"],
    ],
  ])("refuses to start when %s", async (_, options) => {
    const { code, output } = await scratch.run(image, [...asTheProgramDoes, ...options]);

    expect(code).toBe(1);
    expect(output).toMatch(/PGADMIN_DEFAULT_|email/);
  });
});
