import { setTimeout as sleep } from "node:timers/promises";
import { MongoServerError, type Db, type Document } from "mongodb";
import { LoginRefused, MigrationError, messageOf } from "../errors.ts";
import { connectMongo } from "./connection.ts";
import type { BootstrapReport, Connection } from "../types.ts";

const alreadyInitialized = 23;
const electionSeconds = 60;

export interface MongoServiceUser {
  user: string;
  /** Secret. */
  password: string;
  /** The one database that it may read and write. */
  database: string;
}

export interface MongoBootstrapRequest {
  /** As the root user. */
  connection: Connection;
  /** Secret. Where the server still takes this one instead of the connection's, the root user gets the connection's. */
  formerPassword?: string | undefined;
  /** Name or id of the server's container. */
  container?: string;
  /** Address by which members and services find this server: `mongodb:27017`. */
  replicaSetMember: string;
  /** A user for services; undefined makes none, and leaves alone one that was made before. */
  serviceUser?: MongoServiceUser;
  /** A user that may read and copy everything; undefined makes none, and leaves alone one that was made before. */
  backupUser?: { user: string; /** Secret. */ password: string };
}

interface WantedUser {
  user: string;
  password: string;
  roles: { role: string; db: string }[];
}

function wantedUsers({ serviceUser, backupUser }: MongoBootstrapRequest): WantedUser[] {
  const admin = ["backup", "clusterMonitor"].map((role) => ({ role, db: "admin" }));
  return [
    ...(serviceUser ? [{ ...serviceUser, roles: [{ role: "readWrite", db: serviceUser.database }] }] : []),
    ...(backupUser ? [{ ...backupUser, roles: admin }] : []),
  ];
}

/**
 * Makes what must stand before the first migration: the replica set rs0 with this server as its primary, majority
 * writes as the default, the service user, and root's own password. Repeated, it changes what is not as it should be, and
 * nothing else. Open connections stay.
 * @throws MigrationError when the server does not become ready and primary in time, LoginRefused when it takes none of
 * root's passwords.
 */
export async function bootstrapMongo(request: MongoBootstrapRequest): Promise<BootstrapReport> {
  const { client, isFormer } = await connectAsRoot(request);
  const admin = client.db("admin");
  const changes: string[] = [];
  try {
    if (await initiateReplicaSet(admin, request.replicaSetMember)) changes.push("made the replica set rs0");
    await waitForPrimary(admin);
    if (await setDefaultWriteConcern(admin)) changes.push("made majority the default write concern");
    for (const wanted of wantedUsers(request)) changes.push(...(await convergeUser(admin, request, wanted)));
    if (isFormer) {
      // Last, because this client can't connect once more after it.
      const { user, password: pwd } = request.connection;
      await admin.command({ updateUser: user, pwd, writeConcern: { w: "majority" } });
      changes.push(`set the password of ${user}`);
    }
    return { changes };
  } finally {
    await client.close();
  }
}

/** Logs in as root with the password that is wanted, or else with the former one. */
async function connectAsRoot({ connection, container, formerPassword = connection.password }: MongoBootstrapRequest) {
  try {
    return { client: await connectMongo(connection, { container }), isFormer: false };
  } catch (refusal) {
    if (!(refusal instanceof LoginRefused) || formerPassword === connection.password) throw refusal;
    try {
      return { client: await connectMongo({ ...connection, password: formerPassword }), isFormer: true };
    } catch (error) {
      // What is told is the password that should be right.
      throw error instanceof LoginRefused ? refusal : error;
    }
  }
}

async function initiateReplicaSet(admin: Db, member: string): Promise<boolean> {
  const hello = await admin.command({ hello: 1 });
  if (hello.setName) return false;
  try {
    await admin.command({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: member }] } });
    return true;
  } catch (error) {
    // Initiated before, and still on its way to a role in the set.
    if (error instanceof MongoServerError && error.code === alreadyInitialized) return false;
    throw error;
  }
}

