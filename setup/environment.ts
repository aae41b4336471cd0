import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What this clone keeps for itself: state, passphrase, environment. Ignored by git. */
export const CLONE_FOLDER = ".trading-db";

/** What all clones of a user share: toolchain, downloads, built artefacts. */
export function cacheFolder(): string {
  return (
    process.env["TRADING_DB_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "trading-db")
  );
}

export interface Environment {
  /** Folder in the form of a PULUMI_HOME. */
  pulumiHome: string;
  /** Version of the Pulumi CLI in it. */
  pulumiVersion: string;
  /** Where images come from on this machine: `local` where no registry answers. */
  images: "published" | "local";
}

/**
 * Makes the environment in which `pulumi` works here, for this process and, as a file to source, for people.
 *
 * The state lives in a folder of this clone and the passphrase in a file (mode 0600), unless the environment already
 * names others: PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE.
 *
 * @returns path of the file to source
 */
export function establishEnvironment({ pulumiHome, pulumiVersion, images }: Environment): string {
  const clone = process.cwd();
  const passphraseFile = join(clone, CLONE_FOLDER, "passphrase");
  const state = join(clone, CLONE_FOLDER, "state");
  const file = join(clone, CLONE_FOLDER, "env");
  const path = [join(pulumiHome, "versions", pulumiVersion, "bin"), dirname(process.execPath)];

  process.env["PATH"] = [...path, process.env["PATH"]].join(delimiter);
  process.env["PULUMI_HOME"] = pulumiHome;
  process.env["PULUMI_SKIP_UPDATE_CHECK"] = "1";
  process.env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true";
  process.env["TRADING_DB_IMAGES"] ??= images;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  process.env["PULUMI_BACKEND_URL"] ??= `file://${state}`;
  if (usesGeneratedPassphrase()) {
    if (!existsSync(passphraseFile))
      writeFileSync(passphraseFile, randomBytes(32).toString("base64url"), { mode: 0o600 });
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = passphraseFile;
  }

  const lines = [
    "# Written by setup-databases.sh. What the environment already names wins.",
    `export PATH=${quote(path.join(delimiter))}:"$PATH"`,
    `export PULUMI_HOME=${quote(pulumiHome)}`,
    "export PULUMI_SKIP_UPDATE_CHECK=1 PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
    `[ -n "\${TRADING_DB_IMAGES+set}" ] || export TRADING_DB_IMAGES=${images}`,
    `[ -n "\${PULUMI_BACKEND_URL+set}" ] || export PULUMI_BACKEND_URL=${quote(`file://${state}`)}`,
    '[ -n "${PULUMI_CONFIG_PASSPHRASE+set}${PULUMI_CONFIG_PASSPHRASE_FILE+set}" ] ||',
    `  export PULUMI_CONFIG_PASSPHRASE_FILE=${quote(passphraseFile)}`,
  ];
  const text = lines.join("\n") + "\n";
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Whether nothing in the environment names a passphrase but a file that set-up itself has made. */
export function usesGeneratedPassphrase(): boolean {
  const named = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  return (
    process.env["PULUMI_CONFIG_PASSPHRASE"] === undefined &&
    (named === undefined || named === join(process.cwd(), CLONE_FOLDER, "passphrase"))
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
