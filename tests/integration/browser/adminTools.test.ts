import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { errors, type Page } from "playwright-core";
import type { AdminTool, StackOutputs } from "../../../outputs.ts";
import { buildBrowser, startBrowser, takePicture, type HeadlessBrowser } from "../../support/browser.ts";
import { until } from "../../support/images.ts";
import { makeProject, type Project } from "../../support/project.ts";
import { sql } from "../../support/stack.ts";

/* What a user sees who opens the admin tools. */

const MINUTES = 60_000;

jest.setTimeout(8 * MINUTES);

let project: Project;
let browser: HeadlessBrowser;
let outputs: StackOutputs;
let pgadmin: AdminTool;
let mongoExpress: AdminTool;

beforeAll(async () => {
  await buildBrowser();
  project = await makeProject({ adminTools: "true", sampleData: "true" });
  await project.stack.up();
  outputs = await project.outputs();
  ({ pgadmin, mongoExpress } = outputs.adminTools!);
  browser = await startBrowser(outputs.networks.database, {
    [new URL(pgadmin.url).host]: "pgadmin:80",
    [new URL(mongoExpress.url).host]: "mongo-express:8081",
  });
  await until("PgAdmin answers", () => answers(`${pgadmin.url}/misc/ping`), 300);
  await until("Mongo Express answers", () => answers(`${mongoExpress.url}/status`), 300);
}, 20 * MINUTES);

afterAll(async () => {
  await browser?.close();
  await project?.remove();
}, 3 * MINUTES);

const answers = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

describe("PgAdmin in a browser", () => {
  async function logIn(page: Page, password: string): Promise<void> {
    await page.locator("input[name=email]").fill(pgadmin.user);
    await page.locator("input[name=password]").fill(password);
    await page.getByRole("button", { name: "Login" }).click();
  }

  /** An entry of the tree, by its name and the number of those above it. */
  const entry = (page: Page, depth: number, name: string) =>
    page.locator(`.file-entry.depth-${depth + 1}`, { has: page.getByText(name, { exact: true }) });

  /** Opens the tree along a path. A slow PgAdmin may shut again what was opened before it had connected. */
  async function open(page: Page, path: string[]): Promise<void> {
    const there = path.length - 1;
    await until(
      `the tree shows ${path.join(" / ")}`,
      async () => {
        let depth = there;
        while (depth > 0 && !(await entry(page, depth, path[depth]!).isVisible())) depth--;
        if (depth < there) await openOne(page, depth, path[depth]!, path[depth + 1]!);
        return depth === there;
      },
      300,
    );
  }

  /** Clicks on an entry's arrow, and gives its children the time to come. */
  async function openOne(page: Page, depth: number, name: string, child: string): Promise<void> {
    try {
      await entry(page, depth, name).locator(".directory-toggle").click({ timeout: 5_000 });
      await entry(page, depth + 1, child).waitFor({ timeout: 15_000 });
    } catch (error) {
      if (!(error instanceof errors.TimeoutError)) throw error;
    }
  }

  test("refuses a wrong password, and locks nobody out for four of them", async () => {
    const { page } = await browser.open();
    for (let attempt = 1; attempt <= 4; attempt++) {
      await page.goto(pgadmin.url);
      await logIn(page, "wrong");
      await page.getByText("Incorrect username or password.").waitFor();
      expect(page.url()).toBe(`${pgadmin.url}/login`);
    }
    await logIn(page, pgadmin.password);
    await page.waitForURL(`${pgadmin.url}/browser/`);
  });

  test("shows the tables of the registered server and their rows, and asks for no password of the database", async () => {
    const { page, complaints } = await browser.open();
    await page.goto(pgadmin.url);
    await logIn(page, pgadmin.password);
    const database = ["Servers", "trading_results", "Databases", "trading_results"];
    await open(page, [...database, "Schemas", "public", "Tables", "trades"]);
    for (const table of ["simulation_runs", "trades", "positions"]) await entry(page, 7, table).waitFor();

    await entry(page, 7, "trades").click();
    await widenTree(page);
    await page.getByRole("button", { name: "All Rows" }).click();
    const grid = page.frameLocator("iframe");
    const [{ count, symbol }] = (await sql(
      outputs,
      "SELECT count(*), (SELECT symbol FROM trades ORDER BY run_id, trade_seq LIMIT 1) FROM trades",
    )) as [{ count: string; symbol: string }];
    await grid.getByText(`Total rows: ${count}`).waitFor();
    expect(await grid.getByRole("row").nth(1).getByRole("gridcell").allInnerTexts()).toContain(symbol);

    await takePicture(page, "pgadmin");
    expect(complaints).toEqual([]);
  });

  /** Drags the tree's right border, so that long names show whole. */
  async function widenTree(page: Page): Promise<void> {
    const border = (await page.locator(".dock-divider").first().boundingBox())!;
    const [x, y] = [border.x + border.width / 2, border.y + border.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 72, y, { steps: 5 });
    await page.mouse.up();
  }
});

describe("Mongo Express in a browser", () => {
  const login = () => ({ username: mongoExpress.user, password: mongoExpress.password });
  const DOCUMENT = "spy-buy-and-hold-2015-2024";
  /** As the editor shows it. */
  const NAME = "'SPY buy and hold 2015-2024'";

  test("refuses a wrong password", async () => {
    const { page } = await browser.open({ ...login(), password: "wrong" });
    expect((await page.goto(mongoExpress.url))!.status()).toBe(401);
    expect(await page.locator("body").innerText()).toBe("Unauthorized");
  });

  test("shows the three collections, and a document", async () => {
    const { page, complaints } = await browser.open(login());
    await page.goto(mongoExpress.url);
    await page.getByRole("link", { name: "trading_configs", exact: true }).click();
    for (const collection of ["algorithm_versions", "simulation_configs", "simulator_configs"])
      await page.getByRole("link", { name: collection, exact: true }).waitFor();

    await page.getByRole("link", { name: "simulation_configs", exact: true }).click();
    await page.getByText(DOCUMENT, { exact: true }).first().click();
    await page.getByRole("heading", { name: `Editing Document: ${DOCUMENT}` }).waitFor();
    await page.getByText(NAME, { exact: true }).waitFor();

    await takePicture(page, "mongo-express");
    expect(complaints).toEqual([]);
  });

  test("saves a document as it is, and says why it doesn't save one that breaks a rule", async () => {
    const { page, complaints } = await browser.open(login());
    const address = `${mongoExpress.url}/db/trading_configs/simulation_configs/${encodeURIComponent(`"${DOCUMENT}"`)}`;
    await page.goto(address);
    await page.getByRole("button", { name: "Save" }).first().click();
    await page.getByText("Document updated!").waitFor();

    await page.goto(address);
    await page.getByText(NAME, { exact: true }).click();
    await page.keyboard.press("Home");
    await page.keyboard.type("no_such_field: 1, ");
    await page.getByRole("button", { name: "Save" }).first().click();
    await page.getByText("Document failed validation").waitFor();
    expect(complaints).toEqual([]);
  });
});
