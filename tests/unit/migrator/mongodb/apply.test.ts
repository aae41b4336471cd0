import { expect, test } from "@jest/globals";
import { runFile, type Workplace } from "../../../../migrator/mongodb/apply.ts";
import { parseSteps } from "../../../../migrator/mongodb/steps.ts";
import { refusal } from "../../../support/migrations.ts";

test("a file of which all steps are done ends with what the server says of the lease, with or without a verify file", async () => {
  const file = { name: "0001_make.ts", path: "", checksum: "", text: 'export default [{ create: "runs" }];' };
  const done = parseSteps(file).steps.map(({ hash }) => hash);
  const place = {
    progress: new Map([[file.name, { name: file.name, done }]]),
    lease: { assertHeld: () => Promise.reject(new Error("not now")) },
  } as unknown as Workplace;
  const verify = { ...file, name: "0001_make.verify.ts", text: 'export default [{ find: "runs" }];' };
  const ending = { write: () => Promise.reject(new Error("it was recorded")) };
  expect(await refusal(runFile(place, file, ending))).toBe("not now");
  expect(await refusal(runFile(place, file, ending, verify))).toBe("not now");
});
