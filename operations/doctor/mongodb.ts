import type { MongoClient } from "mongodb";
import { setTimeout as sleep } from "node:timers/promises";
import { LoginRefused, messageOf } from "../../migrator/errors.ts";
import { connectMongo } from "../../migrator/mongodb/connection.ts";
import type { Connection } from "../../migrator/types.ts";
import type { StackOutputs } from "../../outputs.ts";
import { mongodbAsAdmin, mongodbAsBackup, mongodbAsService } from "../connections.ts";
import { run } from "../process.ts";
import { setUp, tradingDb, type Check, type Fault } from "./check.ts";

/** Milliseconds that the only member of a set may take to elect itself. */
const ELECTION = 10_000;

/** What a running MongoDB suffers from. */
export async function mongodbChecks(stack: string, outputs: StackOutputs): Promise<Check[]> {
  let client: MongoClient;
  try {
    client = await connectMongo(mongodbAsAdmin(outputs));
  } catch (error) {
    const isLogin = error instanceof LoginRefused;
    const problem = isLogin ? error.reason : messageOf(error);
    const cure = tradingDb(stack, isLogin ? "recover-mongodb" : "restart");
    return [{ name: "MongoDB lets admin in", look: () => ({ problem, cure }) }];
  }
  try {
    const [role, version] = [await findLostRole(client, stack, outputs), await findOldVersion(client, stack)];
    return [
      { name: "MongoDB lets admin in", look: () => undefined },
      { name: `MongoDB is the primary of ${outputs.mongodb.replicaSet}`, look: () => role },
      { name: "MongoDB's feature compatibility version is its own", look: () => version },
      ...(outputs.mongodb.user === "admin" ? [] : [loginCheck(stack, mongodbAsService(outputs))]),
      ...(outputs.backups === null ? [] : [loginCheck(stack, mongodbAsBackup(outputs, outputs.backups))]),
    ];
  } finally {
    await client.close();
  }
}

/**
 * Whether the root user has the password that the server's own file says, where no output of the stack says it: an update
 * that fails at this never comes to its outputs.
 */
export function firstPassword(stack: string, container: string): Check {
  const login = `db.getSiblingDB("admin").auth("admin", require("fs").readFileSync("/data/configdb/admin-password", "utf8"))`;
  return {
    name: "MongoDB lets admin in",
    async look() {
      const { code, stdout, stderr } = await run("docker", [
        "exec",
        container,
        "mongosh",
        "--quiet",
        "--norc",
        "--eval",
        login,
      ]);
      if (code === 0) return undefined;
      if (/Authentication failed/.test(stdout + stderr)) {
        return { problem: "MongoDB refuses the password of admin.", cure: tradingDb(stack, "recover-mongodb") };
      }
      return { problem: `MongoDB can't be asked: ${stderr.trim().split("\n")[0]}.`, cure: tradingDb(stack, "restart") };
    },
  };
}

async function findLostRole(client: MongoClient, stack: string, { mongodb }: StackOutputs): Promise<Fault | undefined> {
  const { replicaSet } = mongodb;
  for (const deadline = Date.now() + ELECTION; ; await sleep(500)) {
    const { setName, isWritablePrimary } = await client.db("admin").command({ hello: 1 });
    if (setName === undefined) {
      return { problem: `MongoDB was never made a member of ${replicaSet}.`, cure: setUp(stack) };
    }
    if (isWritablePrimary) return undefined;
    if (Date.now() > deadline) {
      return {
        problem: `MongoDB is no primary of ${replicaSet} and takes no writes.`,
        cure: tradingDb(stack, "restart"),
      };
    }
  }
}

async function findOldVersion(client: MongoClient, stack: string): Promise<Fault | undefined> {
  const admin = client.db("admin");
  const { version } = await admin.command({ buildInfo: 1 });
  const { featureCompatibilityVersion: found } = await admin.command({
    getParameter: 1,
    featureCompatibilityVersion: 1,
  });
  const own = version.split(".").slice(0, 2).join(".");
  if (found.version === own && found.targetVersion === undefined) return undefined;
  // From 7.0 on the command wants to be confirmed.
  const confirm = Number(own) >= 7 ? ", confirm: true" : "";
  return {
    problem: `MongoDB ${own} keeps its data in the form of ${found.version}, from which no later MongoDB than ${own} takes them over.`,
    cure: tradingDb(stack, `mongosh --eval 'db.adminCommand({ setFeatureCompatibilityVersion: "${own}"${confirm} })'`),
  };
}

function loginCheck(stack: string, connection: Connection): Check {
  return {
    name: `MongoDB lets ${connection.user} in`,
    async look() {
      try {
        await (await connectMongo(connection)).close();
        return undefined;
      } catch (error) {
        return { problem: error instanceof LoginRefused ? error.reason : messageOf(error), cure: setUp(stack) };
      }
    },
  };
}
