import { expect, test } from "@jest/globals";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { reset } from "../../../operations/lifecycle.ts";

/** A stack that knows its name and settings alone: whatever goes further than those fails. */
function fakeStack(config: Record<string, { value: string }> = {}) {
  return { name: "dev", getAllConfig: async () => config } as unknown as Stack;
}

const neverStarts = () => {
  throw new Error("it has started");
};

test.each(["", "Dev", "dev ", "yes"])('"%s" does not confirm the reset of stack dev', async (confirmation) => {
  await expect(reset(fakeStack(), confirmation, neverStarts)).rejects.toThrow(
    new Error(`"${confirmation}" is not the name of this stack (dev). Nothing was deleted.`),
  );
});

test("a stack that is to be protected is not reset, whatever is confirmed", async () => {
  await expect(reset(fakeStack({ "trading-db:protect": { value: "true" } }), "dev", neverStarts)).rejects.toThrow(
    new Error(
      "Stack dev is protected. Nothing was deleted. " +
        "To delete it all the same: pulumi config rm protect && pulumi up, then reset again.",
    ),
  );
});
