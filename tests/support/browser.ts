import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { hardened, publishedPort, Scratch, until } from "./images.ts";
import { execute } from "./project.ts";

const FILES = "tests/support/browser";
const IMAGE = `localhost/trading-db/chromium:${hashOf(["Dockerfile", "entrypoint.sh"])}`;

/** A page, and what a user who opens the developer tools would see there in red. */
export interface Visit {
  page: Page;
  /** Errors on the console, scripts that threw, and files that did not come. */
  complaints: string[];
}

/** Debian's Chromium, without a screen. */
export interface HeadlessBrowser {
  /** Opens an empty page with cookies of its own. @param login for servers that ask by the browser's own dialog */
  open(login?: { username: string; password: string }): Promise<Visit>;
  close(): Promise<void>;
}

/**
 * Starts Chromium in a container on a stack's network. On the host's own it would break off what it loads whenever some
 * other container comes or goes, because the host's addresses have changed then.
 *
 * @param sites what stands on that network for an address that users type, such as "localhost:5050" to "pgadmin:80"
 */
export async function startBrowser(network: string, sites: Record<string, string>): Promise<HeadlessBrowser> {
  const scratch = new Scratch();
  try {
    const rules = Object.entries(sites).map(([typed, standing]) => `MAP ${typed} ${standing}`);
    const container = await scratch.start(
      IMAGE,
      [...hardened, "--shm-size=512m", `--network=${network}`, "--publish=127.0.0.1::9222"],
      `--host-resolver-rules=${rules.join(",")}`,
    );
    const address = `http://127.0.0.1:${await publishedPort(container, 9222)}`;
    await until("Chromium listens", () =>
      fetch(`${address}/json/version`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const browser = await chromium.connectOverCDP(address);
    return {
      async open(login) {
        const context = await browser.newContext({
          viewport: { width: 1280, height: 900 },
          locale: "en-GB",
          timezoneId: "UTC",
          ...(login === undefined ? {} : { httpCredentials: login }),
        });
        const page = await context.newPage();
        // What takes a second on an idle machine takes a minute beside a build.
        page.setDefaultTimeout(120_000);
        return { page, complaints: listen(page) };
      },
      async close() {
        await browser.close();
        await scratch.remove();
      },
    };
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}

/** Builds Chromium's image where none is here that was made of the same files. */
export async function buildBrowser(): Promise<void> {
  if ((await execute("docker", ["image", "inspect", IMAGE])).code === 0) return;
  for (const [program, ...args] of [
    ["airgap/images/build.sh", "base"],
    ["docker", "build", "--quiet", `--tag=${IMAGE}`, FILES],
  ]) {
    const { code, stderr } = await execute(program!, args, { env: { DOCKER_BUILDKIT: "0" } });
    if (code !== 0) throw new Error(stderr);
  }
}

/** Writes what the page shows into the README's pictures, where `npm run pictures` asked for that. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (process.env["TAKE_PICTURES"] === undefined) return;
  // Hints under the mouse and notices in a corner go by themselves.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(10_000);
  await page.screenshot({ path: `docs/images/${name}.png`, animations: "disabled" });
}

function hashOf(files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(FILES, file)));
  return hash.digest("hex").slice(0, 16);
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    // A page that is left before its fonts are there ends their requests itself.
    if (reason !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${reason}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  return complaints;
}
