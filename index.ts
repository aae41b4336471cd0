import { DatabaseLayer } from "./components/databaseLayer.ts";
import { loadSettings } from "./configuration.ts";

// Pulumi looks up the source map of every line of a stack trace, and takes a trace for each resource. Node, which runs this
// program without compiling it, has none: that would be a tenth of the time of an `up`.
Reflect.deleteProperty(Error, "prepareStackTrace");

const layer = new DatabaseLayer("trading-db", loadSettings());

/** The contract with everything that uses the databases: see outputs.ts. */
export const { postgres, mongodb, environment, networks, adminTools, backups, backupKey, installation } = layer.outputs;
