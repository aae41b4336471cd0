/** What a stack calls its things on the Docker daemon, and the ports that it publishes. */
export interface Naming {
  readonly containers: { postgres: string; mongodb: string; pgadmin: string; mongoExpress: string; backup: string };
  readonly volumes: {
    postgresData: string;
    postgresConfig: string;
    mongodbData: string;
    mongodbConfig: string;
    mongodbTmp: string;
    pgadminData: string;
    pgadminConfig: string;
    mongoExpressConfig: string;
    backupConfig: string;
    backupScratch: string;
  };
  readonly networks: { database: string; service: string };
  readonly ports: { postgres: number; mongodb: number; pgadmin: number; mongoExpress: number };
}

/** The stack that bears the plain names and the databases' own ports; every other one gets a suffix and a block of ports. */
export const DEFAULT_STACK = "dev";

/** Name and port by which members of the replica set, and services on either network, find MongoDB. The same in every stack. */
export const MONGODB_MEMBER = "mongodb:27017";

/**
 * Names and default ports of a stack. Pure: the same stack has the same names on every machine, so that scripts,
 * documentation and people can rely on them.
 *
 * @param stack a Pulumi stack name: letters, digits, `-`, `_` and `.`, all of which Docker takes in names
 */
export function nameResources(stack: string): Naming {
  const plain = stack === DEFAULT_STACK;
  const dashed = (name: string) => (plain ? name : `${name}-${stack}`);
  const underscored = (name: string) => (plain ? name : `${name}_${stack}`);
  const base = firstPort(stack);
  return {
    containers: {
      postgres: dashed("trading-postgres"),
      mongodb: dashed("trading-mongodb"),
      pgadmin: dashed("trading-pgadmin"),
      mongoExpress: dashed("trading-mongo-express"),
      backup: dashed("trading-backup"),
    },
    volumes: {
      postgresData: underscored("trading_postgres_data"),
      postgresConfig: underscored("trading_postgres_config"),
      mongodbData: underscored("trading_mongodb_data"),
      mongodbConfig: underscored("trading_mongodb_config"),
      mongodbTmp: underscored("trading_mongodb_tmp"),
      pgadminData: underscored("trading_pgadmin_data"),
      pgadminConfig: underscored("trading_pgadmin_config"),
      mongoExpressConfig: underscored("trading_mongo_express_config"),
      backupConfig: underscored("trading_backup_config"),
      backupScratch: underscored("trading_backup_scratch"),
    },
    networks: { database: dashed("trading-db-network"), service: dashed("trading-network") },
    ports: plain
      ? { postgres: 5432, mongodb: 27017, pgadmin: 5050, mongoExpress: 8081 }
      : { postgres: base, mongodb: base + 1, pgadmin: base + 2, mongoExpress: base + 3 },
  };
}

/** The one-shot container that writes a container's files. A prefix: no stack's suffix can make another container's name of it. */
export function writerOf(container: string): string {
  return `config-of-${container}`;
}

/** Every container that a stack can have, the writers included. */
export function allContainers({ containers }: Pick<Naming, "containers">): string[] {
  return Object.values(containers).flatMap((name) => [name, writerOf(name)]);
}

/**
 * The first of four ports between 20000 and 29999, below Linux's ephemeral range (32768 and up), from a 32-bit FNV-1a
 * hash of the stack's name. Two stacks can meet in one block; then one of them sets its ports in its configuration.
 */
function firstPort(stack: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(stack, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return 20000 + (hash % 2500) * 4;
}
