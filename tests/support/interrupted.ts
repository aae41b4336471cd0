import type { Connection, Engine } from "../../migrator/types.ts";
import { startProxy, type Fate } from "./proxy.ts";
import { startMigrate } from "./runner.ts";

/** Migrates through a wire, and kills the process at the message that `decide` does not let pass. */
export async function interrupted(
  engine: Engine,
  connection: Connection,
  directory: string,
  decide: (message: Buffer) => Fate,
) {
  let kill = () => {};
  const proxy = await startProxy(connection, decide, () => kill());
  try {
    const run = startMigrate(engine, { ...connection, host: proxy.host, port: proxy.port }, directory);
    kill = () => void run.process.kill("SIGKILL");
    return await run.ended;
  } finally {
    await proxy.close();
  }
}
