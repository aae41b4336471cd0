import { expect, test } from "@jest/globals";
import { homedir } from "node:os";
import { stateFolder } from "../../../operations/locks.ts";

test.each([
  ["file:///srv/state", "/srv/state"],
  ["file:///srv/state?no_tmp_dir=true", "/srv/state"],
  ["file://~", homedir()],
  ["file://~/state", `${homedir()}/state`],
  ["file://./state", `${process.cwd()}/state`],
  ["s3://states", undefined],
  ["https://api.example.com", undefined],
  ["", undefined],
])("the state of backend %s stands in %s", (backend, folder) => {
  expect(stateFolder(backend)).toBe(folder);
});