async function waitForPrimary(admin: Db): Promise<void> {
  const deadline = performance.now() + electionSeconds * 1000;
  for (;;) {
    if ((await admin.command({ hello: 1 })).isWritablePrimary) return;
    if (performance.now() > deadline) break;
    await sleep(100);
  }
  const states = await memberStates(admin);
  throw new MigrationError(
    `MongoDB did not become primary of rs0 in ${electionSeconds} s: ${states}. A member that is REMOVED or DOWN can't ` +
      `reach itself by that name: give its container the name as a network alias, and run \`pulumi up --refresh\`.`,
  );
}

/** A member that is no longer in its set's configuration has no status, only an error that says so. */
async function memberStates(admin: Db): Promise<string> {
  try {
    const { members } = await admin.command({ replSetGetStatus: 1 });
    return members.map((member: Document) => `${member.name} is ${member.stateStr}`).join(", ");
  } catch (error) {
    return messageOf(error);
  }
}

async function setDefaultWriteConcern(admin: Db): Promise<boolean> {
  const current = await admin.command({ getDefaultRWConcern: 1 });
  if (current.defaultWriteConcern?.w === "majority" && current.defaultWriteConcernSource === "global") return false;
  await admin.command({
    setDefaultRWConcern: 1,
    defaultWriteConcern: { w: "majority" },
    writeConcern: { w: "majority" },
  });
  return true;
}

async function convergeUser(admin: Db, request: MongoBootstrapRequest, wanted: WantedUser): Promise<string[]> {
  const { user, password: pwd, roles } = wanted;
  const writeConcern = { w: "majority" };
  const { users } = await admin.command({ usersInfo: user });
  if (users.length === 0) {
    await admin.command({ createUser: user, pwd, roles, writeConcern });
    return [`made the user ${user}`];
  }
  const changes: string[] = [];
  if (!hasExactly(users[0].roles, roles)) {
    await admin.command({ updateUser: user, roles, writeConcern });
    changes.push(`reset the roles of ${user}`);
  }
  if (!(await canLogIn({ ...request.connection, user, password: pwd }))) {
    await admin.command({ updateUser: user, pwd, writeConcern });
    changes.push(`set the password of ${user}`);
  }
  return changes;
}

function hasExactly(found: Document[], wanted: WantedUser["roles"]): boolean {
  const names = (roles: Document[]) => JSON.stringify(roles.map(({ role, db }) => `${role} on ${db}`).sort());
  return names(found) === names(wanted);
}

/** What of a request stands already: a set that was never made, or a user, is left out. Changes nothing. */
export async function findMongo(request: MongoBootstrapRequest): Promise<object> {
  const wanted = wantedUsers(request);
  const client = await connectMongo(request.connection);
  try {
    // As a restore leaves it that is killed between its switch and its end. Users are asked for when it stands.
    if (!(await client.db("admin").command({ hello: 1 })).setName) return { replicaSetMember: undefined };
    const missing: string[] = [];
    for (const { user, password, roles } of wanted) {
      const { users } = await client.db("admin").command({ usersInfo: user });
      const stands = users[0] && hasExactly(users[0].roles, roles);
      if (!stands || !(await canLogIn({ ...request.connection, user, password }))) missing.push(user);
    }
    const named = { serviceUser: request.serviceUser?.user, backupUser: request.backupUser?.user };
    const lost = Object.entries(named).filter(([, user]) => user !== undefined && missing.includes(user));
    return Object.fromEntries(lost.map(([input]) => [input, undefined]));
  } finally {
    await client.close();
  }
}

/** Whether the server takes this user and password. */
async function canLogIn(connection: Connection): Promise<boolean> {
  try {
    await (await connectMongo(connection)).close();
    return true;
  } catch (error) {
    if (error instanceof LoginRefused) return false;
    throw error;
  }
}
