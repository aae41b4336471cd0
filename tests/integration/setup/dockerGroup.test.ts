import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "../../support/project.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "docker-group-"));
  script("setup-databases.sh", 'echo "anew: $* ($TRADING_DB_JOINED_DOCKER)"');
});

afterEach(() => rmSync(folder, { recursive: true }));

function script(name: string, text: string): void {
  writeFileSync(join(folder, name), `#!/bin/bash\n${text}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** What a run of set-up does that Docker has refused, for a user of these groups. */
async function refused(onRecord: string, acting: string) {
  // `id --name --groups USER` asks for what is on record, without a user for what this process acts with.
  script("id", `[ $# = 3 ] && echo ${onRecord} || echo ${acting}`);
  const program = `import("${process.cwd()}/setup/dockerGroup.ts")
    .then((module) => module.beginAnewAsMember())
    .then(() => console.log("goes on"))`;
  const args = ["--eval", program, "--", "main.ts", "--stack", "a-b", "--admin-tools"];
  return execute(process.execPath, args, { cwd: folder, env: { PATH: `${folder}:${process.env["PATH"]}` } });
}

test("a user who was let use Docker since the last login begins anew as a member of its group, with the same options", async () => {
  expect(await refused("users docker", "users")).toEqual({
    code: 0,
    stdout: "anew: --stack a-b --admin-tools (yes)\n",
    stderr: "",
  });
});

test.each([
  ["no member", "users", "users"],
  ["a member already", "users docker", "users docker"],
])("a user who is %s goes on, because to begin anew would not help", async (_who, onRecord, acting) => {
  expect(await refused(onRecord, acting)).toEqual({ code: 0, stdout: "goes on\n", stderr: "" });
});
