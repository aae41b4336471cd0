import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { findGuests, findOverlap, overlaps } from "../../../operations/subnets.ts";

describe("two subnets", () => {
  test.each([
    ["172.30.0.0/24", "172.30.0.0/24", true],
    ["172.30.0.0/16", "172.30.255.0/24", true],
    ["172.30.255.0/24", "172.30.0.0/16", true],
    ["172.30.0.0/24", "172.30.1.0/24", false],
    ["10.0.0.0/9", "10.128.0.0/9", false],
    ["0.0.0.0/0", "203.0.113.7/32", true],
    ["255.255.255.254/31", "255.255.255.255/32", true],
    ["172.30.0.0/24", "fd00::/64", false],
  ])("%s and %s: %s", (one, other, shared) => {
    expect(overlaps(one, other)).toBe(shared);
  });

  const bytes = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

  test("share an address exactly where the longer prefix lies in the shorter one, bit by bit", () => {
    const bits = (address: number[]) => address.map((byte) => byte.toString(2).padStart(8, "0")).join("");
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 32 }), bytes, fc.integer({ min: 0, max: 32 }), (a, m, b, n) => {
        const common = Math.min(m, n);
        const expected = bits(a).slice(0, common) === bits(b).slice(0, common);
        expect(overlaps(`${a.join(".")}/${m}`, `${b.join(".")}/${n}`)).toBe(expected);
      }),
    );
  });
});

describe("the subnets of a stack", () => {
  const database = (subnet?: string) => ({ key: "databaseSubnet", network: "trading-db-network", subnet });
  const service = (subnet?: string) => ({ key: "serviceSubnet", network: "trading-network", subnet });
  const existing = [
    { name: "host", subnets: [] },
    { name: "bridge", subnets: ["172.17.0.0/16"] },
    { name: "trading-db-network", subnets: ["172.30.0.0/24"] },
    { name: "office", subnets: ["fd00::/64", "172.31.4.0/22"] },
  ];

  test("are taken where they overlap nothing", () => {
    expect(findOverlap([database("172.30.1.0/24"), service("172.30.2.0/24")], existing)).toBeUndefined();
  });

  test("are taken where the stack's own network has them already", () => {
    expect(findOverlap([database("172.30.0.0/24"), service()], existing)).toBeUndefined();
  });

  test("are refused where another network overlaps them, which is named with its subnet", () => {
    expect(findOverlap([database(), service("172.31.5.0/24")], existing)).toBe(
      "trading-db:serviceSubnet is 172.31.5.0/24, which overlaps 172.31.4.0/22 of the network office. " +
        "Choose another one (pulumi config set serviceSubnet 10.213.0.0/24), or let Docker choose (pulumi config rm serviceSubnet).",
    );
  });

  test("are refused where they overlap each other", () => {
    expect(findOverlap([database("10.1.0.0/16"), service("10.1.2.0/24")], existing)).toBe(
      "trading-db:serviceSubnet is 10.1.2.0/24, which overlaps 10.1.0.0/16 of the network trading-db-network. " +
        "Choose another one (pulumi config set serviceSubnet 10.213.0.0/24), or let Docker choose (pulumi config rm serviceSubnet).",
    );
  });

  test("are not changed under containers of others, which are named with the way out", () => {
    const own = {
      name: "trading-network",
      subnets: ["172.20.0.0/16"],
      containers: ["trading-postgres", "api", "worker"],
    };
    const wishes = [database(), service("10.1.2.0/24")];
    expect(findGuests(wishes, [own], ["trading-postgres"])).toBe(
      "trading-db:serviceSubnet is 10.1.2.0/24, but the network trading-network has 172.20.0.0/16 and is in use by api, worker. " +
        "Take them off it first: docker network disconnect trading-network api && docker network disconnect trading-network worker",
    );
    expect(findGuests(wishes, [{ ...own, containers: ["trading-postgres"] }], ["trading-postgres"])).toBeUndefined();
    expect(findGuests([service("172.20.0.0/16")], [own], ["trading-postgres"])).toBeUndefined();
  });
});
