import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../operations/errors.ts";
import { run } from "../operations/process.ts";
import { build } from "./build.ts";
import { cacheFolder } from "./environment.ts";

/** Versions of the command line and of the plugins, as package.json pins them. */
export interface ToolVersions {
  pulumi: string;
  docker: string;
  random: string;
}

export function toolVersions(): ToolVersions {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
  return {
    pulumi: dependencies["pulumi"]!,
    docker: dependencies["@pulumi/docker"]!,
    random: dependencies["@pulumi/random"]!,
  };
}

/**
 * Sees to the Pulumi command line and its two plugins.
 *
 * @param vendor whether Pulumi's download site answers; where it doesn't, both are built from Go modules
 * @returns a folder in the form of a PULUMI_HOME
 */
export async function ensureToolchain(
  vendor: boolean,
  mayInstall: boolean,
  say: (step: string) => void,
): Promise<string> {
  if (vendor) return downloadToolchain(mayInstall, say);
  const said = await build("airgap/toolchain/build.sh", [], mayInstall, say);
  return said.trim().split("\n").at(-1)!;
}

/** Not run here: no machine of ours reaches the download site. The npm package `pulumi` does the work. */
async function downloadToolchain(mayInstall: boolean, say: (step: string) => void): Promise<string> {
  const versions = toolVersions();
  const home = join(cacheFolder(), "pulumi", "official");
  const wanted = [
    {
      name: `Pulumi ${versions.pulumi}`,
      path: join("versions", versions.pulumi, "bin", "pulumi"),
      command: ["version"],
    },
    ...(["docker", "random"] as const).map((plugin) => ({
      name: `the ${plugin} plugin ${versions[plugin]}`,
      path: join("plugins", `resource-${plugin}-v${versions[plugin]}`),
      command: ["plugin", "install", "resource", plugin, versions[plugin]],
    })),
  ];
  process.env["PULUMI_HOME"] = home;
  for (const { name, path, command } of wanted) {
    if (existsSync(join(home, path))) continue;
    if (!mayInstall) throw new UserError(`${name} is not installed. Run again without --no-install.`);
    say(`downloading ${name}`);
    const { code, stderr } = await run("node_modules/.bin/pulumi", command);
    if (code !== 0) throw new UserError(`${name} could not be downloaded: ${stderr.trim()}. Run this again.`);
  }
  return home;
}
