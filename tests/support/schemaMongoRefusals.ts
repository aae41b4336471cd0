import { BSON, type Db, type Document } from "mongodb";

export type IdDocument = Document & { _id: string };

/** A copy of a document with values at dotted paths; undefined takes a field away. */
export function changed(document: IdDocument, changes: Record<string, unknown>): IdDocument {
  const copy = BSON.deserialize(BSON.serialize(document)) as IdDocument;
  for (const [path, value] of Object.entries(changes)) {
    const fields = path.split(".");
    const last = fields.pop() as string;
    const parent = fields.reduce((node, field) => node[field], copy as Document);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return copy;
}

/**
 * Inserts a document that should be refused, and leaves nothing behind.
 * @returns the rules that it broke: see `brokenRules`; null when it is valid.
 * @throws any error that is not about validity.
 */
export async function refusal(database: Db, collection: string, document: IdDocument): Promise<string[] | null> {
  const target = database.collection<IdDocument>(collection);
  try {
    await target.insertOne(document);
  } catch (error) {
    const { code } = error as { code: number };
    if (code === 121) return brokenRules(error);
    if (code === 11000) return null; // valid, and met the original of the copy
    throw error;
  }
  await target.deleteOne({ _id: document._id });
  return null;
}

/** What MongoDB says of a rule that a document breaks: errInfo.details of an error 121, and what lies inside. */
interface Details {
  operatorName: string;
  clausesNotSatisfied?: { index: number; details: Details }[];
  schemaRulesNotSatisfied?: Details[];
  propertiesNotSatisfied?: { propertyName: string; details: Details[] }[];
  missingProperties?: string[];
  additionalProperties?: string[];
  itemIndex?: number;
  details?: Details[];
}

/**
 * The rules that a document broke, as "path: keyword", such as "account.starting_balance: minimum".
 * A clause of the validator beside its $jsonSchema is "clause N", N as in its `$and`.
 */
function brokenRules(error: unknown): string[] {
  const { details } = (error as { errInfo: { details: Details } }).errInfo;
  return (details.clausesNotSatisfied ?? []).flatMap(({ index, details: clause }) =>
    clause.operatorName === "$jsonSchema" ? inSchema(clause.schemaRulesNotSatisfied, "") : [`clause ${index}`],
  );
}

function inSchema(rules: Details[] | undefined, path: string): string[] {
  return (rules ?? []).flatMap((rule) => {
    if (rule.propertiesNotSatisfied) {
      return rule.propertiesNotSatisfied.flatMap(({ propertyName, details }) =>
        inSchema(details, path === "" ? propertyName : `${path}.${propertyName}`),
      );
    }
    if (rule.operatorName === "items") return inSchema(rule.details, `${path}.${rule.itemIndex}`);
    const named = rule.missingProperties ?? rule.additionalProperties;
    return [`${path}: ${rule.operatorName}${named ? ` ${named.join(", ")}` : ""}`.replace(/^: /, "")];
  });
}
