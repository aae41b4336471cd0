import { DatabaseLayer } from "./components/databaseLayer.ts";
import { loadSettings } from "./settings.ts";

const layer = new DatabaseLayer("trading-db", loadSettings());

/** The contract with everything that uses the databases: see outputs.ts. */
export const { postgres, mongodb, environment, networks, adminTools, installation } = layer.outputs;
