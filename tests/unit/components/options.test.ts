import { beforeEach, describe, expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { DatabaseLayer } from "../../../components/databaseLayer.ts";
import { parseSettings } from "../../../settings.ts";
import { recordResources, settle } from "../../support/mocks.ts";

type Options = pulumi.CustomResourceOptions & { parent?: pulumi.Resource & { __name?: string } };

/** Options of each declared resource, by its name. */
let options: Map<string, Options>;
let types: Map<string, string>;

beforeEach(async () => {
  options = new Map();
  types = new Map();
  await recordResources();
});

async function declare(config: Record<string, string>): Promise<void> {
  const record: pulumi.ResourceTransformation = ({ name, type, opts }) => {
    options.set(name, opts as Options);
    types.set(name, type);
    return undefined;
  };
  const settings = parseSettings("dev", { "trading-db:adminTools": "true", ...config }, "local");
  new DatabaseLayer("trading-db", settings, { transformations: [record] });
  await settle();
}

const namesOf = (type: string) => [...types].filter(([, found]) => found === type).map(([name]) => name);

test("every resource has a parent, whose name its own begins with", async () => {
  await declare({});
  for (const [name, { parent }] of options) {
    if (name === "trading-db") continue;
    expect(name.slice(0, `${parent?.__name}-`.length)).toBe(`${parent?.__name}-`);
  }
});

test("containers go before they come anew, and are replaced for what the plugin would change in the state only", async () => {
  await declare({});
  const containers = namesOf("docker:index/container:Container");
  expect(containers).toHaveLength(8);
  for (const name of containers) {
    expect(options.get(name)).toMatchObject({
      deleteBeforeReplace: true,
      replaceOnChanges: ["healthcheck", "tmpfs", "init"],
    });
  }
});

test("a service starts once its files are written", async () => {
  await declare({});
  const services = namesOf("docker:index/container:Container").filter((name) => !name.endsWith("-writer"));
  expect(services).toHaveLength(4);
  for (const name of services) {
    const awaited = pulumi.output(options.get(name)!.dependsOn) as unknown as pulumi.Output<{ __name: string }[]>;
    const names = await new Promise((resolve) => {
      awaited.apply((resources) => resolve(resources.map(({ __name }) => __name)));
    });
    expect(names).toContain(name.replace(/-container$/, "-config-writer"));
  }
});

test("networks go before they come anew, because their names are fixed", async () => {
  await declare({});
  for (const name of namesOf("docker:index/network:Network")) {
    expect(options.get(name)).toMatchObject({ deleteBeforeReplace: true });
  }
});

test("the guard of a protected stack is what nothing depends on, and refuses to be deleted first", async () => {
  await declare({ "trading-db:protect": "true" });
  const { protect, dependsOn } = options.get("trading-db-guard")!;
  expect(protect).toBe(true);
  const awaited = (dependsOn as unknown as { __name: string }[]).map(({ __name }) => __name);
  const siblings = [...options].filter(
    ([name, { parent }]) => parent?.__name === "trading-db" && name !== "trading-db-guard",
  );
  // Everything else depends on the identity, so it goes last by itself.
  expect(awaited.sort()).toEqual(
    siblings
      .map(([name]) => name)
      .filter((name) => name !== "trading-db-installation")
      .sort(),
  );
});

describe("data volumes", () => {
  const data = ["trading-db-postgres-data", "trading-db-mongodb-data", "trading-db-pgadmin-data"];

  test("are never replaced, whatever changes in their definition", async () => {
    await declare({});
    for (const name of data) {
      expect(options.get(name)).toMatchObject({ ignoreChanges: ["name", "driver", "driverOpts", "labels"] });
    }
  });

  test.each([
    ["true", true],
    ["false", false],
  ])("are protected from destruction when protect is %s: %s", async (value, wanted) => {
    await declare({ "trading-db:protect": value });
    for (const name of data) expect(options.get(name)!.protect).toBe(wanted);
  });
});
