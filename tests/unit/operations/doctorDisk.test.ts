import { expect, test } from "@jest/globals";
import { findWantOfSpace } from "../../../operations/doctor/engine.ts";

const GIBIBYTE = 1024 ** 3;
const folder = "/var/lib/docker";
const cure = "docker image prune --force && docker builder prune --force";

test.each([
  ["a tenth of a large disk", 20 * GIBIBYTE, 200 * GIBIBYTE],
  ["5 GiB of a small one", 5 * GIBIBYTE, 40 * GIBIBYTE],
])("%s is enough, and a byte less is not", (_, free, total) => {
  expect(findWantOfSpace({ folder, free, total })).toBeUndefined();
  expect(findWantOfSpace({ folder, free: free - 1, total })).toEqual({
    problem: `Docker's folder ${folder} has ${Math.floor((free - 1) / 1024 ** 2)} MiB free of ${total / 1024 ** 2} MiB: a database that can't write stops.`,
    cure,
  });
});
