import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { nameResources } from "../../naming.ts";

test("the stack dev bears the plain names and the databases' own ports", () => {
  expect(nameResources("dev")).toEqual({
    containers: {
      postgres: "trading-postgres",
      mongodb: "trading-mongodb",
      pgadmin: "trading-pgadmin",
      mongoExpress: "trading-mongo-express",
      backup: "trading-backup",
    },
    volumes: {
      postgresData: "trading_postgres_data",
      postgresConfig: "trading_postgres_config",
      mongodbData: "trading_mongodb_data",
      mongodbConfig: "trading_mongodb_config",
      mongodbTmp: "trading_mongodb_tmp",
      pgadminData: "trading_pgadmin_data",
      pgadminConfig: "trading_pgadmin_config",
      mongoExpressConfig: "trading_mongo_express_config",
      backupConfig: "trading_backup_config",
      backupScratch: "trading_backup_scratch",
    },
    networks: { database: "trading-db-network", service: "trading-network" },
    ports: { postgres: 5432, mongodb: 27017, pgadmin: 5050, mongoExpress: 8081 },
  });
});

test("another stack gets its name as a suffix and a block of ports of its own", () => {
  const { containers, volumes, networks, ports } = nameResources("staging");
  expect(containers.postgres).toBe("trading-postgres-staging");
  expect(volumes.postgresData).toBe("trading_postgres_data_staging");
  expect(networks).toEqual({ database: "trading-db-network-staging", service: "trading-network-staging" });
  expect(ports).toEqual({ postgres: 23688, mongodb: 23689, pgadmin: 23690, mongoExpress: 23691 });
});

test("the database network sorts before the service network in every stack, so that it carries the default route", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/), (stack) => {
      const { database, service } = nameResources(stack).networks;
      expect(database < service).toBe(true);
    }),
  );
});

test("ports stay below the ephemeral range and never leave their block", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/), (stack) => {
      fc.pre(stack !== "dev");
      const { postgres, mongodb, pgadmin, mongoExpress } = nameResources(stack).ports;
      expect(postgres).toBeGreaterThanOrEqual(20000);
      expect([mongodb, pgadmin, mongoExpress]).toEqual([postgres + 1, postgres + 2, postgres + 3]);
      expect(mongoExpress).toBeLessThan(30000);
    }),
  );
});
