import { docker } from "../migrator/docker.ts";
import { UserError } from "./errors.ts";
import { run } from "./process.ts";
import { parseSubnet, type Settings } from "../settings.ts";

/** A network as Docker has it. */
export interface Network {
  name: string;
  /** In CIDR form; empty for networks without addresses, such as `host`. */
  subnets: string[];
  /** Names of the running containers on it. */
  containers: string[];
}

/** The first subnet of the settings that overlaps another network's, with its key; undefined where none does. */
export async function findSubnetOverlap({ subnets, networks }: Settings): Promise<Overlap | undefined> {
  if (subnets.database === undefined && subnets.service === undefined) return undefined;
  return overlapOf(wishesOf({ subnets, networks }), await listNetworks());
}

/** Refuses subnets that Docker would refuse half-way, and changes of them that it would. */
export async function checkSubnets({ subnets, networks, containers }: Settings): Promise<void> {
  if (subnets.database === undefined && subnets.service === undefined) return;
  const wishes = wishesOf({ subnets, networks });
  const existing = await listNetworks();
  const problem = findOverlap(wishes, existing) ?? findGuests(wishes, existing, Object.values(containers));
  if (problem !== undefined) throw new UserError(problem);
}

function wishesOf({ subnets, networks }: Pick<Settings, "subnets" | "networks">): Wish[] {
  return [
    { key: "databaseSubnet", network: networks.database, subnet: subnets.database },
    { key: "serviceSubnet", network: networks.service, subnet: subnets.service },
  ];
}

interface Inspected {
  Name: string;
  IPAM: { Config: { Subnet: string }[] | null };
  Containers: Record<string, { Name: string }>;
}

async function listNetworks(): Promise<Network[]> {
  const ids = (await docker(["network", "ls", "--quiet"])).split("\n").filter((id) => id !== "");
  // One that somebody has removed meanwhile is left out.
  const { code, stdout, stderr } = await run("docker", ["network", "inspect", ...ids]);
  if (code !== 0 && !/not found/i.test(stderr))
    throw new UserError(`Docker does not tell its networks: ${stderr.trim()}`);
  const networks = JSON.parse(stdout) as Inspected[];
  return networks.map(({ Name, IPAM, Containers }) => ({
    name: Name,
    subnets: (IPAM.Config ?? []).map(({ Subnet }) => Subnet),
    containers: Object.values(Containers).map((container) => container.Name),
  }));
}

interface Wish {
  key: string;
  network: string;
  subnet: string | undefined;
}

interface Overlap {
  key: string;
  problem: string;
}

/** What is wrong with the two subnets that a stack asks for, as a sentence; undefined when nothing is. */
export function findOverlap(wishes: Wish[], existing: Pick<Network, "name" | "subnets">[]): string | undefined {
  const found = overlapOf(wishes, existing);
  if (found === undefined) return undefined;
  const { key, problem } = found;
  return `${problem} Choose another one (pulumi config set ${key} 10.213.0.0/24), or let Docker choose (pulumi config rm ${key}).`;
}

function overlapOf(wishes: Wish[], existing: Pick<Network, "name" | "subnets">[]): Overlap | undefined {
  const taken = existing.flatMap(({ name, subnets }) => subnets.map((subnet) => ({ name, subnet })));
  for (const { key, network, subnet } of wishes) {
    if (subnet === undefined) continue;
    const other = taken.find((entry) => entry.name !== network && overlaps(subnet, entry.subnet));
    if (other !== undefined) {
      const problem = `trading-db:${key} is ${subnet}, which overlaps ${other.subnet} of the network ${other.name}.`;
      return { key, problem };
    }
    taken.push({ name: network, subnet });
  }
  return undefined;
}

/** A network gets another subnet by being made anew, which Docker refuses while containers that are not ours are on it. */
export function findGuests(wishes: Wish[], existing: Network[], ours: string[]): string | undefined {
  for (const { key, network, subnet } of wishes) {
    const found = existing.find(({ name }) => name === network);
    if (subnet === undefined || found === undefined || found.subnets.includes(subnet)) continue;
    const guests = found.containers.filter((name) => !ours.includes(name));
    if (guests.length === 0) continue;
    return (
      `trading-db:${key} is ${subnet}, but the network ${network} has ${found.subnets.join(", ")} and is in use by ${guests.join(", ")}. ` +
      `Take them off it first: ${guests.map((name) => `docker network disconnect ${network} ${name}`).join(" && ")}`
    );
  }
  return undefined;
}

/** Whether two IPv4 subnets share an address. Subnets of IPv6 share none with them. */
export function overlaps(one: string, other: string): boolean {
  if (one.includes(":") || other.includes(":")) return false;
  const [first, second] = [parseSubnet(one), parseSubnet(other)];
  const shared = Math.min(first.prefix, second.prefix);
  const divisor = 2 ** (32 - shared);
  return Math.floor(first.address / divisor) === Math.floor(second.address / divisor);
}
