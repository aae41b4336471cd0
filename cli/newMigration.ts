import { MigrationError } from "../migrator/errors.ts";
import { UserError } from "../operations/errors.ts";
import { createMigration } from "./createMigration.ts";

/** What a wrong command line ends with; 1 stands for everything else that fails. */
const wrongUsage = 2;

try {
  const path = createMigration(process.argv.slice(2));
  console.log(`✔ made ${path}\nWrite its statements, and see what they are going to do: pulumi preview`);
} catch (error) {
  console.error(`✖ ${(error as Error).message}`);
  process.exitCode = error instanceof UserError || error instanceof MigrationError ? wrongUsage : 1;
}
