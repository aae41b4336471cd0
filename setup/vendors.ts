import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../operations/process.ts";
import { cacheFolder, writeWhole } from "./environment.ts";

/** Whether this machine reaches the places that official downloads come from. */
export interface Vendors {
  /** Pulumi's download site. */
  pulumi: boolean;
  /** The container registry that unqualified image names mean. */
  images: boolean;
}

/** Where the answers are kept; remove the file to have them asked for again. */
function vendorsFile(): string {
  return join(cacheFolder(), "vendors.json");
}

/**
 * Asks once, for five seconds at most, and remembers the answers: where a vendor can't be reached, its part is built from
 * package registries instead.
 */
export async function reachVendors(): Promise<Vendors> {
  const file = vendorsFile();
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Vendors;
  const [pulumi, images] = await Promise.all([answers("https://get.pulumi.com/install.sh"), registryAnswers()]);
  mkdirSync(cacheFolder(), { recursive: true });
  writeWhole(file, JSON.stringify({ pulumi, images }) + "\n", 0o666);
  return { pulumi, images };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

async function registryAnswers(): Promise<boolean> {
  return (await run("docker", ["manifest", "inspect", "postgres:15"], 5000)).code === 0;
}
