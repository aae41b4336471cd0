import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { makeClone, type Clone } from "../support/clone.ts";
import { fingerprint } from "../support/fingerprint.ts";
import { docker, execute } from "../support/project.ts";

const MINUTES = 60_000;
const IMAGES = { postgres: "localhost/trading-db/postgres:15", mongodb: "localhost/trading-db/mongo:6.0" };
const PULUMI_HINT = "In a shell where `pulumi` is not known yet: source .trading-db/env\n";

let clone: Clone;
let before: string;

beforeAll(async () => {
  clone = makeClone({ sampleData: "true" });
  expect(await clone.setUp()).toMatchObject({ code: 0, stderr: "" });
  before = await fingerprint(await clone.outputs());
  expect(before).toContain("trades|");
}, 3 * MINUTES);

afterAll(() => clone.remove());

/** Runs a shell line as root on a volume of a stopped server, mounted at /volume. */
const onVolume = (volume: string, line: string) =>
  docker(
    "run",
    "--rm",
    "--network",
    "none",
    "--user",
    "0:0",
    "--volume",
    `${volume}:/volume`,
    "--entrypoint",
    "/bin/sh",
    IMAGES.postgres,
    "-ec",
    line,
  );

describe.each(["postgres", "mongodb"] as const)("a data volume of %s that its server may not read any more", (name) => {
  test(
    "is told with the command that gives it back, and its data are all there",
    async () => {
      const container = clone.names.containers[name];
      const volume = clone.names.volumes[`${name}Data`];
      const chown = `docker run --rm -u 0 -v ${volume}:/volume --entrypoint chown ${IMAGES[name]} -R 999:999 /volume`;
      await docker("stop", container);
      await onVolume(volume, "chown -R 0:0 /volume && chmod 0700 /volume");

      expect(await clone.login("npm run --silent start")).toEqual({
        code: 1,
        stdout: "",
        stderr:
          `✖ The container ${container} is restarting. Its last words:\n` +
          `trading-db: The volume ${volume} can't be written by user 999. Nothing was changed.\n` +
          `trading-db: Give it back: ${chown}\n` +
          `See all of its log: docker logs ${container}\n`,
      });
      expect(await execute("bash", ["-c", chown])).toMatchObject({ code: 0 });
      expect(await clone.login("npm run --silent start")).toEqual({
        code: 0,
        stdout: `✔ ${clone.names.containers.mongodb} is healthy\n✔ ${clone.names.containers.postgres} is healthy\n`,
        stderr: "",
      });
      expect(await fingerprint(await clone.outputs())).toBe(before);
    },
    2 * MINUTES,
  );
});

describe("F12: a data volume of another version", () => {
  test.each([
    ["an older", "14", "4.4"],
    ["a newer", "16", "8.0"],
  ])(
    "(%s one) of PostgreSQL, then of MongoDB, is refused in the server's own words; put right, it is used again as it was",
    async (_age, otherPostgres, otherMongo) => {
      const { postgresData, mongodbData } = clone.names.volumes;
      const { postgres, mongodb } = clone.names.containers;
      const refused = (container: string, words: string) => ({
        code: 1,
        stderr:
          `\n✖ The container ${container} keeps restarting. Its last words:\n` +
          `${words}Mend what they name, and run \`pulumi up --refresh\`.\n${PULUMI_HINT}`,
      });

      await docker("stop", postgres);
      await onVolume(postgresData, `echo ${otherPostgres} >/volume/current/PG_VERSION`);
      expect(await clone.setUp()).toMatchObject(
        refused(
          postgres,
          `trading-db: The volume ${postgresData} holds data of PostgreSQL ${otherPostgres}, but the image ${IMAGES.postgres} is PostgreSQL 15. Nothing was changed.\n` +
            `trading-db: Run an image of PostgreSQL ${otherPostgres}, dump the databases with pg_dump, and restore them into a stack of PostgreSQL 15.\n`,
        ),
      );
      await onVolume(postgresData, "echo 15 >/volume/current/PG_VERSION");

      await docker("stop", mongodb);
      const version = await onVolume(
        mongodbData,
        `cat /volume/current/trading-db.version; echo ${otherMongo} >/volume/current/trading-db.version`,
      );
      expect(await clone.setUp()).toMatchObject(
        refused(
          mongodb,
          `trading-db: The volume ${mongodbData} holds data of MongoDB ${otherMongo}, which MongoDB ${version} of the image ${IMAGES.mongodb} can't open. Nothing was changed.\n` +
            `trading-db: Run an image of MongoDB ${otherMongo}, dump the databases with mongodump, and restore them into a stack of MongoDB ${version}.\n`,
        ),
      );
      await onVolume(mongodbData, `echo ${version} >/volume/current/trading-db.version`);

      expect(await clone.setUp()).toMatchObject({ code: 0, stderr: "" });
      expect(await fingerprint(await clone.outputs())).toBe(before);
    },
    4 * MINUTES,
  );
});

describe("volumes that were kept while the state was lost", () => {
  let second: Clone;

  beforeAll(() => {
    second = makeClone({ sampleData: "true" }, clone.stackName);
  });

  afterAll(() => second.remove());

  test(
    "are not taken from a stack that runs: a second clone of its name is refused, with the way out",
    async () => {
      const { postgres } = clone.names.containers;
      const label = `trading-db.installation=${(await clone.outputs()).installation}`;
      const running = await docker("ps", "--quiet", "--filter", `label=${label}`);
      const { code, stderr } = await second.setUp();
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          `\n✖ The container ${postgres} belongs to another set-up of a stack ${clone.stackName}: another clone, or one whose state is lost. ` +
          "Use another stack (--stack NAME), or, if that set-up is gone, remove its containers and networks; the data stay in the volumes: " +
          `docker rm -f $(docker ps -aq --filter label=${label}) && docker network prune -f --filter label=${label}\n`,
      });
      expect(await docker("ps", "--quiet", "--filter", `label=${label}`)).toBe(running);

      const wayOut = stderr.slice(stderr.indexOf("docker rm -f"));
      expect(await execute("bash", ["-c", wayOut])).toMatchObject({ code: 0 });
      expect((await second.remains()).filter((thing) => !thing.startsWith("volume "))).toEqual([]);
    },
    MINUTES,
  );

  test(
    "are taken by the next run in PostgreSQL, and in MongoDB after the command that the refusal names",
    async () => {
      expect(await second.setUp()).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("\n› PostgreSQL answers; 4 changes to roles and users "),
        stderr:
          `\n✖ MongoDB at 127.0.0.1:${clone.names.ports.mongodb} refuses the password of admin. Somebody changed it, its volume was made with another one, ` +
          "or its first start was killed before the user was made. `npm run recover:mongodb` sets the password that this stack has; no data are lost.\n",
      });
      expect(await second.login("npm run --silent recover:mongodb")).toEqual({
        code: 0,
        stdout:
          "✔ the root user of MongoDB has the password of this stack's state again. " +
          `Go on: ./setup-databases.sh --stack ${clone.stackName}\n`,
        stderr: "",
      });
      expect(await second.setUp()).toMatchObject({ code: 0, stderr: "" });
      expect(await fingerprint(await second.outputs())).toBe(before);
    },
    4 * MINUTES,
  );
});
