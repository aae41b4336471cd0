import { expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { checksum } from "../../../migrator/checksum.ts";

const text = "CREATE TABLE a (\n  b int\n);\n";

test("is the SHA-256 of the text without the line end at its end", () => {
  expect(checksum("abc\n")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test.each([
  ["CRLF", text.replaceAll("\n", "\r\n")],
  ["a byte order mark", `\uFEFF${text}`],
  ["blanks at line ends", text.replaceAll("\n", " \t\n")],
  ["no line end at the end", text.trimEnd()],
  ["empty lines at the end", `${text}\n \n\r\n`],
])("is not changed by %s", (_what, variant) => {
  expect(checksum(variant)).toBe(checksum(text));
});

test.each([
  ["a comment", `-- b\n${text}`],
  ["indentation", text.replace("  b", "   b")],
  ["an empty line in the middle", text.replace("(\n", "(\n\n")],
  ["case", text.toUpperCase()],
])("is changed by %s", (_what, variant) => {
  expect(checksum(variant)).not.toBe(checksum(text));
});

test("does not depend on line ends, whatever the text", () => {
  const line = fc.string().map((it) => it.replace(/[\r\n]/g, ""));
  fc.assert(
    fc.property(fc.array(line), (lines) => checksum(lines.join("\r\n")) === checksum(lines.join("\n"))),
    { numRuns: 500 },
  );
});

test("is what earlier releases wrote into ledgers, whatever the text", () => {
  const earlier = (text: string) => {
    const said = text
      .replace(/^\uFEFF/, "")
      .replace(/[ \t\r]+$/gm, "")
      .replace(/\n+$/, "");
    return createHash("sha256").update(said).digest("hex");
  };
  const characters = ["\uFEFF", " ", "\t", "\r", "\n", "\u2028", "\u2029", "a", "\u00e9", "\ud83d"];
  const texts = fc.string({ unit: fc.constantFrom(...characters), maxLength: 12 });
  fc.assert(
    fc.property(texts, (text) => checksum(text) === earlier(text)),
    { numRuns: 5000 },
  );
});
