import { describe, expect, test } from "@jest/globals";
import { parseSettings } from "../../../settings.ts";
import { checkFreeSpace, checkMemory } from "../../../setup/preflight.ts";

const GIBIBYTE = 1024 ** 3;

describe("memory", () => {
  const settings = parseSettings("dev", { "trading-db:postgresMemory": "1024", "trading-db:mongodbMemory": "2048" });

  test("is enough where the machine has as much as both databases may use", () => {
    expect(() => checkMemory(settings, 3 * GIBIBYTE)).not.toThrow();
  });

  test("is refused where the machine has a byte less, with the keys that give the databases less", () => {
    expect(() => checkMemory(settings, 3 * GIBIBYTE - 1)).toThrow(
      new Error(
        "The two databases may use 3072 MiB of memory, but this machine has 3071 MiB. " +
          "Give them less: pulumi config set postgresMemory 512 && pulumi config set mongodbMemory 512",
      ),
    );
  });
});

describe("disk", () => {
  test("is enough with 3 GiB free", () => {
    expect(() => checkFreeSpace("/var/lib/docker", 3 * GIBIBYTE)).not.toThrow();
  });

  test("is refused with a byte less, with Docker's folder and how to make room", () => {
    expect(() => checkFreeSpace("/var/lib/docker", 3 * GIBIBYTE - 1)).toThrow(
      new Error(
        "Docker's folder /var/lib/docker has 3071 MiB free; the databases need 3072 MiB to begin with. " +
          "Make room, for example: docker image prune && docker builder prune",
      ),
    );
  });
});
