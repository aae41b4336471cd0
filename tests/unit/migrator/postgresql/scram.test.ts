import { expect, test } from "@jest/globals";
import { createHash, createHmac } from "node:crypto";
import { matchesVerifier, scramVerifier } from "../../../../migrator/postgresql/scram.ts";

const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const verifier = scramVerifier("pencil", salt, 4096);

test("a verifier stands for the password: it checks the client's proof and makes the server's signature of RFC 7677", () => {
  const messages =
    "n=user,r=rOprNGfwEbeRWgbNEkqO," +
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096," +
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const [, storedKey, serverKey] = /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$(.+):(.+)$/
    .exec(verifier)!
    .map((part) => Buffer.from(part, "base64"));
  const sign = (key: Buffer) => createHmac("sha256", key).update(messages).digest();

  const proof = Buffer.from("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "base64");
  const clientKey = proof.map((byte, i) => byte ^ sign(storedKey!)[i]!);
  expect(createHash("sha256").update(clientKey).digest()).toEqual(storedKey);
  expect(sign(serverKey!).toString("base64")).toBe("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("each verifier has a salt of its own", () => {
  expect(scramVerifier("pencil")).not.toBe(scramVerifier("pencil"));
});

test("a password is known by its verifier, with whatever salt and iterations that has", () => {
  expect(matchesVerifier("pencil", verifier)).toBe(true);
  expect(matchesVerifier("pencil", scramVerifier("pencil", Buffer.from("salt"), 7))).toBe(true);
  expect(matchesVerifier("Pencil", verifier)).toBe(false);
});

test.each([
  [null],
  [undefined],
  [""],
  ["md5a3556571e93b0d20722ba62be61e8c2d"],
  ["SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$x:y"],
])("%j is nobody's verifier", (other) => {
  expect(matchesVerifier("pencil", other)).toBe(false);
});

test.each(["", "pässword", "tab\t"])("the password %j is refused, without being shown", (password) => {
  expect(() => scramVerifier(password)).toThrow(
    new Error("A role's password must be one or more printable ASCII characters. Generate another one."),
  );
});
