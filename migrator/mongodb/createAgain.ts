import { BSON, type Db, type Document } from "mongodb";
import { MigrationError, listed } from "../errors.ts";
import { shortJson } from "./extendedJson.ts";
import type { Lease } from "./lease.ts";

/** The options of `create` that `collMod` can set afterwards. */
const changeable = [
  "validator",
  "validationLevel",
  "validationAction",
  "viewOn",
  "pipeline",
  "changeStreamPreAndPostImages",
];

/**
 * What is left of a `create` whose collection is there.
 * @param mayBeOurs whether a run that was interrupted may have made it by this step.
 * @returns the `collMod` that does it; undefined where nothing is left to do.
 * @throws MigrationError where the collection is another than the one that the step would make.
 */
export async function createAgain(
  database: Db,
  command: Document,
  { session, comment }: Lease,
  mayBeOurs: boolean,
): Promise<Document | undefined> {
  const { create: name, ...wanted } = command;
  const [found] = await database.listCollections({ name }, { session, comment }).toArray();
  const { type, options = {} } = found as Document;
  const wrong = [...new Set([...Object.keys(wanted), ...Object.keys(options)])].filter((key) =>
    // A view can be made to look elsewhere, but not to be a collection.
    key === "viewOn"
      ? key in wanted !== key in options
      : !changeable.includes(key) && !isAs(wanted[key], options[key], key),
  );
  if (wrong.length > 0) {
    const asked = wrong.map((key) => `${key}: ${words(wanted[key])} (it has ${words(options[key])})`);
    throw new MigrationError(
      `${name} is there already, and can't be given other options: the step asks for ${listed(asked)}. ` +
        `State what it has, or give the new one another name`,
    );
  }
  // The linter takes what a pending file makes for empty: it has not looked at what the next steps do to these documents.
  if (!mayBeOurs && type !== "view" && (await database.collection(name).findOne({}, { session, comment }))) {
    throw new MigrationError(
      `${name} is there already, and holds documents. To change it, write collMod in place of create; ` +
        `if all that the file makes is there, count it as applied by \`baseline\``,
    );
  }
  const left = Object.entries(wanted).filter(([key]) => changeable.includes(key));
  if (left.length === 0) return undefined;
  // With passwords, the server takes the two for a view together alone.
  return { collMod: name, ...(wanted.viewOn && { pipeline: [] }), ...Object.fromEntries(left) };
}

/** Whether an option says the same. The server adds what it takes where nothing is stated, and rounds a size up. */
function isAs(wanted: unknown, found: unknown, key = ""): boolean {
  const [asked, has] = [wanted, found].map((value) => BSON.EJSON.serialize({ value }, { relaxed: true }).value);
  if (isObject(asked) && isObject(has)) return Object.keys(asked).every((inner) => isAs(asked[inner], has[inner]));
  if (key === "size" && typeof asked === "number") return Math.ceil(asked / 256) * 256 === has;
  // `capped: false` is kept as nothing.
  return (asked || undefined) === (has || undefined);
}

const isObject = (value: unknown): value is Document => typeof value === "object" && value !== null;

const words = (option: unknown) => (option === undefined ? "none" : shortJson(option));
