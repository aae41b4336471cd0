import { setTimeout as sleep } from "node:timers/promises";
import type { AdminTool } from "../outputs.ts";
import { UserError } from "./errors.ts";

/** PgAdmin makes its own database at its first start, and answers only then. In milliseconds. */
const PATIENCE = 90_000;

/** @throws UserError where PgAdmin does not answer */
export async function askPgAdmin({ url, container }: AdminTool): Promise<void> {
  await expectStatus(container, `${url}/misc/ping`, 200);
}

/** @throws UserError where Mongo Express refuses its password, or lets in whoever has none */
export async function askMongoExpress({ url, user, password, container }: AdminTool): Promise<void> {
  const Authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  await expectStatus(container, url, 200, { Authorization });
  await expectStatus(container, url, 401);
}

async function expectStatus(
  container: string,
  url: string,
  wanted: number,
  headers: Record<string, string> = {},
): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await statusOf(url, headers);
    if (found === wanted) return;
    if (Date.now() > deadline || typeof found === "number")
      throw new UserError(`${url} answers with ${found} instead of ${wanted}. Its log: docker logs ${container}`);
    await sleep(500);
  }
}

/** The status of a page, or why there is none. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number | string> {
  try {
    return (await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(10_000) })).status;
  } catch (error) {
    const { message, cause } = error as Error;
    return `"${cause instanceof Error ? cause.message : message}"`;
  }
}
