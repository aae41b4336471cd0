import { totalmem } from "node:os";
import type { Settings } from "../../settings.ts";
import { askEngine } from "../engine.ts";
import { dockerDisk, findWantOfMemory, mebibytes, type DockerDisk } from "../machine.ts";
import { findSubnetOverlap } from "../subnets.ts";
import { setUp, type Check, type Fault } from "./check.ts";

/** Below either, a database soon can't write any more. */
const LEAST_FREE = 5 * 1024 ** 3;
const LEAST_PART = 0.1;

/** Whether there is a Docker daemon to speak with. Nothing on it can be looked at where there is none. */
export const dockerAnswers: Check = {
  name: "Docker answers",
  async look() {
    const state = await askEngine();
    const host = process.env["DOCKER_HOST"];
    switch (state.kind) {
      case "running":
        return undefined;
      case "no client":
        return { problem: "There is no docker command.", cure: "./setup-databases.sh --prepare" };
      case "no permission":
        return {
          problem: "Docker runs, but this user may not use it.",
          cure: "sudo usermod -aG docker $USER && newgrp docker",
        };
      case "not running":
        if (host !== undefined)
          return { problem: `Docker does not answer at DOCKER_HOST=${host}.`, cure: "unset DOCKER_HOST" };
        return { problem: "The Docker daemon does not answer.", cure: "./setup-databases.sh --prepare" };
    }
  },
};

/** Whether Docker's file system has room. */
export const diskHasRoom: Check = {
  name: "Docker's disk has room",
  look: async () => {
    const disk = await dockerDisk();
    return disk && findWantOfSpace(disk);
  },
};

export function findWantOfSpace({ folder, free, total }: DockerDisk): Fault | undefined {
  if (free >= LEAST_FREE && free >= total * LEAST_PART) return undefined;
  return {
    problem: `Docker's folder ${folder} has ${mebibytes(free)} free of ${mebibytes(total)}: a database that can't write stops.`,
    cure: "docker image prune --force && docker builder prune --force",
  };
}

/** What a stack's settings ask of the machine. */
export function machineChecks(settings: Settings): Check[] {
  const { stack } = settings;
  return [
    {
      name: "the machine has the memory that both databases may use",
      look() {
        const problem = findWantOfMemory(settings, totalmem());
        const less = ["postgresMemory", "mongodbMemory"].map((key) => `pulumi config set ${key} 512 --stack ${stack}`);
        return problem === undefined ? undefined : { problem, cure: [...less, setUp(stack)].join(" && ") };
      },
    },
    {
      name: "the subnets are free",
      async look() {
        const overlap = await findSubnetOverlap(settings);
        return (
          overlap && {
            problem: overlap.problem,
            cure: `pulumi config rm ${overlap.key} --stack ${stack} && ${setUp(stack)}`,
          }
        );
      },
    },
  ];
}
