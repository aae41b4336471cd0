import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { listed } from "../migrator/errors.ts";
import type { ServiceEnvironment, StackOutputs } from "../outputs.ts";
import { deploy } from "./deploy.ts";
import { UserError } from "./errors.ts";
import { readOwnThings, recoverFromInterruption, removeLeftovers } from "./interruption.ts";
import { exportDeployment, readOutputs, readSettings } from "./stack.ts";
import { verify, type Check } from "./verify.ts";

/** Who logs in with a password that this stack has made. */
export interface Credential {
  /** What it is called where its password is renewed. */
  name: string;
  /** Where its user logs in. */
  server: "PostgreSQL" | "MongoDB" | "PgAdmin" | "Mongo Express";
  user: string;
  /** What its user does there. */
  use: string;
}

/** What a rotation came to. */
export interface Rotation {
  renewed: Credential[];
  /** The variables of trading services that have other values now. */
  environment: (keyof ServiceEnvironment)[];
  /** The checks that failed afterwards. */
  failed: Check[];
}

/** All who log in with a password. Admin tools that don't run have no place where anybody could. */
export function listCredentials({ postgres, mongodb, adminTools, backups }: StackOutputs): Credential[] {
  const server = "PostgreSQL";
  const hasServiceUser = mongodb.user !== "admin";
  const administration = "migrations, backups, Mongo Express";
  return [
    { name: "trading_migrator", server, user: "trading_migrator", use: "migrations and seeds" },
    { name: postgres.user, server, user: postgres.user, use: "trading services, PgAdmin" },
    { name: "trading_readonly", server, user: "trading_readonly", use: "who reads alone" },
    {
      name: "trading_replicator",
      server,
      user: "trading_replicator",
      use: "who streams the server's log, and copies it",
    },
    {
      name: "mongodb-admin",
      server: "MongoDB",
      user: "admin",
      use: hasServiceUser ? administration : `trading services, ${administration}`,
    },
    ...(hasServiceUser
      ? [{ name: "mongodb-service", server: "MongoDB" as const, user: mongodb.user, use: "trading services" }]
      : []),
    ...(backups
      ? [{ name: "mongodb-backup", server: "MongoDB" as const, user: backups.mongodbUser, use: "scheduled backups" }]
      : []),
    ...(adminTools === null
      ? []
      : [
          { name: "pgadmin", server: "PgAdmin" as const, user: adminTools.pgadmin.user, use: "its pages" },
          {
            name: "mongo-express",
            server: "Mongo Express" as const,
            user: adminTools.mongoExpress.user,
            use: "its pages",
          },
        ]),
  ];
}

/**
 * Gives users new passwords, in their servers and in the stack's state by one update, and tries them. Open connections
 * stay; PgAdmin and Mongo Express start anew. A run that was killed at any moment is ended by the next one, which begins
 * with an update that makes servers and state agree: only from there another password can be made without losing one.
 *
 * @param outputs of the stack before
 * @param names which; none means all
 * @param tell gets what is done, as it is done
 * @throws UserError for a name that is not known, and where an update fails
 */
export async function rotateCredentials(
  stack: Stack,
  outputs: StackOutputs,
  names: string[],
  tell: (line: string) => void,
): Promise<Rotation> {
  const renewed = choose(listCredentials(outputs), names);
  await recoverFromInterruption(stack, tell);
  await removeLeftovers(await readSettings(stack), await readOwnThings(stack));
  tell("… comparing the stack with what runs");
  await deploy(stack, tell);
  tell(`… making ${renewed.length === 1 ? "a new password" : `${renewed.length} new passwords`}`);
  await deploy(stack, tell, { replace: await passwordsOf(stack, renewed) }).catch((error: Error) => {
    throw new UserError(
      `${error.message}\nThe rotation has stopped half-way. Mend that, and run the same again: nobody is shut out by it.`,
    );
  });
  tell("… trying them");
  const after = await readOutputs(stack.name);
  const checks = await verify(after);
  const variables = Object.keys(after.environment) as (keyof ServiceEnvironment)[];
  return {
    renewed,
    environment: variables.filter((name) => after.environment[name] !== outputs.environment[name]),
    failed: checks.filter(({ problem }) => problem !== undefined),
  };
}

function choose(credentials: Credential[], names: string[]): Credential[] {
  const unknown = names.find((wanted) => !credentials.some(({ name }) => name === wanted));
  if (unknown !== undefined) {
    throw new UserError(
      `There is no credential "${unknown}" in this stack. There are ${listed(credentials.map(({ name }) => name))}. No password was changed.`,
    );
  }
  return names.length === 0 ? credentials : credentials.filter(({ name }) => names.includes(name));
}

/** URNs of the passwords, as components/credentials.ts names them. */
async function passwordsOf(stack: Stack, credentials: Credential[]): Promise<string[]> {
  const { resources = [] } = await exportDeployment(stack);
  const urns = new Set(resources.map(({ urn }) => urn));
  return [...urns].filter((urn) => credentials.some(({ name }) => urn.endsWith(`::trading-db-credentials-${name}`)));
}
