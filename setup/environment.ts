import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What this clone keeps for itself: state, passphrase, environment. Ignored by git. */
const CLONE_FOLDER = ".trading-db";

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
  /** Where images come from on this machine: `local` where no registry answers. A clone keeps what it began with. */
  images: "published" | "local";
}

/**
 * Makes the environment in which `pulumi` works here, for this process and, as a file to source, for people.
 *
 * The state lives in a folder of this clone and the passphrase in a file (mode 0600), unless the environment already
 * names others: PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE. Those of another clone, left
 * by its file in the same shell, don't count: this clone would act on that one's databases.
 *
 * @returns path of the file to source
 */
export function establishEnvironment({ pulumiHome, pulumiVersion, images }: Environment): string {
  const clone = process.cwd();
  const passphraseFile = generatedPassphrase();
  const state = join(clone, CLONE_FOLDER, "state");
  const file = join(clone, CLONE_FOLDER, "env");
  const path = [join(clone, "cli"), join(pulumiHome, "versions", pulumiVersion, "bin"), dirname(process.execPath)];

  process.env["PATH"] = [...path, process.env["PATH"]].join(delimiter);
  process.env["PULUMI_HOME"] = pulumiHome;
  process.env["PULUMI_SKIP_UPDATE_CHECK"] = "1";
  process.env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true";
  const source = imagesBefore(file) ?? images;
  const compileCache = join(cacheFolder(), "compiled");
  process.env["TRADING_DB_IMAGES"] ??= source;
  // Half of the program's time would go into compiling the same packages again.
  process.env["NODE_COMPILE_CACHE"] ??= compileCache;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  if (/^(file:\/\/.*\/\.trading-db\/state)?$/.test(process.env["PULUMI_BACKEND_URL"] ?? ""))
    process.env["PULUMI_BACKEND_URL"] = `file://${state}`;
  if (usesGeneratedPassphrase()) {
    if (!existsSync(passphraseFile)) writeWhole(passphraseFile, randomBytes(32).toString("base64url"));
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = passphraseFile;
  }

  const lines = [
    "# Written by setup-databases.sh. What the environment already names wins, unless another clone named it.",
    `export PATH=${quote(path.join(delimiter))}:"$PATH"`,
    `export PULUMI_HOME=${quote(pulumiHome)}`,
    "export PULUMI_SKIP_UPDATE_CHECK=1 PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
    `[ -n "\${TRADING_DB_IMAGES+set}" ] || export TRADING_DB_IMAGES=${source}`,
    `[ -n "\${NODE_COMPILE_CACHE+set}" ] || export NODE_COMPILE_CACHE=${quote(compileCache)}`,
    'case "${PULUMI_BACKEND_URL-}" in "" | file://*/.trading-db/state)',
    `  export PULUMI_BACKEND_URL=${quote(`file://${state}`)} ;;`,
    "esac",
    'case "${PULUMI_CONFIG_PASSPHRASE+set}${PULUMI_CONFIG_PASSPHRASE_FILE-}" in "" | */.trading-db/passphrase)',
    `  export PULUMI_CONFIG_PASSPHRASE_FILE=${quote(passphraseFile)} ;;`,
    "esac",
  ];
  const text = lines.join("\n") + "\n";
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeWhole(file, text);
  return file;
}

function generatedPassphrase(): string {
  return join(process.cwd(), CLONE_FOLDER, "passphrase");
}

/** Where images came from when this clone was set up: its volumes belong to those, whatever answers today. */
function imagesBefore(file: string): string | undefined {
  return existsSync(file) ? /export TRADING_DB_IMAGES=(\w+)/.exec(readFileSync(file, "utf8"))?.[1] : undefined;
}

/** A file that is never found half-written. @param mode @default for its user alone */
export function writeWhole(file: string, text: string, mode = 0o600): void {
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}

/** Whether nothing in the environment names a passphrase but a file that set-up itself has made, here or in another clone. */
export function usesGeneratedPassphrase(): boolean {
  const named = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "";
  return process.env["PULUMI_CONFIG_PASSPHRASE"] === undefined && /^(.*\/\.trading-db\/passphrase)?$/.test(named);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
