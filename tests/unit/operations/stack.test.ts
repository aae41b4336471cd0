import { expect, test } from "@jest/globals";
import { parseOutputs } from "../../../operations/stack.ts";

const output = (value: unknown) => ({ value, secret: false });

test("the outputs of a stack are their plain values", () => {
  const names = ["postgres", "mongodb", "environment", "networks", "adminTools", "installation"];
  const outputs = Object.fromEntries(names.map((name) => [name, output(`value of ${name}`)]));
  expect(parseOutputs("dev", outputs)).toEqual(Object.fromEntries(names.map((name) => [name, `value of ${name}`])));
});

test("a stack that never came up whole is told by what is missing", () => {
  expect(() => parseOutputs("test", { postgres: output(1), networks: output(2) })).toThrow(
    new Error(
      "Stack test has no output mongodb, environment, installation: it never came up whole. " +
        "Bring it up: ./setup-databases.sh --stack test",
    ),
  );
});
