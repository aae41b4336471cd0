import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { ownerLabels, replaceInPlace, type Owner } from "./hardening.ts";

export interface ConfigVolumeArgs {
  /** Name of the volume that receives the files. */
  volume: pulumi.Input<string>;
  /** Where the volume is mounted, in the writer and in the service. */
  path: string;
  /** Name of the one-shot container that writes them. */
  container: pulumi.Input<string>;
  /** An image with /bin/sh and install: the one that will read the files. */
  image: pulumi.Input<string>;
  /** File name to content. Each file gets mode 0400. Secret contents stay secret. */
  files: Record<string, pulumi.Input<string>>;
  /** Further files, which are opened whenever they are needed: with other contents the service goes on as it is. @default none */
  liveFiles?: Record<string, pulumi.Input<string>>;
  /** Numeric user and group that own the files and the data folders. */
  uid: number;
  /** Volumes, or folders of the host, that the same user has to own: mount path to the volume's name or the folder. */
  data: Record<string, pulumi.Input<string>>;
  owner: Owner;
}

/**
 * A volume of configuration and secret files, readable by one user alone.
 *
 * Docker refuses uploads into a container whose root is read-only, and a secret in the environment or the arguments is
 * shown by `docker inspect`. So a one-shot container without a network receives the files, installs them with the right
 * owner and mode, removes its own copies and ends; the service mounts the volume read-only.
 */
export class ConfigVolume extends pulumi.ComponentResource {
  /** Name of the volume. */
  declare readonly volume: pulumi.Output<string>;
  /**
   * What the service has to depend on: there once the files are in the volume. In none of its properties, because Pulumi
   * replaces what takes a property from a container that goes before it comes anew.
   */
  declare readonly written: pulumi.Output<pulumi.Resource>;
  /** SHA-256 of `files`, in hex. Not a secret: what it hashes is either public or 32 random characters. */
  declare readonly digest: pulumi.Output<string>;

  constructor(name: string, args: ConfigVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:ConfigVolume", name, {}, opts);

    const volume = new docker.Volume(`${name}-volume`, { name: args.volume }, { parent: this });
    const writer = new docker.Container(
      `${name}-writer`,
      {
        name: args.container,
        image: args.image,
        user: "0:0",
        entrypoints: ["/bin/sh", "-ec"],
        command: [INSTALL, "write-config", String(args.uid), args.path, ...Object.keys(args.data)],
        uploads: Object.entries({ ...args.files, ...args.liveFiles }).map(([file, content]) => ({
          file: `/upload/${file}`,
          content,
          permissions: "0400",
        })),
        volumes: [
          { volumeName: volume.name, containerPath: args.path },
          ...Object.entries(args.data).map(([containerPath, source]) => mount(containerPath, source)),
        ],
        capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"] },
        securityOpts: ["no-new-privileges"],
        networkMode: "none",
        restart: "no",
        mustRun: false,
        attach: true,
        removeVolumes: false,
        logDriver: "json-file",
        labels: ownerLabels(args.owner),
      },
      { parent: this, ...replaceInPlace },
    );

    this.volume = volume.name;
    this.written = pulumi.all([volume.name, writer.name, writer.exitCode]).apply((facts) => {
      refuseUnlessWritten(...facts);
      return writer;
    });
    this.digest = pulumi.unsecret(
      pulumi.output(args.files).apply((files) => createHash("sha256").update(JSON.stringify(files)).digest("hex")),
    );
    this.registerOutputs({ volume: this.volume, digest: this.digest });
  }
}

function mount(containerPath: string, source: pulumi.Input<string>) {
  const isFolder = typeof source === "string" && source.startsWith("/");
  return isFolder ? { hostPath: source, containerPath } : { volumeName: source, containerPath };
}

/** @throws RunError where the writer failed: a service would start without its files, and fail for ever. */
export function refuseUnlessWritten(volume: string, writer: string, exitCode: number): void {
  if (exitCode === 0) return;
  throw new pulumi.RunError(
    `The container ${writer} could not write its files into the volume ${volume} (exit code ${exitCode}); ` +
      `its log says why: docker logs ${writer}. Mend that, then: docker rm ${writer} && pulumi up --refresh`,
  );
}

/**
 * Arguments: the owner's number, the volume's folder, then the folders that it has to own. Each file takes the place of its
 * former self at once, because a server may be reading it. Plain enough for busybox.
 */
const INSTALL = `
uid=$1 config=$2; shift 2
for folder; do
  [ "$(stat -c %u "$folder")" = "$uid" ] || chown -R "$uid:$uid" "$folder"
  chmod 0700 "$folder"
done
for file in /upload/*; do
  install -o "$uid" -g "$uid" -m 0400 "$file" "$config/.new"
  mv -f "$config/.new" "$config/\${file##*/}"
done
chown "$uid:$uid" "$config"; chmod 0500 "$config"
rm -rf /upload
`.trim();
