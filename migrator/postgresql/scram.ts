import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import { MigrationError } from "../errors.ts";

const defaultIterations = 4096;

/**
 * The SCRAM-SHA-256 verifier of a password, as PostgreSQL keeps it in pg_authid:
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. Handing this over instead of the password
 * keeps the plain text out of the server and its logs.
 * @throws MigrationError for a password outside printable ASCII, which client and server might normalise differently.
 */
export function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(16),
  iterations = defaultIterations,
): string {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new MigrationError("A role's password must be one or more printable ASCII characters. Generate another one.");
  }
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest("base64");
  const serverKey = hmac(salted, "Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

/** Whether a verifier from pg_authid is this password's. */
export function matchesVerifier(password: string, verifier: string | null | undefined): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier ?? "") ?? [];
  if (!verifier || !iterations || !salt) return false;
  const expected = Buffer.from(scramVerifier(password, Buffer.from(salt, "base64"), Number(iterations)));
  const found = Buffer.from(verifier);
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
