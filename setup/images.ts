import { UserError } from "../operations/errors.ts";
import { follow, run } from "../operations/process.ts";
import { relay } from "./interrupt.ts";
import type { Images } from "../settings.ts";

/**
 * Sees to it that the daemon has the images of a stack.
 *
 * @param images the four names
 * @param adminTools whether the two admin tools are wanted as well
 */
export async function ensureImages(
  images: Images,
  adminTools: boolean,
  mayInstall: boolean,
  say: (step: string) => void,
): Promise<void> {
  const wanted = [images.postgres, images.mongodb, ...(adminTools ? [images.pgadmin, images.mongoExpress] : [])];
  const local = wanted.filter((image) => image.startsWith("localhost/trading-db/"));
  if (local.length > 0) await buildImages(local, mayInstall, say);
  for (const image of wanted.filter((image) => !local.includes(image))) await pullImage(image, mayInstall, say);
}

/** Builds what has changed of the local images; knows itself when there is nothing to do. */
async function buildImages(images: string[], mayInstall: boolean, say: (step: string) => void): Promise<void> {
  const names = images.map((image) => /^localhost\/trading-db\/([a-z0-9-]+):/.exec(image)![1]!);
  const { code, stderr } = await follow(
    "airgap/images/build.sh",
    [...(mayInstall ? [] : ["--check"]), ...names],
    say,
    relay,
  );
  if (code !== 0) throw new UserError(stderr.trim());
}

async function pullImage(image: string, mayInstall: boolean, say: (step: string) => void): Promise<void> {
  if ((await run("docker", ["image", "inspect", image])).code === 0) return;
  if (!mayInstall)
    throw new UserError(`The image ${image} is not here. Run again without --no-install, or: docker pull ${image}`);
  say(`pulling ${image}`);
  const { code, stderr } = await run("docker", ["pull", "--quiet", image]);
  if (code === 0) return;
  throw new UserError(
    `The image ${image} could not be pulled: ${stderr.trim().split("\n").at(-1)}. ` +
      "Name another source (pulumi config set images REGISTRY/PREFIX), or build it here (pulumi config set images local).",
  );
}
