import type { MongoBootstrapRequest } from "../migrator/mongodb/bootstrap.ts";
import type { PostgresBootstrapRequest } from "../migrator/postgresql/bootstrap.ts";
import type { Connection, Engine, FileRef, MigrateRequest, SeedRequest } from "../migrator/types.ts";

export type ResourceType =
  "PostgresRoles" | "PostgresMigrations" | "PostgresSeeds" | "MongoUsers" | "MongoMigrations" | "MongoSeeds";

/** What one type of resource does in a database. Pulumi hands inputs over as plain values, secrets included. */
interface Kind {
  /** The outputs that are not inputs. */
  outputs: readonly string[];
  id(inputs: object): string;
  /** Makes it so, from what the last update left. Returns the outputs. */
  apply(inputs: object, olds: object): Promise<object>;
  /**
   * What `apply` is going to do, and why it would refuse to: from files and inputs alone, those of the last update and the
   * new ones. What it wants to know next time it adds to the inputs, under a name that Pulumi does not show.
   */
  preview?(
    olds: object,
    inputs: object,
    isSameServer: boolean,
  ): Promise<{ words: string[]; refusals: string[]; added: object }>;
  /** Those inputs and outputs that a look into the database can tell, as they are there. */
  find(inputs: object): Promise<object>;
}

type InContainer = { containerId: string };
type Connected = { connection: Connection };
/** By which an edit of an applied file is told with its line: see `previewFrom`. */
type Marked = { __lines: Record<string, string> };
type Previewed = Omit<SeedRequest, "sets"> & { seeds: FileRef[] };

/** Each loads its driver only when it is called: check and diff, which run at every preview, never need one. */
export const kinds: Record<ResourceType, Kind> = {
  PostgresRoles: {
    outputs: ["changes"],
    id: ({ database }: PostgresBootstrapRequest) => `${database}/roles`,
    async apply(inputs: PostgresBootstrapRequest) {
      return (await import("../migrator/postgresql/bootstrap.ts")).bootstrapPostgres(inputs);
    },
    async find(inputs: PostgresBootstrapRequest) {
      return (await import("../migrator/postgresql/bootstrap.ts")).findPostgres(inputs);
    },
  },
  PostgresMigrations: migrations("postgresql"),
  PostgresSeeds: seeds("postgresql"),
  MongoUsers: {
    outputs: ["changes"],
    id: ({ connection }: Connected) => `${connection.database}/users`,
    async apply(inputs: MongoBootstrapRequest, { connection }: Partial<Connected>) {
      const { bootstrapMongo } = await import("../migrator/mongodb/bootstrap.ts");
      return bootstrapMongo({ ...inputs, formerPassword: connection?.password });
    },
    async find(inputs: MongoBootstrapRequest) {
      return (await import("../migrator/mongodb/bootstrap.ts")).findMongo(inputs);
    },
  },
  MongoMigrations: migrations("mongodb"),
  MongoSeeds: seeds("mongodb"),
};

function migrations(engine: Engine): Kind {
  return {
    outputs: ["version", "applied"],
    id: ({ connection }: Connected) => `${connection.database}/migrations`,
    async preview(olds: Partial<MigrateRequest & Marked>, { directory }: MigrateRequest, isSameServer) {
      const { previewFrom } = await import("../migrator/preview.ts");
      const { reviewLines } = await import("../migrator/words.ts");
      // What stood in another container says nothing against the files; the ledger will.
      const applied = { migrations: olds.migrations ?? [] };
      const { reviews, refusals, marks } = await previewFrom(engine, directory, applied, olds.__lines ?? {});
      return {
        words: reviews.flatMap(reviewLines),
        refusals: isSameServer || olds.migrations === undefined ? refusals : [],
        added: { __lines: marks } satisfies Marked,
      };
    },
    async apply(inputs: MigrateRequest & InContainer) {
      const { migrate } = await import("../migrator/run.ts");
      const { version, applied } = await migrate(engine, { ...inputs, container: inputs.containerId, tell });
      return { version, applied };
    },
    async find({ connection }: Connected) {
      const { readLedger } = await import("../migrator/run.ts");
      const { findDrift } = await import("../migrator/drift.ts");
      const { version, migrations } = await readLedger(engine, connection);
      const files = migrations.map(({ name, checksum }) => ({ name, checksum }));
      // An input, because Pulumi shows no other drift; the program has none, so the next preview shows it until it is gone.
      const drift = await findDrift(engine, connection);
      for (const sentence of drift) console.warn(`${connection.database} has drifted: ${sentence}`);
      return { version, applied: files.map(({ name }) => name), migrations: files, ...(drift.length > 0 && { drift }) };
    },
  };
}

/** Pulumi shows each line beside the progress of the update. */
function tell(sentence: string): void {
  console.log(sentence);
}

function seeds(engine: Engine): Kind {
  return {
    outputs: ["seeded", "changed"],
    id: ({ connection }: Connected) => `${connection.database}/seeds`,
    async apply(inputs: Previewed & InContainer) {
      const { seed } = await import("../migrator/seedRun.ts");
      const sets = [...new Set(inputs.seeds.map(({ name }) => name.slice(0, name.indexOf("/"))))];
      return seed(engine, { ...inputs, sets, container: inputs.containerId, tell });
    },
    async find({ connection, seeds }: Previewed) {
      const { readLedger } = await import("../migrator/run.ts");
      const ledger = new Map(
        (await readLedger(engine, connection)).seeds.map(({ name, checksum }) => [name, checksum]),
      );
      // With the ledger's checksum: what a backup brought back may be older than what Pulumi's state knows.
      const found = seeds.flatMap(({ name }) => {
        const checksum = ledger.get(name);
        return checksum === undefined ? [] : [{ name, checksum }];
      });
      return { seeded: found.map(({ name }) => name), seeds: found };
    },
  };
}
