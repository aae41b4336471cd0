import { expect, test } from "@jest/globals";
import { PulumiError, tell, UserError } from "../../../operations/errors.ts";

/** What the Automation API throws. */
const commandError = (stdout: string, stderr: string) =>
  Object.assign(new Error(`code: 255\n stdout: ${stdout}\n stderr: ${stderr}`), { commandResult: { stdout, stderr } });

test("an error of ours is its message", () => {
  expect(tell(new UserError("Say this."))).toBe("Say this.");
});

test("a Pulumi command that failed is told by its errors, each once, and by the command that shows all", () => {
  const stdout = ' -  docker:index:Volume data deleting (0s) error: resource "data" cannot be deleted\n';
  const stderr =
    'Command failed with exit code 255: pulumi destroy --yes\nnoise\nerror: resource "data" cannot be deleted\nerror: update failed\n';
  expect(tell(commandError(stdout, stderr))).toBe(
    'resource "data" cannot be deleted\nupdate failed\nSee all of it: pulumi destroy --yes',
  );
});

test("a Pulumi command that we ran ourselves is told in the same words", () => {
  const finished = { stdout: "", stderr: "error: no stack named 'dev' found\n" };
  expect(new PulumiError(finished, "pulumi stack output").message).toBe(
    "no stack named 'dev' found\nSee all of it: pulumi stack output",
  );
});

test("a Pulumi command that says nothing is told so", () => {
  expect(tell(commandError("", "Command failed with exit code 1: pulumi up"))).toBe(
    "Pulumi failed without a reason.\nSee all of it: pulumi up",
  );
});

test("Pulumi that is not there is told so", () => {
  expect(tell(commandError("", "Command failed with ENOENT: pulumi version\nspawn pulumi ENOENT"))).toBe(
    "Pulumi was not found. Set this clone up: ./setup-databases.sh",
  );
});

test("a passphrase that does not fit is told with the places where the right one is", () => {
  expect(tell(commandError("", "error: could not deserialize deployment: incorrect passphrase"))).toBe(
    "The passphrase does not open this stack's state. Name the one that it was made with in PULUMI_CONFIG_PASSPHRASE or " +
      "PULUMI_CONFIG_PASSPHRASE_FILE; the generated one is in .trading-db/passphrase of the clone that made the stack.",
  );
});
