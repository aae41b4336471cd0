import { messageOf } from "../../migrator/errors.ts";
import { bootstrapMongo } from "../../migrator/mongodb/bootstrap.ts";
import { bootstrapPostgres } from "../../migrator/postgresql/bootstrap.ts";
import { MONGODB_MEMBER } from "../../naming.ts";
import type { StackOutputs } from "../../outputs.ts";
import { mongodbAsAdmin } from "../connections.ts";
import { UserError } from "../errors.ts";
import { start, stop } from "../lifecycle.ts";
import { WHOLE } from "./generation.ts";
import { scratchContainer, type ScratchEngine } from "./scratch.ts";
import { interruption, reasonOf } from "./signals.ts";
import { run } from "./tools.ts";

/** What the generation that was in use before is called, with the time of the switch behind it. */
export const PREVIOUS = "previous-";

/**
 * Puts the generations that `prepareGeneration` made in the place of those that are in use: the servers stop, two renames
 * in each volume, the servers start. The former generations stay. Roles and users get the passwords of the stack's state.
 * @param engines whose generation was prepared
 */
export async function switchGenerations(
  outputs: StackOutputs,
  engines: readonly ScratchEngine[] = ["postgresql", "mongodb"],
): Promise<void> {
  const previous = `${PREVIOUS}${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  const inEach = (script: string) =>
    inBothVolumes(
      outputs,
      `for v in ${engines.map((engine) => `/generations/${engine}`).join(" ")}; do ${script}; done`,
    );
  // What a restore that was killed left of the other server is not of this one.
  const others = (["postgresql", "mongodb"] as const).filter((engine) => !engines.includes(engine));
  const forgetOthers = others
    .map((engine) => `[ ! -e /generations/${engine}/current ] || rm -rf /generations/${engine}/${WHOLE};`)
    .join("");
  // The others have no use for a server that knows neither its set nor their passwords yet, and would fail.
  const servers = { ...outputs, backups: null, adminTools: null };
  try {
    await stop(outputs);
    // Killed between its renames, a start script ends the switch of its volume.
    await inEach(`${forgetOthers} mv -T "$v/current" "$v/${previous}"; mv -T "$v/${WHOLE}" "$v/current"`);
    await start(servers);
    interruption.throwIfAborted();
    await bootstrap(outputs);
  } catch (error) {
    await stop(outputs);
    // Each volume from where it was left.
    await inEach(
      `[ ! -e "$v/${previous}" ] || { [ ! -e "$v/current" ] || mv -T "$v/current" "$v/${WHOLE}"; mv -T "$v/${previous}" "$v/current"; }`,
    );
    await start(outputs);
    throw new UserError(`${reasonOf(error)}\nThe data that were in use before are in use again.`);
  }
  await start(outputs).catch(async (error) => {
    // A signal may have ended what started them.
    if (interruption.aborted) return start(outputs);
    throw new UserError(`${messageOf(error)}\nThe databases themselves are restored, and in use.`);
  });
}

/** The backup brought roles and users as they were. They get what the stack's state knows. */
async function bootstrap(outputs: StackOutputs): Promise<void> {
  const { postgres, mongodb, backups } = outputs;
  const { trading_migrator, trading_user, trading_readonly, trading_replicator } = postgres.passwords;
  await bootstrapPostgres({
    container: postgres.container,
    database: postgres.database,
    passwords: {
      migrator: trading_migrator,
      user: trading_user,
      readonly: trading_readonly,
      replicator: trading_replicator,
    },
  });
  await bootstrapMongo({
    connection: mongodbAsAdmin(outputs),
    container: mongodb.container,
    replicaSetMember: MONGODB_MEMBER,
    ...(mongodb.user !== "admin" && {
      serviceUser: { user: mongodb.user, password: mongodb.password, database: mongodb.database },
    }),
    ...(backups && { backupUser: { user: backups.mongodbUser, password: backups.mongodbPassword } }),
  });
}

/**
 * Removes generations that were in use until a restore: what came after it is in a proven backup.
 * @param backup name of that backup. What was put aside since it began stays
 * @returns how many
 */
export async function forgetFormerGenerations(outputs: StackOutputs, backup: string): Promise<number> {
  const isFormer = `[[ "\${g##*/}" < "${PREVIOUS}${backup}" ]]`;
  const removed = await inBothVolumes(
    outputs,
    `shopt -s nullglob; for g in /generations/*/${PREVIOUS}*; do if ${isFormer}; then rm -rf "$g"; echo "$g"; fi; done`,
  );
  return removed.split("\n").filter(Boolean).length;
}

async function inBothVolumes({ postgres, mongodb }: StackOutputs, script: string): Promise<string> {
  const volumes = [`${postgres.dataVolume}:/generations/postgresql`, `${mongodb.dataVolume}:/generations/mongodb`];
  const { tools, close } = await scratchContainer(postgres.image, "/generations", volumes);
  return run(tools, ["bash", "-euc", script]).finally(close);
}
