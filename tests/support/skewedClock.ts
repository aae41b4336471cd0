import { randomBytes } from "node:crypto";
import { docker, images } from "./databases.ts";

/** Debian's libfaketime, on a volume of its own. */
export interface SkewedClock {
  /** Mounted, by the options, at /clock. */
  volume: string;
  /** Options of `docker run` by which all processes of a container see the clock that `settings` of libfaketime tell. */
  options(library: "libfaketime.so.1" | "libfaketimeMT.so.1", settings: Record<string, string>): string[];
  remove(): Promise<void>;
}

/** Fetches the library with a server's own image, whose Debian has the one that belongs to its libc. */
export async function fetchSkewedClock(server: keyof typeof images): Promise<SkewedClock> {
  const volume = `it-clock-${randomBytes(4).toString("hex")}`;
  const fetch =
    "apt-get -qq -o Acquire::Retries=3 update && cd /tmp && apt-get -qq -o Acquire::Retries=3 download libfaketime && " +
    "dpkg -x libfaketime_*.deb . && cp usr/lib/*/faketime/*.so.1 /clock && echo +0 >/clock/shift";
  const mount = ["--volume", `${volume}:/clock`];
  await docker("run", "--rm", "--user", "0", ...mount, "--entrypoint", "bash", images[server], "-c", fetch);
  return {
    volume,
    options(library, settings) {
      const environment = {
        LD_PRELOAD: `/clock/${library}`,
        // How long something takes is measured by another clock, which nobody sets.
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        ...settings,
      };
      return [...mount, ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`])];
    },
    remove: async () => void (await docker("volume", "rm", "--force", volume)),
  };
}
