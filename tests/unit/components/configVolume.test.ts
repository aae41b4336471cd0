import { expect, test } from "@jest/globals";
import { refuseUnlessWritten } from "../../../components/configVolume.ts";

test("a writer that has written its files lets the update go on", () => {
  expect(() => refuseUnlessWritten("trading_postgres_config", "config-of-trading-postgres", 0)).not.toThrow();
});

test("a writer that failed stops the update, and tells where its reason is and how to try again", () => {
  expect(() => refuseUnlessWritten("trading_postgres_config", "config-of-trading-postgres", 1)).toThrow(
    new Error(
      "The container config-of-trading-postgres could not write its files into the volume trading_postgres_config (exit code 1); " +
        "its log says why: docker logs config-of-trading-postgres. " +
        "Mend that, then: docker rm config-of-trading-postgres && pulumi up --refresh",
    ),
  );
});
