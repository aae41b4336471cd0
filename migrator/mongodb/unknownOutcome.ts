import {
  MongoClientClosedError,
  MongoError,
  MongoErrorLabel,
  MongoExpiredSessionError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from "mongodb";
import { Disconnected, messageOf } from "../errors.ts";

/** Of the driver: the server did not answer, or its connections were given up. */
const lostConnections = [
  MongoNetworkError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoNotConnectedError,
  MongoClientClosedError,
  MongoExpiredSessionError,
];

/** Of the server: it shuts down, is no longer the primary, or is not yet. */
const notAtWork = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  89, // NetworkTimeout
  91, // ShutdownInProgress
  94, // NotYetInitialized
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  9001, // SocketException
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

/** Whether nobody knows what came of the command: the connection broke, or the server was no longer in a state to tell. */
export function isUnknownOutcome(error: unknown): boolean {
  if (error instanceof Disconnected || lostConnections.some((kind) => error instanceof kind)) return true;
  if (!(error instanceof MongoError)) return false;
  return (
    notAtWork.has(Number(error.code)) ||
    error.hasErrorLabel(MongoErrorLabel.RetryableWriteError) ||
    error.hasErrorLabel(MongoErrorLabel.UnknownTransactionCommitResult)
  );
}

/** A Disconnected in place of an error after which the outcome is unknown; any other error as it is. */
export function asDisconnected(error: unknown): unknown {
  if (error instanceof Disconnected || !isUnknownOutcome(error)) return error;
  return new Disconnected(`The connection to MongoDB broke (${messageOf(error)})`, { cause: error });
}

/** Does the work, and throws a Disconnected where its outcome is unknown. */
export async function connectedOr<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDisconnected(error);
  }
}
