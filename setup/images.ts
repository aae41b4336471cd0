import { UserError } from "../operations/errors.ts";
import { run } from "../operations/process.ts";
import type { Images } from "../settings.ts";
import { alive } from "./alive.ts";
import { build } from "./build.ts";

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
  throw new UserError(
    `The image ${image} could not be pulled: ${stderr.trim().split("\n").at(-1)}. ` +
      "Name another source (pulumi config set images REGISTRY/PREFIX), or build it here (pulumi config set images local).",
  );
}
