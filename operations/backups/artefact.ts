import { Decrypter, Encrypter, identityToRecipient } from "age-encryption";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { Duplex, Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { UserError } from "../errors.ts";
import { interruption } from "./signals.ts";

/** A file of a backup, as its manifest knows it. */
export interface Artefact {
  /** Compressed with zstd: `.zst`; then encrypted with age: `.zst.age`. */
  name: string;
  /** As it lies there. */
  bytes: number;
  /** As it lies there, in hex. */
  sha256: string;
}

/** The backup is as it should be, and the key is not: nothing is wrong with the former. */
export class KeyRefused extends UserError {}

/** A file can't be unpacked: it is not what was written. */
export class Damaged extends UserError {}

/** The level at which zstd is as fast as a disk. */
const LEVEL = 3;
/** In bytes: small pieces cost more turns than they save memory. */
const PIECE = 1024 * 1024;

/**
 * Writes a stream into a new file: compressed, encrypted where there is a key, and on the disk when this ends.
 *
 * @param name of the file, without the suffixes
 * @param key identity of age, `AGE-SECRET-KEY-1...`; undefined does not encrypt. Secret.
 */
export async function writeArtefact(
  folder: string,
  name: string,
  content: Readable,
  key: string | undefined,
): Promise<Artefact> {
  const file = `${name}.zst${key === undefined ? "" : ".age"}`;
  const path = join(folder, file);
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 };
  const tally = new Tally();
  await pipeline([
    content,
    createZstdCompress({ params, chunkSize: PIECE }),
    ...(key === undefined ? [] : [await encryption(key)]),
    tally,
    createWriteStream(path, { mode: 0o600, flags: "wx" }),
  ]);
  await sync(path);
  return { name: file, ...tally.result() };
}

/** Hands over what was given to `writeArtefact`, and ends the target. @throws KeyRefused, Damaged, or the target's error */
export async function readArtefact(
  folder: string,
  { name }: Pick<Artefact, "name">,
  key: string | undefined,
  target: Writable,
): Promise<void> {
  const path = join(folder, name);
  const compressed = name.endsWith(".age")
    ? await decryption(path, key)
    : createReadStream(path, { highWaterMark: PIECE });
  await pipeline(compressed, createZstdDecompress({ chunkSize: PIECE }), target).catch((error) =>
    refuseDamaged(path, error),
  );
}

/** @throws Damaged where the error is zstd's, age's or the disk's, who don't name the file; else the error */
function refuseDamaged(path: string, error: NodeJS.ErrnoException): never {
  if (error instanceof UserError || !/^(ZSTD_|Z_|EIO$|$)/.test(error.code ?? "")) throw error;
  throw new Damaged(`${path} is damaged (${error.message})`);
}

/**
 * What is wrong with a file of a backup.
 * @param thorough whether all of it is read, and not its size alone
 * @returns undefined where it is as it was written
 */
export async function damageOf(
  folder: string,
  { name, bytes, sha256 }: Artefact,
  thorough: boolean,
): Promise<string | undefined> {
  const path = join(folder, name);
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) return `${name} is missing`;
  if (size !== bytes) return `${name} has ${size} bytes instead of ${bytes}`;
  if (!thorough) return undefined;
  const tally = new Tally();
  tally.resume();
  await pipeline(createReadStream(path, { highWaterMark: PIECE }), tally, { signal: interruption });
  return tally.result().sha256 === sha256 ? undefined : `${name} is not what was written (its SHA-256 is another)`;
}

/** Whether a key opens an encrypted file: its first bytes tell. */
export async function opens(path: string, key: string): Promise<boolean> {
  try {
    (await decryption(path, key)).destroy();
    return true;
  } catch (error) {
    if (error instanceof KeyRefused) return false;
    throw error;
  }
}

/** Waits until a file or a folder is on the disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function encryption(key: string): Promise<Duplex> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(key));
  const plain = new TransformStream<Uint8Array, Uint8Array>();
  const readable = await encrypter.encrypt(plain.readable as never);
  return Duplex.fromWeb({ readable: readable as never, writable: plain.writable as never });
}

async function decryption(path: string, key: string | undefined): Promise<Readable> {
  if (key === undefined) {
    throw new KeyRefused(`${path} is encrypted, and there is no key. Name the file that holds it: --key FILE`);
  }
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  const stored = createReadStream(path, { highWaterMark: PIECE });
  try {
    return Readable.fromWeb((await decrypter.decrypt(Readable.toWeb(stored) as never)) as never);
  } catch (error) {
    stored.destroy();
    if (!/no identity matched/.test((error as Error).message)) refuseDamaged(path, error as Error);
    throw new KeyRefused(`The key does not open ${path}. Name the file that holds the right one: --key FILE`);
  }
}

/** Counts and hashes what passes. */
class Tally extends Transform {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  override _transform(piece: Buffer, _encoding: string, done: TransformCallback): void {
    this.#hash.update(piece);
    this.#bytes += piece.length;
    done(null, piece);
  }

  result(): Pick<Artefact, "bytes" | "sha256"> {
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}
