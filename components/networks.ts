import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownerLabels, type Owner } from "./hardening.ts";

export interface NetworksArgs {
  /** Name of the network for databases and admin tools. */
  databaseNetwork: pulumi.Input<string>;
  /** Name of the network for trading services. */
  serviceNetwork: pulumi.Input<string>;
  /** Subnet of the database network in CIDR form. @default chosen by the Docker daemon */
  databaseSubnet?: pulumi.Input<string> | undefined;
  /** Subnet of the service network in CIDR form. @default chosen by the Docker daemon */
  serviceSubnet?: pulumi.Input<string> | undefined;
  owner: Owner;
}

/**
 * The two networks. Databases and admin tools live on the database network; trading services live on the service
 * network. The link between the two is that the database containers, and they alone, are on both.
 */
export class Networks extends pulumi.ComponentResource {
  /** Name of the database network, known once it exists. */
  declare readonly database: pulumi.Output<string>;
  /** Name of the service network, known once it exists. */
  declare readonly service: pulumi.Output<string>;

  constructor(name: string, args: NetworksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tradingdb:index:Networks", name, {}, opts);
    const labels = ownerLabels(args.owner);

    // `internal` would also take away the published ports; without masquerading no answer comes back from beyond the host,
    // and loopback still gets in. A container on both networks routes by the network whose name sorts first, which is this one.
    const database = new docker.Network(
      `${name}-database`,
      {
        name: args.databaseNetwork,
        driver: "bridge",
        options: { "com.docker.network.bridge.enable_ip_masquerade": "false" },
        labels,
        ...subnetOf(args.databaseSubnet),
      },
      { parent: this, deleteBeforeReplace: true },
    );
    const service = new docker.Network(
      `${name}-service`,
      { name: args.serviceNetwork, driver: "bridge", labels, ...subnetOf(args.serviceSubnet) },
      { parent: this, deleteBeforeReplace: true },
    );

    this.database = database.name;
    this.service = service.name;
    this.registerOutputs({ database: this.database, service: this.service });
  }
}

function subnetOf(subnet: pulumi.Input<string> | undefined): Partial<docker.NetworkArgs> {
  return subnet === undefined ? {} : { ipamConfigs: [{ subnet }] };
}
