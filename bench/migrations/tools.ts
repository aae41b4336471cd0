import { execFileSync } from "node:child_process";

/** Where the tools are. */
export interface Tools {
  /** Folder of the project whose engine is measured. */
  ours: string;
  /** Folder of the others: see bench/build-migrators.sh. */
  rivals: string;
}

/** Installs and builds the other tools where they are not yet. @returns the folder that has them */
export function buildMigrators(): string {
  return execFileSync("bench/build-migrators.sh", { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

/** @throws Error where there is no psql */
export function psqlVersion(): string {
  try {
    return execFileSync("psql", ["--version"], { encoding: "utf8" }).trim();
  } catch {
    throw new Error("psql was not found, the baseline on PostgreSQL. Install it: apt-get install postgresql-client");
  }
}
