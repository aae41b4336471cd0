import * as pulumi from "@pulumi/pulumi";

export interface Recorded {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** What the real providers add to the inputs of each type; a type that isn't listed is refused. */
const STATE: Record<string, (inputs: Record<string, unknown>, name: string) => Record<string, unknown>> = {
  "docker:index/network:Network": (inputs) => inputs,
  "docker:index/volume:Volume": (inputs) => inputs,
  "docker:index/container:Container": (inputs) => ({ ...inputs, exitCode: 0 }),
  "random:index/randomId:RandomId": (inputs) => ({ ...inputs, hex: "0123456789abcdef" }),
  "random:index/randomPassword:RandomPassword": (inputs, name) => ({ ...inputs, result: `secret of ${name}` }),
  "pulumi-nodejs:dynamic/tradingdb:PostgresRoles": (inputs) => ({ ...inputs, changes: [] }),
  "pulumi-nodejs:dynamic/tradingdb:PostgresMigrations": (inputs) => ({ ...inputs, version: "0001_x.sql", applied: [] }),
  "pulumi-nodejs:dynamic/tradingdb:PostgresSeeds": (inputs) => ({
    ...inputs,
    seeded: ["default/0001_x.sql"],
    changed: [],
  }),
  "pulumi-nodejs:dynamic/tradingdb:MongoUsers": (inputs) => ({ ...inputs, changes: [] }),
  "pulumi-nodejs:dynamic/tradingdb:MongoMigrations": (inputs) => ({ ...inputs, version: "0001_x.ts", applied: [] }),
  "pulumi-nodejs:dynamic/tradingdb:MongoSeeds": (inputs) => ({
    ...inputs,
    seeded: ["default/0001_x.json"],
    changed: [],
  }),
};

/**
 * Replaces Pulumi's engine by one that records what is declared. It refuses every type and call that it doesn't know, so
 * that a component can't declare something that no test has thought of.
 */
export async function recordResources(): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        if (type.startsWith("tradingdb:index:")) return { id: "", state: inputs };
        const state = STATE[type];
        if (state === undefined) throw new Error(`The mocks know no resource of type ${type}.`);
        recorded.push({ type, name, inputs });
        return { id: `id of ${name}`, state: state(inputs, name) };
      },
      call: ({ token }) => {
        throw new Error(`The mocks know no call of ${token}.`);
      },
    },
    "trading-db",
    "test",
  );
  return recorded;
}

/** Waits until everything that was declared has been recorded. */
export async function settle(): Promise<void> {
  await pulumi.runtime.disconnect();
}
