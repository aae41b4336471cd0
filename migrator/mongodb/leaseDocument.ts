import type { Binary, Collection, Db } from "mongodb";
import type { PendingRow } from "./pending.ts";

/** After these seconds without a heartbeat, a lease is free. */
export const leaseSeconds = 15;

/** Who holds the lease. It stays when the lease is released, with `owner: null`. */
export interface LeaseDocument {
  _id: "lock";
  /** Grows at each acquisition. Former releases wrote none. */
  token?: number;
  /** Of one acquisition, by one process. */
  owner: string | null;
  host?: string;
  pid?: number;
  since?: Date;
  expiresAt?: Date;
  /** Id of the server session through which the holder works. */
  session?: Binary;
}

/**
 * What every write to the ledger also changes: so none is kept once the token is another's. It is a document of its own,
 * because the heartbeat would be in the way of a transaction that changed the other one.
 */
export interface FenceDocument {
  _id: "fence";
  token: number;
  /** How often the ledger was written under this token. */
  writes: number;
  at: Date;
  /** See pending.ts. */
  pending?: Record<string, PendingRow>;
  /** When each of them was applied. */
  times?: Record<string, Date>;
}

/** Both documents are in one collection. */
export function leasesOf(ledger: Db): Collection<LeaseDocument> {
  return ledger.collection<LeaseDocument>("lock");
}

export function fencesOf(ledger: Db): Collection<FenceDocument> {
  return ledger.collection<FenceDocument>("lock");
}

/** What the holder of a token writes on all its commands, so that its successor finds those that still run. */
export function commentOf(token: number, database: string): string {
  return `trading-db lease ${token} of ${database}`;
}

/** The token in such a comment; undefined for that of another database, and for anything else. */
export function tokenIn(comment: unknown, database: string): number | undefined {
  const found = /^trading-db lease (\d+) of (.+)$/s.exec(String(comment));
  return found?.[2] === database ? Number(found[1]) : undefined;
}
