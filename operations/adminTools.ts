import { setTimeout as sleep } from "node:timers/promises";
import type { AdminTool } from "../outputs.ts";
import { UserError } from "./errors.ts";

/** PgAdmin makes its own database at its first start, and answers only then. In milliseconds. */
const PATIENCE = 90_000;

/** @throws UserError where PgAdmin does not answer, or refuses its password */
export async function askPgAdmin({ url, user, password, container }: AdminTool): Promise<void> {
  await expectStatus(container, `${url}/misc/ping`, 200);
  if (await logsInToPgAdmin(url, user, password)) return;
  throw new UserError(
    `${url} refuses the password of ${user}. Somebody changed it there; a start gives back the stack's: docker restart ${container}`,
  );
}

/** Fills in PgAdmin's form, with the token and the cookies that came with it. */
async function logsInToPgAdmin(url: string, email: string, password: string): Promise<boolean> {
  const form = await fetch(`${url}/login`, { signal: AbortSignal.timeout(10_000) });
  const token = /"csrfToken":\s*"([^"]+)"/.exec(await form.text())?.[1] ?? "";
  const reply = await fetch(`${url}/authenticate/login`, {
    method: "POST",
    redirect: "manual",
    headers: {
      cookie: form.headers
        .getSetCookie()
        .map((cookie) => cookie.split(";")[0])
        .join("; "),
    },
    body: new URLSearchParams({ email, password, csrf_token: token, internal_button: "Login" }),
    signal: AbortSignal.timeout(10_000),
  });
  return reply.headers.get("location")?.includes("/browser") ?? false;
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
