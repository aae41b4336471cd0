import { describe, expect, test } from "@jest/globals";
import { parseSettings } from "../../settings.ts";

const parse = (config: Record<string, string>, machineImages?: string) =>
  parseSettings(
    "dev",
    Object.fromEntries(Object.entries(config).map(([key, value]) => [`trading-db:${key}`, value])),
    machineImages,
  );

/** The whole text of what is refused. */
function refusal(config: Record<string, string>): string {
  try {
    parse(config);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

test("a stack without any configuration gets every default", () => {
  const settings = parse({});
  expect(settings).toMatchObject({
    stack: "dev",
    bindAddress: "127.0.0.1",
    adminTools: false,
    protect: false,
    seedSets: ["default"],
    memory: { postgres: 1024, mongodb: 1024 },
    subnets: { database: undefined, service: undefined },
    mongodbServiceUser: undefined,
    ports: { postgres: 5432, mongodb: 27017, pgadmin: 5050, mongoExpress: 8081 },
  });
  expect(settings.images).toEqual({
    postgres: "postgres:15",
    mongodb: "mongo:7",
    pgadmin: "dpage/pgadmin4:9",
    mongoExpress: "mongo-express:1.0.2",
  });
});

test("settings can't be changed once they are read", () => {
  expect(Object.isFrozen(parse({}))).toBe(true);
});

test("what the configuration says wins over the defaults", () => {
  const settings = parse({
    adminTools: "true",
    sampleData: "true",
    protect: "true",
    bindAddress: "0.0.0.0",
    postgresPort: "15432",
    mongodbMemory: "2048",
    databaseSubnet: "172.30.0.0/24",
    mongodbServiceUser: "trading_service",
  });
  expect(settings).toMatchObject({
    adminTools: true,
    protect: true,
    bindAddress: "0.0.0.0",
    seedSets: ["default", "dev"],
    memory: { postgres: 1024, mongodb: 2048 },
    subnets: { database: "172.30.0.0/24", service: undefined },
    mongodbServiceUser: "trading_service",
  });
  expect(settings.ports.postgres).toBe(15432);
});

describe("images", () => {
  test("come from this machine's builds where the machine says so", () => {
    expect(parse({}, "local").images.mongodb).toBe("localhost/trading-db/mongo:6.0");
  });

  test("come from where the stack says, whatever the machine says", () => {
    expect(parse({ images: "published" }, "local").images.mongodb).toBe("mongo:7");
  });

  test("come from a private registry under its prefix", () => {
    expect(parse({ images: "registry.example.com:5000/mirror" }).images).toEqual({
      postgres: "registry.example.com:5000/mirror/postgres:15",
      mongodb: "registry.example.com:5000/mirror/mongo:7",
      pgadmin: "registry.example.com:5000/mirror/dpage/pgadmin4:9",
      mongoExpress: "registry.example.com:5000/mirror/mongo-express:1.0.2",
    });
  });
});

describe("backups", () => {
  const place = `${process.cwd()}/backups`;

  test("are taken by no schedule unless the stack says so", () => {
    expect(parse({}).backups).toBeUndefined();
  });

  test("go to this project's folder, and stay 7 or 30 days, where the stack gives a schedule alone", () => {
    expect(parse({ backups: '{"schedule":"0 3 * * *"}' }).backups).toEqual({
      schedule: "0 3 * * *",
      place,
      retention: { count: 7, days: 30 },
    });
  });

  test("take all of it from the stack", () => {
    const backups = '{"schedule":"@hourly","place":"/srv/backups","retention":{"count":24,"days":1.5}}';
    expect(parse({ backups }).backups).toEqual({
      schedule: "@hourly",
      place: "/srv/backups",
      retention: { count: 24, days: 1.5 },
    });
  });

  test("are encrypted for the stack's key, with a schedule or without one", () => {
    expect(parse({ backupKey: "AGE-SECRET-KEY-1ABC" }).backupKey).toBe("AGE-SECRET-KEY-1ABC");
    expect(parse({}).backupKey).toBeUndefined();
  });

  test("are made by an image of the servers' own images, wherever those come from", () => {
    expect(parse({}, "local").backupSources).toEqual([]);
    expect(parse({}).backupSources).toEqual(["postgres:15", "mongo:7", "node:24-bookworm-slim"]);
    expect(parse({ images: "registry.example.com/mirror" }).backupSources[0]).toBe(
      "registry.example.com/mirror/postgres:15",
    );
  });
});

test("keys of other projects and providers are left alone", () => {
  expect(parseSettings("dev", { "docker:host": "unix:///run/docker.sock", "pulumi:tags": "x" }).stack).toBe("dev");
});

test.each([
  [
    { adminTool: "true" },
    "trading-db:adminTool is not a setting of this project. Remove it: pulumi config rm adminTool",
  ],
  [
    { adminTools: "yes" },
    'trading-db:adminTools is "yes" but must be true or false. For example: pulumi config set adminTools true',
  ],
  [
    { postgresPort: "0" },
    'trading-db:postgresPort is "0" but must be a whole number from 1 to 65535. For example: pulumi config set postgresPort 15432',
  ],
  [
    { mongodbPort: "65536" },
    'trading-db:mongodbPort is "65536" but must be a whole number from 1 to 65535. For example: pulumi config set mongodbPort 37017',
  ],
  [
    { pgadminPort: "5o5o" },
    'trading-db:pgadminPort is "5o5o" but must be a whole number from 1 to 65535. For example: pulumi config set pgadminPort 15050',
  ],
  [
    { postgresMemory: "64" },
    'trading-db:postgresMemory is "64" but must be a whole number from 256 to 1048576. For example: pulumi config set postgresMemory 1024',
  ],
  [
    { bindAddress: "localhost" },
    'trading-db:bindAddress is "localhost" but must be an IPv4 address of this host such as 127.0.0.1. For example: pulumi config set bindAddress 127.0.0.1',
  ],
  [
    { databaseSubnet: "172.30.0.0" },
    'trading-db:databaseSubnet is "172.30.0.0" but must be an IPv4 subnet such as 172.30.0.0/24. For example: pulumi config set databaseSubnet 172.30.0.0/24',
  ],
  ...["172.30.0.5/24", "10.0.0.0/30", "0.0.0.0/0"].map((subnet): [object, string] => [
    { serviceSubnet: subnet },
    `trading-db:serviceSubnet is "${subnet}" but must be the first address of an IPv4 subnet of 8 to 29 bits, such as 172.30.0.0/24. For example: pulumi config set serviceSubnet 172.30.1.0/24`,
  ]),
  [
    { mongodbServiceUser: "admin" },
    'trading-db:mongodbServiceUser is "admin" but must be a lower-case name other than admin, such as trading_service. For example: pulumi config set mongodbServiceUser trading_service',
  ],
  [
    { images: "https://registry.example.com" },
    'trading-db:images is "https://registry.example.com" but must be `published`, `local` or the prefix of a registry such as registry.example.com/mirror. For example: pulumi config set images published',
  ],
  [
    { backups: "daily" },
    'trading-db:backups is "daily" but must be an object with a schedule. For example: pulumi config set --path backups.schedule "0 3 * * *"',
  ],
  [
    { backups: '{"schedule":"61 3 * * *"}' },
    'trading-db:backups is "{"schedule":"61 3 * * *"}" but must have a cron expression as its schedule. For example: pulumi config set --path backups.schedule "0 3 * * *"',
  ],
  [
    { backups: '{"schedule":"0 3 * * *","place":"backups"}' },
    'trading-db:backups is "{"schedule":"0 3 * * *","place":"backups"}" but must have an absolute path as its place. For example: pulumi config set --path backups.schedule "0 3 * * *"',
  ],
  [
    { backups: '{"schedule":"0 3 * * *","retention":{"months":1}}' },
    "trading-db:backups.retention.months is not a setting of this project. Remove it: pulumi config rm --path backups.retention.months",
  ],
  [
    { backupKey: "secret" },
    'trading-db:backupKey is "[secret]" but must be a key of age such as age-keygen makes. For example: pulumi config set --secret backupKey AGE-SECRET-KEY-1...',
  ],
  [
    { postgresPort: "27017" },
    "trading-db:postgresPort and trading-db:mongodbPort are both 27017. For example: pulumi config set mongodbPort 27018",
  ],
])("%j is refused with the way out", (config, message) => {
  expect(refusal(config as unknown as Record<string, string>)).toBe(
    `The configuration of stack dev can't be used:\n  - ${message}`,
  );
});

test("everything that is wrong is told at once", () => {
  expect(refusal({ nonsense: "1", protect: "maybe", mongodbPort: "x" })).toBe(
    [
      "The configuration of stack dev can't be used:",
      '  - trading-db:protect is "maybe" but must be true or false. For example: pulumi config set protect true',
      '  - trading-db:mongodbPort is "x" but must be a whole number from 1 to 65535. For example: pulumi config set mongodbPort 37017',
      "  - trading-db:nonsense is not a setting of this project. Remove it: pulumi config rm nonsense",
    ].join("\n"),
  );
});
