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

export interface LedgerRow extends FileRef {
  appliedAt: Date;
}

/** What the database itself says was done to it. */
export interface Ledger {
  /** Name of the last migration applied, "" when there is none. */
  version: string;
  migrations: LedgerRow[];
  seeds: LedgerRow[];
}

export type FileKind = "migrations" | "seeds";

/** All that the engine needs of a database. Made by `openPostgres` and `openMongo`; one owner, one task at a time. */
export interface Database {
  /**
   * Takes the one lock of this database, and makes the ledger where it is missing.
   * @param waitSeconds how long another holder is waited for; then a MigrationError names the holder.
   */
  lock(waitSeconds: number): Promise<void>;
  /** An empty ledger where the migrator never ran. Needs no lock, changes nothing. */
  readLedger(): Promise<Ledger>;
  /** Throws MigrationError for a file that can't be run. All files are checked before the first one is applied. */
  check(kind: FileKind, file: SourceFile): void;
  /** Applies one file and writes its ledger row. Throws ApplyFailure. */
  apply(kind: FileKind, file: SourceFile): Promise<void>;
  /** Gives the lock back and disconnects. */
  close(): Promise<void>;
}

/** What a run is asked to do. */
export interface RunRequest {
  connection: Connection;
  /** Folder of the files, relative to the project folder. */
  directory: string;
  /** Name or id of the server's container. Where given, the server is waited for, and a container that exits is told at once. */
  container?: string;
  /** Seconds that another holder of the lock is waited for. @default 60 */
  lockWait?: number;
}

export interface MigrateRequest extends RunRequest {
  /** The files as they were previewed. The run refuses a folder that holds anything else. */
  migrations: FileRef[];
}

export interface MigrateReport {
  version: string;
  /** All migrations in the ledger, in order, those of this run included. */
  applied: string[];
}

export interface SeedRequest extends RunRequest {
  /** The files as they were previewed, of all sets that this stack takes. */
  seeds: FileRef[];
}

export interface SeedReport {
  /** The requested seeds that are in the ledger. */
  seeded: string[];
  /** Those whose file was edited since it was seeded. Their data are left as they are. */
  changed: string[];
}

/** What a bootstrap changed, in words; empty when all was as it should be. */
export interface BootstrapReport {
  changes: string[];
}
