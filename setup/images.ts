import { UserError } from "../operations/errors.ts";
import { run } from "../operations/process.ts";
import type { Settings } from "../settings.ts";
import { alive } from "./alive.ts";
import { build } from "./build.ts";

/** Which images a stack runs. @param everything whether those are wanted, too, that its settings leave out */
export function imagesOf({ images, adminTools, backups, backupImage }: Settings, everything = false): string[] {
  return [
    images.postgres,
    images.mongodb,
    ...(adminTools || everything ? [images.pgadmin, images.mongoExpress] : []),
    ...(backups || everything ? [backupImage] : []),
  ];
}

/**
 * Sees to it that the daemon has the images of a stack.
 *
 * @param wanted their names
 * @param backupSources see settings.ts
 */
export async function ensureImages(
  wanted: string[],
  backupSources: readonly string[],
  mayInstall: boolean,
  say: (step: string) => void,
): Promise<void> {
  // The build script is told by its environment.
  if (backupSources.length > 0) process.env["TRADING_DB_BACKUP_FROM"] = backupSources.join(" ");
  const local = wanted.filter((image) => image.startsWith("localhost/trading-db/"));
  const names = local.map((image) => /^localhost\/trading-db\/([a-z0-9-]+):/.exec(image)![1]!);
  if (names.length > 0) await build("airgap/images/build.sh", names, mayInstall, say);
  for (const image of wanted.filter((image) => !local.includes(image))) await pullImage(image, mayInstall, say);
}

async function pullImage(image: string, mayInstall: boolean, say: (step: string) => void): Promise<void> {
  if ((await run("docker", ["image", "inspect", image])).code === 0) return;
  if (!mayInstall)
    throw new UserError(`The image ${image} is not here. Run again without --no-install, or: docker pull ${image}`);
  say(`pulling ${image}`);
  const { code, stderr } = await alive(() => `pulling ${image}`, say, run("docker", ["pull", "--quiet", image]));
  if (code === 0) return;
  const why = stderr.trim().split("\n").at(-1)!.replace(/\.$/, "");
  throw new UserError(
    `The image ${image} could not be pulled: ${why}. ` +
      "Name another source (pulumi config set images REGISTRY/PREFIX), or build it here (pulumi config set images local).",
  );
}
