import { MigrationError } from "../migrator/errors.ts";
import { UserError } from "../operations/errors.ts";
import { createMigration, usage } from "./createMigration.ts";
import { exitCodes, say } from "./outcome.ts";

if (["--help", "-h"].includes(process.argv[2] ?? "")) {
  console.log(`Makes the file of a new migration. It takes an engine and a name: ${usage}`);
  process.exit();
}
try {
  const path = createMigration(process.argv.slice(2));
  say(`✔ made ${path}\nWrite its statements, and see what they are going to do: pulumi preview`);
} catch (error) {
  say(`✖ ${(error as Error).message}`);
  process.exitCode = error instanceof UserError || error instanceof MigrationError ? exitCodes.usage : 1;
}
