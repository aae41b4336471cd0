export type Engine = "postgresql" | "mongodb";

/** How to reach a database, and as whom. Later: with which trust (TLS), through which transport. */
export interface Connection {
  host: string;
  port: number;
  database: string;
  user: string;
  /** Secret. Printable ASCII. */
  password: string;
}

/** A migration or seed file as the plan sees it. */
export interface FileRef {
  /** `0001_create_runs.sql` for a migration, `default/0001_symbols.json` for a seed. */
  name: string;
  /** SHA-256 in hex over the normalised text: see checksum.ts. */
  checksum: string;
}

export interface SourceFile extends FileRef {
  /** Relative to the project folder. */
  path: string;
  /** The text without a byte order mark. */
  text: string;
}

export interface Migration extends SourceFile {
  /** `0001_create_runs.down.sql`: the way back, run on request alone. */
  down?: SourceFile;
  /** `0001_create_runs.verify.sql`: queries that must find nothing after the migration. */
  verify?: SourceFile;
}

/** What the linter says of one statement. */
export interface Finding {
  /** Such as `drop-table`: by this name a file allows it. */
  rule: string;
  /** `refused` can't work as it is; `destructive` stops the update unless the file states the reason; `warning` is told. */
  severity: "refused" | "destructive" | "warning";
  /** `line 4`, `step 2`, or `directive`. */
  place: string;
  /** What is dangerous, and the way out. */
  message: string;
  /** The reason that the file states: it is told, and no longer stops. */
  allowed?: string;
}

/** What a pending migration is going to do. Plain data: this is what a preview shows. */
export interface Review extends FileRef {
  /** Whether all of it is kept or nothing. */
  transaction: boolean;
  /** Each statement in words: "creates table trades". */
  statements: { place: string; words: string }[];
  findings: Finding[];
}

export interface LedgerRow extends FileRef {
  appliedAt: Date;
}

/** A file that was interrupted between two of its statements. */
export interface Unfinished {
  /** `0004_add_index.sql`; `0004_add_index.down.sql` for a way back. */
  name: string;
  /** Hashes of the statements that are done, in order: see Statement in both engines. */
  done: string[];
  /** Hash of the statement that was begun and not seen to end. */
  started?: string;
  /** The UUID, in hex, of the collection that it renames. */
  renamed?: string;
}

/** What the database itself says was done to it. */
export interface Ledger {
  /** Name of the last migration applied, "" when there is none. */
  version: string;
  migrations: LedgerRow[];
  seeds: LedgerRow[];
  unfinished?: Unfinished;
  /** `version` of the snapshot. */
  snapshotOf?: string;
}

/**
 * The schema as it is: each object by its name, such as `column public.trades.pnl`, with its definition. See catalog.ts.
 */
export type Catalog = Record<string, string>;

/** The schema as the migrations left it. */
export interface Snapshot {
  /** Name of the migration after which it was taken, and how far an interrupted one was. */
  version: string;
  objects: Catalog;
}

/** How long a server is waited for; without either it has to answer at once. */
export interface Wait {
  /** Name or id of its container: while that runs, for 60 s. One that does not run is told at once. */
  container?: string | undefined;
  /** It answered a moment ago, and may be starting again: for 60 s, whatever becomes of its container. */
  again?: boolean;
}

export interface OpenOptions extends Wait {
  /** Gets one sentence for each thing that takes time: a lock that is waited for, a table that is in use, a long seed. */
  tell: (sentence: string) => void;
}

/** All that the engine needs of a database. Made by `openPostgres` and `openMongo`; one owner, one task at a time. */
export interface Database {
  /**
   * Takes the one lock of this database, and makes the ledger where it is missing.
   * @param waitSeconds how long another holder is waited for; then a LockHeld names the holder.
   */
  lock(waitSeconds: number): Promise<void>;
  /** An empty ledger where the migrator never ran. Needs no lock, changes nothing. */
  readLedger(): Promise<Ledger>;
  /** The text of a migration as it was applied; undefined where a release that kept none applied it. */
  appliedText(name: string): Promise<string | undefined>;
  /**
   * Applies the first of these, or the rest of it where it was interrupted, runs its verify file, and writes its ledger row.
   * The next ones may go with it where that is faster; each is kept by itself.
   * @returns how many are applied.
   * @throws ApplyFailure for the first, or Disconnected when nobody knows what came of it.
   */
  apply(migrations: readonly Migration[]): Promise<number>;
  /** Runs the down file of an applied migration, and takes its ledger row away. @throws as `apply`. */
  revert(migration: Migration): Promise<void>;
  /** What a down file would take away that can't be had again, each in words: "1,204 rows of orders". */
  losses(down: SourceFile): Promise<string[]>;
  /** Writes ledger rows without running anything: a schema that is there already, or a text that only reads otherwise. */
  record(what: "baselined" | "repaired", files: readonly SourceFile[]): Promise<void>;
  /**
   * Inserts a seed and writes its ledger row. See `seed`.
   * @returns `left`: in words, what was left as users made it.
   * @throws as `apply`.
   */
  seed(file: SourceFile, options: SeedOptions): Promise<{ left?: string }>;
  readCatalog(): Promise<Catalog>;
  /** Those of these tables or collections, as the catalog names them, that have no row; as the linter names them. */
  emptyOf(tables: readonly string[]): Promise<string[]>;
  readSnapshot(): Promise<Snapshot | undefined>;
  writeSnapshot(snapshot: Snapshot): Promise<void>;
  /** Gives the lock back and disconnects. */
  close(): Promise<void>;
}

export interface SeedOptions {
  /** Whether it is in the ledger already. */
  known: boolean;
  /** Whether the file wins over what users changed. */
  overwrite: boolean;
}

/** What a run is asked to do. */
export interface RunRequest {
  connection: Connection;
  /** Folder of the files, relative to the project folder. */
  directory: string;
  /** See Wait. */
  container?: string;
  /** See OpenOptions. @default nothing is told */
  tell?: (sentence: string) => void;
  /** Seconds that another holder of the lock is waited for. @default 60 */
  lockWait?: number;
}

export interface MigrateRequest extends RunRequest {
  /** The files as they were previewed: a folder that holds anything else is refused. @default what the folder holds */
  migrations?: FileRef[];
}

export interface MigrateReport {
  version: string;
  /** All migrations in the ledger, in order, those of this run included. */
  applied: string[];
  /** Those of this run. */
  added: string[];
}

export interface SeedRequest extends RunRequest {
  /** Folders of seeds, in the order in which they are inserted. */
  sets: readonly string[];
  /** The files as they were previewed: sets that hold anything else are refused. @default what the sets hold */
  seeds?: FileRef[];
  /** Whether the files win over what users changed. @default false */
  overwrite?: boolean;
}

export interface SeedReport {
  /** The requested seeds that are in the ledger. */
  seeded: string[];
  /** What was left as users made it although its file was edited since it was seeded, one sentence each. */
  changed: string[];
}

/** What a bootstrap changed, in words; empty when all was as it should be. */
export interface BootstrapReport {
  changes: string[];
}
