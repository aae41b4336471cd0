import { describe, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { canonicalJson, contentHash } from "../../../schema/mongodb/contentHash.ts";

describe("canonicalJson", () => {
  test("sorts keys at every depth by code unit, and leaves arrays in their order", () => {
    expect(canonicalJson({ b: [{ z: 1, a: 2 }], a: null, B: true, é: "x" })).toBe(
      '{"B":true,"a":null,"b":[{"a":2,"z":1}],"é":"x"}',
    );
  });

  test("writes numbers as ECMAScript does, so that 1.0 is 1", () => {
    expect(canonicalJson([1.0, 0.1, 1e21, -0])).toBe("[1,0.1,1e+21,0]");
  });
});

describe("contentHash", () => {
  const document = { _id: "x@1.0.0", name: "x", version: "1.0.0", fee: { $numberDecimal: "0.005" }, status: "draft" };

  test("is SHA-256 of the canonical JSON of what affects results", () => {
    const text = '{"fee":{"$numberDecimal":"0.005"},"name":"x","version":"1.0.0"}';
    expect(contentHash("simulator_configs", document)).toBe(createHash("sha256").update(text).digest("hex"));
  });

  test("stays the same when only the description or status of a document changes", () => {
    const described = { ...document, description: "new", status: "released", created_by: "somebody" };
    expect(contentHash("simulator_configs", described)).toBe(contentHash("simulator_configs", document));
  });

  test("changes with a field that it does not know", () => {
    expect(contentHash("simulator_configs", { ...document, extra: 1 })).not.toBe(
      contentHash("simulator_configs", document),
    );
  });
});
