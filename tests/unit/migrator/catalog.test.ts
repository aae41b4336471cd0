import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { driftBetween, nextSnapshot } from "../../../migrator/catalog.ts";
import type { Catalog } from "../../../migrator/types.ts";

const trades: Catalog = {
  "schema public": "owned by o",
  "table public.trades": "owned by o",
  "column public.trades.price": "numeric not null",
  "constraint public.trades.trades_pkey": "PRIMARY KEY (id)",
  "index public.trades_uid": "CREATE UNIQUE INDEX trades_uid ON public.trades USING btree (uid)",
  "sequence public.trades_id_seq": "bigint\nserving public.trades.id",
  "statistics public.trades_stats": "CREATE STATISTICS public.trades_stats ON a, b FROM public.trades\nowned by o",
};

const without = (catalog: Catalog, ...keys: string[]): Catalog =>
  Object.fromEntries(Object.entries(catalog).filter(([key]) => !keys.includes(key)));

describe("driftBetween", () => {
  test("finds nothing where nothing differs, in whatever order", () => {
    expect(driftBetween(trades, Object.fromEntries(Object.entries(trades).reverse()))).toEqual([]);
  });

  test.each([
    ["column public.t.a", undefined, "text", "column public.t.a is there, but no migration made it: text"],
    ["index public.i", "on a", undefined, "index public.i is missing"],
    [
      "column public.t.a",
      "numeric not null",
      "numeric(20,8) not null",
      "column public.t.a is numeric(20,8) not null, and should be numeric not null",
    ],
    ["index public.i", "on a", "on a\nINVALID", "index public.i is INVALID, and should not be"],
    ["table public.t", 'owned by o\ncommented "x"', "owned by o", 'table public.t is not commented "x", and should be'],
    [
      "function public.f()",
      "owned by o\n\na\nb\nc",
      "owned by o\n\na\nb\nd",
      'function public.f(): line 3 is "d" and should be "c"',
    ],
    ["view public.v", "o\n\na", "o\n\na\nb", 'view public.v: line 2 is "b", and there should be none'],
    ["view public.v", "o\n\na\nb", "o\n\na", 'view public.v: line 2 is missing: "b"'],
    ["collection runs", undefined, "", "collection runs is there, but no migration made it"],
    ["collection runs", "a\nb", "b\na", "collection runs is not as it should be"],
  ])("tells of %s, %j to %j", (key, should, is, sentence) => {
    const catalog = (definition?: string): Catalog => (definition === undefined ? {} : { [key]: definition });
    expect(driftBetween(catalog(should), catalog(is))).toEqual([sentence]);
  });

  test("tells what holds of an object apart from its text", () => {
    expect(driftBetween({ "view v": "owned by o\n\na" }, { "view v": "owned by p\n\nb" })).toEqual([
      "view v is owned by p, and should be owned by o",
      'view v: line 1 is "b" and should be "a"',
    ]);
  });

  test("shows long texts from where they differ", () => {
    const [sentence] = driftBetween({ "type t": `${"x".repeat(500)}old` }, { "type t": `${"x".repeat(500)}new` });
    const same = `…${"x".repeat(40)}`;
    expect(sentence).toBe(`type t is ${same}new, and should be ${same}old`);
  });

  test("lets a table speak for its parts", () => {
    const others = { "schema public": "owned by o" };
    expect(driftBetween(trades, others)).toEqual(["table public.trades is missing"]);
    expect(driftBetween(others, trades)).toEqual([
      "table public.trades is there, but no migration made it: owned by o",
    ]);
    expect(driftBetween(trades, {})).toEqual(["schema public is missing"]);
  });

  test("lets a table that is no longer a partition speak for its parts", () => {
    const partition = { "table p.t": "partition of public.t DEFAULT\nowned by o" };
    const alone = { "table p.t": "owned by o", "column p.t.a": "text", "index p.i": "CREATE INDEX i ON p.t (a)" };
    expect(driftBetween(partition, alone)).toEqual(["table p.t is not partition of public.t DEFAULT, and should be"]);
  });

  test("knows which collection an index is of", () => {
    const all = {
      "collection runs": "",
      "index runs.a.b_1": "on x",
      "validator runs": "level strict\n\n{}",
      "collection runs.old": "",
      "index runs.old.name_1": "on y",
    };
    expect(driftBetween(all, without(all, "collection runs", "index runs.a.b_1", "validator runs"))).toEqual([
      "collection runs is missing",
    ]);
    expect(driftBetween(all, { "collection runs.old": "" })).toEqual([
      "collection runs is missing",
      "index runs.old.name_1 is missing",
    ]);
  });

  test("tells of parts whose table stands", () => {
    const parts = without(trades, "column public.trades.price", "index public.trades_uid");
    expect(driftBetween(trades, parts)).toEqual([
      "column public.trades.price is missing",
      "index public.trades_uid is missing",
    ]);
  });
});

describe("nextSnapshot", () => {
  const key = fc.constantFrom("table a", "table b", "column a.x", "column a.y", "index a.i", "view v", "schema s");
  const catalog: fc.Arbitrary<Catalog> = fc.dictionary(key, fc.constantFrom("one", "two", "three"));
  const keys = (...catalogs: Catalog[]) => new Set(catalogs.flatMap(Object.keys));

  test("is what stands, where there was none or no drift", () => {
    fc.assert(
      fc.property(catalog, catalog, (before, after) => {
        expect(nextSnapshot(undefined, before, after)).toEqual(after);
        expect(nextSnapshot(before, before, after)).toEqual(after);
      }),
    );
  });

  test("is the old one, where nothing was migrated, so all drift stays told", () => {
    fc.assert(
      fc.property(catalog, catalog, (old, found) => {
        expect(nextSnapshot(old, found, found)).toEqual(old);
        expect(driftBetween(nextSnapshot(old, found, found), found)).toEqual(driftBetween(old, found));
      }),
    );
  });

  test("differs from what stands in the drift that was not touched, and in nothing else", () => {
    fc.assert(
      fc.property(catalog, catalog, catalog, (old, before, after) => {
        const next = nextSnapshot(old, before, after);
        for (const key of keys(old, before, after)) {
          const untouchedDrift = before[key] !== old[key] && after[key] === before[key];
          expect(next[key]).toBe(untouchedDrift ? old[key] : after[key]);
          expect(key in next).toBe(next[key] !== undefined);
        }
      }),
    );
  });
});

test("no difference goes untold, and none is invented", () => {
  const key = fc.constantFrom("table a.b", "column a.b.x", "index a.i", "view a.v", "schema a", "function a.f()");
  const definition = fc.array(fc.constantFrom("x", "ON a.b y", "partition of q", ""), { maxLength: 4 });
  const catalog = fc.dictionary(
    key,
    definition.map((lines) => lines.join("\n")),
  );
  fc.assert(
    fc.property(catalog, catalog, (expected, found) => {
      const same = [...new Set([...Object.keys(expected), ...Object.keys(found)])].every(
        (name) => expected[name] === found[name],
      );
      expect(driftBetween(expected, found).length === 0).toBe(same);
    }),
  );
});
