import { expect, test } from "@jest/globals";
import type { StackOutputs } from "../../../outputs.ts";
import { parseOutputs } from "../../../operations/stack.ts";

const names = ["postgres", "mongodb", "environment", "networks", "adminTools", "installation"];
const outputs = Object.fromEntries(names.map((name) => [name, `value of ${name}`])) as unknown as StackOutputs;

test("the outputs of a stack that came up whole are taken as they are", () => {
  expect(parseOutputs("dev", outputs)).toEqual(outputs);
});

test("a stack that never came up whole is told by what is missing", () => {
  const { postgres, networks } = outputs;
  expect(() => parseOutputs("test", { postgres, networks })).toThrow(
    new Error(
      "Stack test has no output mongodb, environment, installation: it never came up whole. " +
        "Bring it up: ./setup-databases.sh --stack test",
    ),
  );
});
