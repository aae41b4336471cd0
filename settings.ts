import { Cron } from "croner";
import { join } from "node:path";
import { z } from "zod";
import { nameResources, type Naming } from "./naming.ts";

/** A stack's configuration can't be used: the message is for people, and has the commands that mend it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** The four images that a stack runs, as names that the Docker daemon understands. */
export interface Images {
  readonly postgres: string;
  readonly mongodb: string;
  readonly pgadmin: string;
  readonly mongoExpress: string;
}

/** Backups by a schedule. */
export interface BackupSettings {
  /** A cron expression, in UTC. */
  readonly schedule: string;
  /** Folder of this host in which each stack has a folder for its backups. Absolute. */
  readonly place: string;
  /** See operations/backups/retention.ts. */
  readonly retention: { readonly count: number; readonly days: number };
}

/** Everything that a stack can decide, checked and with every default filled in. */
export interface Settings extends Naming {
  readonly stack: string;
  readonly images: Images;
  /** Address that published ports bind. */
  readonly bindAddress: string;
  /** Whether PgAdmin and Mongo Express run. */
  readonly adminTools: boolean;
  /** Whether `pulumi destroy` and the reset refuse to delete this stack's volumes. */
  readonly protect: boolean;
  /** Seed sets, in the order in which they are inserted. */
  readonly seedSets: readonly string[];
  /** Memory limits in MiB. */
  readonly memory: { readonly postgres: number; readonly mongodb: number };
  /** Subnets in CIDR form; undefined lets the Docker daemon choose. */
  readonly subnets: { readonly database: string | undefined; readonly service: string | undefined };
  /** A MongoDB user for services, with readWrite on the configurations alone; undefined lets services use `admin`. */
  readonly mongodbServiceUser: string | undefined;
  /** Undefined takes backups when they are asked for alone. */
  readonly backups: BackupSettings | undefined;
  /** Identity of age that backups are encrypted for, by a schedule or by hand; undefined does not encrypt. Secret. */
  readonly backupKey: string | undefined;
  /** Image of the container that takes them. It is built on this machine. */
  readonly backupImage: string;
  /** What it is built from: PostgreSQL, MongoDB and Node; none where the machine builds those, too. */
  readonly backupSources: readonly string[];
}

const PROJECT = "trading-db";

/** `images: local` names these; `airgap/images` builds them. `localhost/` keeps a missing one from being looked for elsewhere. */
const LOCAL_IMAGES: Images = {
  postgres: "localhost/trading-db/postgres:15",
  mongodb: "localhost/trading-db/mongo:6.0",
  pgadmin: "localhost/trading-db/pgadmin4:9.18",
  mongoExpress: "localhost/trading-db/mongo-express:1.0.2",
};

const PUBLISHED_IMAGES: Images = {
  postgres: "postgres:15",
  mongodb: "mongo:7",
  pgadmin: "dpage/pgadmin4:9",
  mongoExpress: "mongo-express:1.0.2",
};

const flag = z.enum(["true", "false"], { error: "must be true or false" }).transform((text) => text === "true");
const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);
const port = integer(1, 65535);
const memory = integer(256, 1048576);
const subnet = z
  .cidrv4({ error: "must be an IPv4 subnet such as 172.30.0.0/24", abort: true })
  .refine(isSubnet, "must be the first address of an IPv4 subnet of 8 to 29 bits, such as 172.30.0.0/24");

/** Pulumi hands structured values over as JSON. */
const backups = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be an object with a schedule" });
      return z.NEVER;
    }
  })
  .pipe(
    z.strictObject(
      {
        schedule: z.string().refine(isCron, "must have a cron expression as its schedule"),
        place: z.string().startsWith("/", "must have an absolute path as its place").optional(),
        retention: z
          .strictObject({ count: z.int().min(1).default(7), days: z.number().min(0).default(30) })
          .default({ count: 7, days: 30 }),
      },
      { error: "must be an object with a schedule" },
    ),
  );

