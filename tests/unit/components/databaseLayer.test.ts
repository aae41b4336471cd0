import { beforeEach, describe, expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { DatabaseLayer } from "../../../components/databaseLayer.ts";
import { parseSettings } from "../../../settings.ts";
import { recordResources, settle, type Recorded } from "../../support/mocks.ts";

let recorded: Recorded[];

beforeEach(async () => {
  recorded = await recordResources();
});

async function declare(config: Record<string, string> = {}): Promise<DatabaseLayer> {
  const layer = new DatabaseLayer("trading-db", parseSettings("dev", config, "local"));
  await settle();
  return layer;
}

const namesOf = (type: string) => recorded.filter((resource) => resource.type === type).map(({ name }) => name);
const container = (name: string) =>
  recorded.find(({ type, inputs }) => type === "docker:index/container:Container" && inputs["name"] === name)!.inputs;

const declared = () => recorded.map(({ type, name }) => `${type.replace(/^.*:/, "")} ${name}`).sort();

/** What every stack declares. */
const RESOURCES = [
  "Container trading-db-mongodb-config-writer",
  "Container trading-db-mongodb-container",
  "Container trading-db-postgres-config-writer",
  "Container trading-db-postgres-container",
  "MongoMigrations trading-db-mongodb-schema-migrations",
  "MongoSeeds trading-db-mongodb-schema-seeds",
  "MongoUsers trading-db-mongodb-schema-users",
  "Network trading-db-networks-database",
  "Network trading-db-networks-service",
  "PostgresMigrations trading-db-postgres-schema-migrations",
  "PostgresRoles trading-db-postgres-schema-roles",
  "PostgresSeeds trading-db-postgres-schema-seeds",
  "RandomId trading-db-guard",
  "RandomId trading-db-installation",
  "RandomPassword trading-db-credentials-mongo-express",
  "RandomPassword trading-db-credentials-mongodb-admin",
  "RandomPassword trading-db-credentials-mongodb-keyfile",
  "RandomPassword trading-db-credentials-pgadmin",
  "RandomPassword trading-db-credentials-trading_migrator",
  "RandomPassword trading-db-credentials-trading_readonly",
  "RandomPassword trading-db-credentials-trading_replicator",
  "RandomPassword trading-db-credentials-trading_user",
  "Volume trading-db-mongodb-config-volume",
  "Volume trading-db-mongodb-data",
  "Volume trading-db-mongodb-tmp",
  "Volume trading-db-pgadmin-data",
  "Volume trading-db-postgres-config-volume",
  "Volume trading-db-postgres-data",
];

describe("a stack as it comes", () => {
  test("declares exactly these resources", async () => {
    await declare();
    expect(declared()).toEqual(RESOURCES);
  });

  test("puts the databases, and nothing else, on both networks", async () => {
    await declare({ "trading-db:adminTools": "true" });
    const networks = (name: string) =>
      (container(name)["networksAdvanced"] as { name: string }[]).map((network) => network.name);
    expect(networks("trading-postgres")).toEqual(["trading-db-network", "trading-network"]);
    expect(networks("trading-mongodb")).toEqual(["trading-db-network", "trading-network"]);
    expect(networks("trading-pgadmin")).toEqual(["trading-db-network"]);
    expect(networks("trading-mongo-express")).toEqual(["trading-db-network"]);
  });

  test("gives the database network no way out", async () => {
    await declare();
    const network = recorded.find(({ name }) => name === "trading-db-networks-database")!.inputs;
    expect(network["options"]).toEqual({ "com.docker.network.bridge.enable_ip_masquerade": "false" });
  });

  test("keeps passwords out of environments, arguments and labels", async () => {
    await declare({ "trading-db:adminTools": "true", "trading-db:mongodbServiceUser": "trading_service" });
    for (const { type, inputs } of recorded) {
      if (type !== "docker:index/container:Container") continue;
      const visible = JSON.stringify([
        inputs["envs"],
        inputs["command"],
        inputs["entrypoints"],
        inputs["labels"],
        inputs["name"],
      ]);
      expect(visible).not.toContain("secret of");
    }
  });

  test("hands the migrator every file of schema/, by name and checksum", async () => {
    await declare({ "trading-db:sampleData": "true" });
    const inputs = recorded.find(({ name }) => name === "trading-db-postgres-schema-migrations")!.inputs;
    const files = inputs["migrations"] as { name: string; checksum: string }[];
    expect(files.length).toBeGreaterThan(0);
    for (const { name, checksum } of files) {
      expect(name).toMatch(/^\d{4}_[a-z0-9_]+\.sql$/);
      expect(checksum).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

test("admin tools, when they are asked for, add exactly their containers and the volumes of their secrets", async () => {
  await declare({ "trading-db:adminTools": "true" });
  const tools = ["mongo-express", "pgadmin"].flatMap((tool) => [
    `Container trading-db-${tool}-config-writer`,
    `Container trading-db-${tool}-container`,
    `Volume trading-db-${tool}-config-volume`,
  ]);
  expect(declared()).toEqual([...RESOURCES, ...tools].sort());
});

test("a user for services gets its password, and services get its name", async () => {
  const layer = await declare({ "trading-db:mongodbServiceUser": "trading_service" });
  expect(namesOf("random:index/randomPassword:RandomPassword")).toContain("trading-db-credentials-mongodb-service");
  expect(layer.outputs.environment).toMatchObject({ MONGODB_USERNAME: "trading_service" });
});

test("what services need is complete, and its two passwords are secrets", async () => {
  const { environment } = (await declare()).outputs as { environment: Record<string, pulumi.Output<string> | string> };
  expect(Object.keys(environment)).toEqual([
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "POSTGRES_DB",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "MONGODB_HOST",
    "MONGODB_PORT",
    "MONGODB_USERNAME",
    "MONGODB_PASSWORD",
    "MONGODB_DATABASE",
  ]);
  expect(await pulumi.isSecret(environment["POSTGRES_PASSWORD"] as pulumi.Output<string>)).toBe(true);
  expect(await pulumi.isSecret(environment["MONGODB_PASSWORD"] as pulumi.Output<string>)).toBe(true);
});

test("published on all addresses, a database is still reached on loopback by this host", async () => {
  const layer = await declare({ "trading-db:bindAddress": "0.0.0.0" });
  expect(layer.outputs.postgres).toMatchObject({ fromHost: { host: "127.0.0.1", port: 5432 } });
});
