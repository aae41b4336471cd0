import { RunError } from "@pulumi/pulumi";
import { MigrationError } from "../migrator/errors.ts";
import * as files from "../migrator/files.ts";

/**
 * The lists of files that the program states to Pulumi, so that a preview names each pending one.
 *
 * @throws RunError where the migrator throws a MigrationError: Pulumi shows its message without a stack trace
 */
export const listMigrations = told(files.listMigrations);
export const listSeeds = told(files.listSeeds);

function told<Arguments extends unknown[], Result>(
  list: (...args: Arguments) => Result,
): (...args: Arguments) => Result {
  return (...args) => {
    try {
      return list(...args);
    } catch (error) {
      throw error instanceof MigrationError ? new RunError(error.message) : error;
    }
  };
}
