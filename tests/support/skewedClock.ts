import { execFile } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { folder } from "./migrations.ts";

const run = promisify(execFile);

/**
 * Fetches Debian's libfaketime, which is no package of the images, and unpacks it into a folder that goes with the tests.
 * Nothing is installed.
 *
 * It lets go of the clock while a process waits. A timer of PostgreSQL's that goes off then compares with the true one, and
 * where that is ahead, takes all its timeouts for due: so a statement must not sleep for seconds.
 * @returns a function that makes options of `docker run`, by which all processes of a container see a clock that is wrong by
 * `shift`, such as "-2h". User 999 has to be theirs from the beginning: they share a semaphore, which is the first one's.
 */
export async function fetchSkewedClock(): Promise<(shift: string) => string[]> {
  const directory = folder({});
  const download = (...options: string[]) =>
    run("apt-get", [...options, "download", "libfaketime"], { cwd: directory });
  await download().catch(async () => {
    // The machine's package lists are missing or old, and belong to root: so with lists of one's own.
    for (const room of ["lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(directory, room), { recursive: true });
    }
    const own = ["-o", `Dir::State::Lists=${directory}/lists`, "-o", `Dir::Cache=${directory}/cache`];
    await run("apt-get", [...own, "update"]);
    await download(...own);
  });
  const [archive] = readdirSync(directory).filter((name) => name.endsWith(".deb"));
  await run("dpkg", ["-x", archive!, "unpacked"], { cwd: directory });
  const libraries = join(directory, "unpacked/usr/lib");
  const [machine] = readdirSync(libraries);
  return (shift) => [
    ...["--user", "999:999", "--volume", `${libraries}/${machine}/faketime:/faketime:ro`],
    ...["--env", "LD_PRELOAD=/faketime/libfaketime.so.1", "--env", `FAKETIME=${shift}`],
    // How long something takes is measured by another clock, which nobody sets.
    ...["--env", "FAKETIME_DONT_FAKE_MONOTONIC=1"],
  ];
}
