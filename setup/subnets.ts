import { docker } from "../migrator/docker.ts";
import { UserError } from "../operations/errors.ts";
import type { Settings } from "../settings.ts";

/** A network as Docker has it, or as the settings want it. */
export interface Subnets {
  name: string;
  /** In CIDR form; empty for networks without addresses, such as `host`. */
  subnets: string[];
}

/** Refuses subnets that Docker would refuse half-way. */
export async function checkSubnets({ subnets, networks }: Settings): Promise<void> {
  if (subnets.database === undefined && subnets.service === undefined) return;
  const ids = (await docker(["network", "ls", "--quiet"])).split("\n").filter((id) => id !== "");
  const format = '{{.Name}}{{range .IPAM.Config}}{{"\\t"}}{{.Subnet}}{{end}}';
  const lines = (await docker(["network", "inspect", "--format", format, ...ids])).trim().split("\n");
  const existing = lines.map((line) => line.split("\t") as [string, ...string[]]);
  const problem = findOverlap(
    { key: "databaseSubnet", network: networks.database, subnet: subnets.database },
    { key: "serviceSubnet", network: networks.service, subnet: subnets.service },
    existing.map(([name, ...subnets]) => ({ name, subnets })),
  );
  if (problem !== undefined) throw new UserError(problem);
}

interface Wish {
  key: string;
  network: string;
  subnet: string | undefined;
}

/** What is wrong with the two subnets that a stack asks for, as a sentence; undefined when nothing is. */
export function findOverlap(database: Wish, service: Wish, existing: Subnets[]): string | undefined {
  const taken = existing.flatMap(({ name, subnets }) => subnets.map((subnet) => ({ name, subnet })));
  for (const { key, network, subnet } of [database, service]) {
    if (subnet === undefined) continue;
    const other = taken.find((entry) => entry.name !== network && overlaps(subnet, entry.subnet));
    if (other !== undefined) {
      return (
        `trading-db:${key} is ${subnet}, which overlaps ${other.subnet} of the network ${other.name}. ` +
        `Choose another one (pulumi config set ${key} 10.213.0.0/24), or let Docker choose (pulumi config rm ${key}).`
      );
    }
    taken.push({ name: network, subnet });
  }
  return undefined;
}

/** Whether two IPv4 subnets share an address. Subnets of IPv6 share none with them. */
export function overlaps(one: string, other: string): boolean {
  if (one.includes(":") || other.includes(":")) return false;
  const [first, second] = [parse(one), parse(other)];
  const shared = Math.min(first.prefix, second.prefix);
  const divisor = 2 ** (32 - shared);
  return Math.floor(first.address / divisor) === Math.floor(second.address / divisor);
}

function parse(subnet: string): { address: number; prefix: number } {
  const [address, prefix] = subnet.split("/") as [string, string];
  return { address: address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0), prefix: Number(prefix) };
}
