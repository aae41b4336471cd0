import { expect, test } from "@jest/globals";
import { doctorScreen } from "../../../cli/stackCommands.ts";

const well = { name: "Docker answers" };
const sick = {
  name: "container trading-postgres",
  problem: "The container trading-postgres is paused.",
  cure: "docker unpause trading-postgres",
};

test("what is well has a line, and all together one", () => {
  expect(doctorScreen("dev", [well, well])).toEqual([
    "✔ Docker answers",
    "✔ Docker answers",
    "✔ stack dev is well: 2 checks hold",
  ]);
});

test("what is wrong has its cure below it, in the line that goes to standard error", () => {
  expect(doctorScreen("dev", [well, sick])).toEqual([
    "✔ Docker answers",
    "✖ container trading-postgres: The container trading-postgres is paused.\n    docker unpause trading-postgres",
    "✖ 1 of 2 checks found a problem in stack dev. Run the first command, then look again: one fault may show in several.",
  ]);
});

test("where a cure is a command of Pulumi, it says where that is known", () => {
  const locked = { name: "lock", problem: "It is locked.", cure: "pulumi cancel --yes --stack dev" };
  expect(doctorScreen("dev", [locked]).at(-1)).toBe(
    "In a shell where `pulumi` is not known yet: source .trading-db/env",
  );
});
