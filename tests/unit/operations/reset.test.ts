import { expect, test } from "@jest/globals";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { reset } from "../../../operations/lifecycle.ts";

/** A stack that knows its name and settings, and counts how often it is destroyed. */
function fakeStack(config: Record<string, { value: string }> = {}) {
  const stack = {
    name: "dev",
    destroyed: 0,
    getAllConfig: async () => config,
    destroy: async () => void stack.destroyed++,
  };
  return stack;
}

const resetting = (stack: object, confirmation: string) => reset(stack as Stack, confirmation);

test.each(["", "Dev", "dev ", "yes"])('"%s" does not confirm the reset of stack dev', async (confirmation) => {
  const stack = fakeStack();
  await expect(resetting(stack, confirmation)).rejects.toThrow(
    new Error(`"${confirmation}" is not the name of this stack (dev). Nothing was deleted.`),
  );
  expect(stack.destroyed).toBe(0);
});

test("a protected stack is not reset, whatever is confirmed", async () => {
  const stack = fakeStack({ "trading-db:protect": { value: "true" } });
  await expect(resetting(stack, "dev")).rejects.toThrow(
    new Error(
      "Stack dev is protected. Nothing was deleted. " +
        "To delete it all the same: pulumi config rm protect && pulumi up, then reset again.",
    ),
  );
  expect(stack.destroyed).toBe(0);
});

test("a stack that is named is deleted", async () => {
  const stack = fakeStack({ "trading-db:protect": { value: "false" } });
  await resetting(stack, "dev");
  expect(stack.destroyed).toBe(1);
});
