import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Networks } from "./networks.ts";

/** What every component of a long-running container is told. */
export interface ServiceArgs {
  /** Name of the container. */
  container: string;
  /** Name of the volume for its configuration and secret files. */
  configVolume: string;
  /** An image that keeps the official image's contract. */
  image: pulumi.Input<string>;
  networks: Networks;
  /** Address of the host that the port is published on. */
  bindAddress: pulumi.Input<string>;
  /** Port of the host. */
  port: pulumi.Input<number>;
  owner: Owner;
}

/**
 * What every long-running container of this layer has in common. Values that Docker would fill in by itself are written
 * out where the plugin would otherwise report them as drift at the next refresh.
 *
 * @param uid user and group that it runs as
 * @param config digest of the files with which it has to start anew
 */
export function hardened(
  { container, image, owner }: Pick<ServiceArgs, "container" | "image" | "owner">,
  uid: number,
  config: pulumi.Input<string>,
) {
  return {
    name: container,
    image,
    user: `${uid}:${uid}`,
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    restart: "unless-stopped",
    networkMode: "bridge",
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    // A database that is killed instead of stopped has to recover at its next start.
    destroyGraceSeconds: 90,
    stopTimeout: 90,
    // Every volume that an image declares is mounted by name, so there is nothing anonymous to remove.
    removeVolumes: false,
    // Readiness is ours (see the schema resources): the plugin's own wait neither fails fast nor shows a log.
    wait: false,
    init: false,
    shmSize: 64,
    labels: [...ownerLabels(owner), { label: "trading-db.config", value: config }],
  } satisfies docker.ContainerArgs;
}

/**
 * Options for containers: names and ports are fixed, so the old one goes first; and the plugin changes these three
 * properties in the state only, so that a change of them has to replace the container.
 */
export const replaceInPlace = {
  deleteBeforeReplace: true,
  replaceOnChanges: ["healthcheck", "tmpfs", "init"],
} satisfies pulumi.CustomResourceOptions;

/** Memory limit in MiB; swap has to be stated too, or each refresh reports what Docker made of it. */
export function memoryLimit(mebibytes: number): Partial<docker.ContainerArgs> {
  return { memory: mebibytes, memorySwap: mebibytes * 2 };
}

/** Labels by which set-up and operations tell this stack's containers from everybody else's. */
export function ownerLabels(owner: Owner): { label: string; value: pulumi.Input<string> }[] {
  return [
    { label: "trading-db.stack", value: owner.stack },
    { label: "trading-db.installation", value: owner.installation },
  ];
}

/** Whose a container is: the stack's name, and an identity that is born with the stack's state. */
export interface Owner {
  readonly stack: string;
  readonly installation: pulumi.Input<string>;
}
