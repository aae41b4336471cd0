import type { ServiceEnvironment } from "../outputs.ts";

export const environmentFormats = ["dotenv", "export", "json"] as const;
export type EnvironmentFormat = (typeof environmentFormats)[number];

/**
 * What a trading service needs in its environment, secrets in clear: `docker run --env-file` takes `dotenv`, a shell takes
 * `export`.
 */
export function renderEnvironment(environment: ServiceEnvironment, format: EnvironmentFormat): string {
  if (format === "json") return JSON.stringify(environment, null, 2);
  const line = format === "dotenv" ? "" : "export ";
  return Object.entries(environment)
    .map(([name, value]) => `${line}${name}=${format === "dotenv" ? value : quoted(value)}`)
    .join("\n");
}

/** In single quotes, as every shell reads them. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
