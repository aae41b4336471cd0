import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

/**
 * A volume whose contents are the point of the whole layer. Only `pulumi destroy` deletes it: a changed definition or a new
 * version of the plugin never replaces it, because to replace a volume is to delete it. A volume of this name that is
 * there already, from an earlier stack, is used as it is.
 *
 * @param protect whether `pulumi destroy` refuses to delete it
 */
export function dataVolume(name: string, volume: string, protect: boolean, parent: pulumi.Resource): docker.Volume {
  return new docker.Volume(
    name,
    { name: volume },
    { parent, protect, ignoreChanges: ["name", "driver", "driverOpts", "labels"] },
  );
}
