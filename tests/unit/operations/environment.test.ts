import { expect, test } from "@jest/globals";
import { renderEnvironment } from "../../../operations/environment.ts";
import type { ServiceEnvironment } from "../../../outputs.ts";

const environment = { POSTGRES_HOST: "postgres", POSTGRES_PASSWORD: "it's" } as ServiceEnvironment;

test("the environment of a service is a file for docker, lines for a shell, or JSON", () => {
  expect(renderEnvironment(environment, "dotenv")).toBe("POSTGRES_HOST=postgres\nPOSTGRES_PASSWORD=it's");
  expect(renderEnvironment(environment, "export")).toBe(
    "export POSTGRES_HOST='postgres'\nexport POSTGRES_PASSWORD='it'\\''s'",
  );
  expect(JSON.parse(renderEnvironment(environment, "json"))).toEqual(environment);
});
