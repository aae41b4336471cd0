import { expect, test } from "@jest/globals";
import { written } from "../../../components/configVolume.ts";

test("a volume whose files were written is its name", () => {
  expect(written(["trading_postgres_config", "config-of-trading-postgres", 0])).toBe("trading_postgres_config");
});

test("a writer that failed stops the update, and tells where its reason is and how to try again", () => {
  expect(() => written(["trading_postgres_config", "config-of-trading-postgres", 1])).toThrow(
    new Error(
      "The container config-of-trading-postgres could not write its files into the volume trading_postgres_config (exit code 1); " +
        "its log says why: docker logs config-of-trading-postgres. " +
        "Mend that, then: docker rm config-of-trading-postgres && pulumi up --refresh",
    ),
  );
});
