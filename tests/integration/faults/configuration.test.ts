import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeClone, type Clone } from "../../support/clone.ts";

const MINUTE = 60_000;

let clone: Clone;

/** Settings of which three are wrong, each in its own way. */
const WRONG = { adminTool: "true", postgresPort: "x", databaseSubnet: "1.2.3.4", "other:key": "left alone" };

beforeAll(async () => {
  clone = makeClone();
  expect(await clone.script(["--prepare"])).toMatchObject({ code: 0 });
  expect(await clone.login(`pulumi stack init ${clone.stackName}`)).toMatchObject({ code: 0 });
  configure(WRONG);
}, 5 * MINUTE);

afterAll(() => clone.remove());

function configure(settings: Record<string, string>): void {
  const lines = Object.entries(settings).map(
    ([key, value]) => `  ${key.includes(":") ? key : `trading-db:${key}`}: "${value}"\n`,
  );
  writeFileSync(join(clone.folder, `Pulumi.${clone.stackName}.yaml`), `config:\n${lines.join("")}`);
}

const REFUSAL = (stack: string) => [
  `The configuration of stack ${stack} can't be used:`,
  '  - trading-db:postgresPort is "x" but must be a whole number from 1 to 65535. For example: pulumi config set postgresPort 15432',
  '  - trading-db:databaseSubnet is "1.2.3.4" but must be an IPv4 subnet such as 172.30.0.0/24. For example: pulumi config set databaseSubnet 172.30.0.0/24',
  "  - trading-db:adminTool is not a setting of this project. Remove it: pulumi config rm adminTool",
];

test(
  "`pulumi preview` tells all that is wrong in the configuration at once, without a stack trace",
  async () => {
    const { code, stdout } = await clone.login("pulumi preview --non-interactive --color never");
    expect(code).not.toBe(0);
    expect(stdout.slice(stdout.indexOf("Diagnostics:"), stdout.indexOf("Resources:")).trimEnd()).toBe(
      [
        "Diagnostics:",
        `  pulumi:pulumi:Stack (trading-db-${clone.stackName}):`,
        `    error: ${REFUSAL(clone.stackName).join("\n    ")}`,
      ].join("\n"),
    );
  },
  5 * MINUTE,
);

test(
  "the script tells the same, and makes nothing",
  async () => {
    const { code, stderr } = await clone.setUp();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `\n✖ ${REFUSAL(clone.stackName).join("\n")}\nIn a shell where \`pulumi\` is not known yet: source .trading-db/env\n`,
    });
    expect(await clone.remains()).toEqual([]);
  },
  5 * MINUTE,
);

test(
  "the printed commands make the configuration right",
  async () => {
    const commands = REFUSAL(clone.stackName)
      .slice(1)
      .map((line) => line.slice(line.lastIndexOf("pulumi config")));
    expect(await clone.login(commands.join(" && "))).toMatchObject({ code: 0 });
    expect(await clone.login("pulumi preview --non-interactive --color never")).toMatchObject({ code: 0 });
  },
  5 * MINUTE,
);

test(
  "a migration whose name can't be ordered is refused before anything is made",
  async () => {
    configure({});
    const folder = "schema/postgresql/migrations";
    renameSync(join(clone.folder, folder, "0002_create_simulation_runs.sql"), join(clone.folder, folder, "2_runs.sql"));
    expect(await clone.setUp()).toMatchObject({
      code: 1,
      stderr:
        `\n✖ ${folder}/2_runs.sql is not a name that can be ordered. Call it NNNN_verb_object.sql: four digits from 0001, ` +
        "then lower case letters, digits and single underscores; or move it out of the folder.\n",
    });
    expect(await clone.remains()).toEqual([]);
  },
  5 * MINUTE,
);