const schema = z.strictObject({
  images: z
    .string()
    .regex(
      /^(published|local|[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(\/[a-z0-9._-]+)*)$/,
      "must be `published`, `local` or the prefix of a registry such as registry.example.com/mirror",
    )
    .optional(),
  adminTools: flag.default(false),
  sampleData: flag.default(false),
  protect: flag.default(false),
  bindAddress: z.ipv4({ error: "must be an IPv4 address of this host such as 127.0.0.1" }).default("127.0.0.1"),
  postgresPort: port.optional(),
  mongodbPort: port.optional(),
  pgadminPort: port.optional(),
  mongoExpressPort: port.optional(),
  postgresMemory: memory.default(1024),
  mongodbMemory: memory.default(1024),
  databaseSubnet: subnet.optional(),
  serviceSubnet: subnet.optional(),
  mongodbServiceUser: z
    .string()
    .regex(/^(?!admin$)[a-z][a-z0-9_]{0,62}$/, "must be a lower-case name other than admin, such as trading_service")
    .optional(),
  backups: backups.optional(),
  backupKey: z
    .string()
    .regex(/^AGE-SECRET-KEY-[A-Z0-9-]+$/, "must be a key of age such as age-keygen makes")
    .optional(),
});

/** A right setting of each key, for the command that an error message ends with. */
const EXAMPLES: Record<keyof z.input<typeof schema>, string> = {
  images: "images published",
  adminTools: "adminTools true",
  sampleData: "sampleData true",
  protect: "protect true",
  bindAddress: "bindAddress 127.0.0.1",
  postgresPort: "postgresPort 15432",
  mongodbPort: "mongodbPort 37017",
  pgadminPort: "pgadminPort 15050",
  mongoExpressPort: "mongoExpressPort 18081",
  postgresMemory: "postgresMemory 1024",
  mongodbMemory: "mongodbMemory 1024",
  databaseSubnet: "databaseSubnet 172.30.0.0/24",
  serviceSubnet: "serviceSubnet 172.30.1.0/24",
  mongodbServiceUser: "mongodbServiceUser trading_service",
  backups: '--path backups.schedule "0 3 * * *"',
  backupKey: "--secret backupKey AGE-SECRET-KEY-1...",
};

/**
 * Checks a stack's configuration and fills in the defaults.
 *
 * @param config all of the stack's configuration, keys with their namespace; other namespaces are left alone
 * @param machineImages where this machine gets its images when the stack doesn't say: set-up puts `local` there on a
 *   machine that no registry answers
 * @throws SettingsError that lists everything that is wrong, each with the command that mends it
 */
export function parseSettings(stack: string, config: Record<string, string>, machineImages?: string): Settings {
  const own = Object.entries(config).filter(([key]) => key.startsWith(`${PROJECT}:`));
  const result = schema.safeParse(
    Object.fromEntries(own.map(([key, value]) => [key.slice(PROJECT.length + 1), value])),
  );
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => describe(issue, config));
  if (!result.success) throw refusal(stack, problems);

  const values = result.data;
  const names = nameResources(stack);
  const ports = {
    postgres: values.postgresPort ?? names.ports.postgres,
    mongodb: values.mongodbPort ?? names.ports.mongodb,
    pgadmin: values.pgadminPort ?? names.ports.pgadmin,
    mongoExpress: values.mongoExpressPort ?? names.ports.mongoExpress,
  };
  const clashes = findClashes(values.adminTools ? ports : { postgres: ports.postgres, mongodb: ports.mongodb });
  if (clashes.length > 0) throw refusal(stack, clashes);
  return Object.freeze({
    ...names,
    ports,
    stack,
    images: chooseImages(values.images ?? machineImages ?? "published"),
    bindAddress: values.bindAddress,
    adminTools: values.adminTools,
    protect: values.protect,
    seedSets: values.sampleData ? ["default", "dev"] : ["default"],
    memory: { postgres: values.postgresMemory, mongodb: values.mongodbMemory },
    subnets: { database: values.databaseSubnet, service: values.serviceSubnet },
    mongodbServiceUser: values.mongodbServiceUser,
    backups: values.backups && {
      ...values.backups,
      place: values.backups.place ?? join(process.cwd(), "backups"),
    },
    backupKey: values.backupKey,
    backupImage: "localhost/trading-db/backup:15-6.0",
    backupSources: chooseBackupSources(values.images ?? machineImages ?? "published"),
  });
}

function isCron(text: string): boolean {
  try {
    new Cron(text, { paused: true });
    return true;
  } catch {
    return false;
  }
}

function chooseImages(source: string): Images {
  if (source === "published") return PUBLISHED_IMAGES;
  if (source === "local") return LOCAL_IMAGES;
  return {
    postgres: `${source}/${PUBLISHED_IMAGES.postgres}`,
    mongodb: `${source}/${PUBLISHED_IMAGES.mongodb}`,
    pgadmin: `${source}/${PUBLISHED_IMAGES.pgadmin}`,
    mongoExpress: `${source}/${PUBLISHED_IMAGES.mongoExpress}`,
  };
}

function chooseBackupSources(source: string): string[] {
  if (source === "local") return [];
  const names = [PUBLISHED_IMAGES.postgres, PUBLISHED_IMAGES.mongodb, "node:24-bookworm-slim"];
  return source === "published" ? names : names.map((name) => `${source}/${name}`);
}

function describe(issue: z.core.$ZodIssue, config: Record<string, string>): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => {
      const key = [...issue.path, name].join(".");
      const path = issue.path.length > 0 ? "--path " : "";
      return `${PROJECT}:${key} is not a setting of this project. Remove it: pulumi config rm ${path}${key}`;
    });
  }
  const key = String(issue.path[0]) as keyof typeof EXAMPLES;
  const value = key === "backupKey" ? "[secret]" : config[`${PROJECT}:${key}`];
  return [`${PROJECT}:${key} is "${value}" but ${issue.message}. For example: pulumi config set ${EXAMPLES[key]}`];
}

/** Docker takes no address within a subnet for the subnet, and a network needs addresses for a gateway and containers. */
function isSubnet(cidr: string): boolean {
  const { address, prefix } = parseSubnet(cidr);
  return prefix >= 8 && prefix <= 29 && address % 2 ** (32 - prefix) === 0;
}

/** The parts of an IPv4 subnet in CIDR form: its address as a number of 32 bits, and the length of its prefix. */
export function parseSubnet(cidr: string): { address: number; prefix: number } {
  const [address, prefix] = cidr.split("/") as [string, string];
  return { address: address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0), prefix: Number(prefix) };
}

function findClashes(ports: Partial<Settings["ports"]>): string[] {
  const byPort = Map.groupBy(Object.entries(ports), ([, number]) => number);
  return [...byPort]
    .filter(([, users]) => users.length > 1)
    .map(([number, users]) => {
      const keys = users.map(([service]) => `${PROJECT}:${service}Port`);
      const last = users[users.length - 1]![0] as keyof typeof ports;
      return `${keys.join(" and ")} are both ${number}. For example: pulumi config set ${last}Port ${number + 1}`;
    });
}

function refusal(stack: string, problems: string[]): SettingsError {
  return new SettingsError(
    [`The configuration of stack ${stack} can't be used:`, ...problems.map((problem) => `  - ${problem}`)].join("\n"),
  );
}
