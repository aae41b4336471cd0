import type { Finding } from "../../operations/crossStoreRules.ts";

/** A change of one document: values at dotted paths, or null to delete it. */
export interface Edit {
  collection: "algorithm_versions" | "simulator_configs" | "simulation_configs";
  id: string;
  changes: Record<string, unknown> | null;
  /** Whether its hash is made to fit again, also in the run. */
  rehashed?: boolean;
}

export interface Fault {
  fault: string;
  edit?: Edit;
  /** SET clause of an UPDATE of the sample run. */
  run?: string;
  violations: Finding[];
}

const algorithm = { collection: "algorithm_versions", id: "rsi_mean_reversion@1.0.0" } as const;
const simulator = { collection: "simulator_configs", id: "us_equity_daily@1.0.0" } as const;
const configuration = { collection: "simulation_configs", id: "etf-rsi-sample-2023-2024" } as const;
const zeros = "0".repeat(64);
const sweep_id = "01941f29-7c00-7000-8000-00000000000a";
const sweep = {
  ...{ sweep_id, method: "grid", objective: "cagr", direction: "maximize", max_trials: 3 },
  space: { rsi_period: { min: 2, max: 10, step: 4 } },
};

const overrides = { slippage_model: { type: "fixed_bps", value: 1 } };
const account = { type: "margin", default_leverage: 2, maintenance_margin: 0.25, allow_short: true, borrow_rate: 0.03 };

/** A column of the run that is not as its configuration has it. */
const copied = (column: string, value: string, stored: string, expected: string | null): Fault => ({
  fault: `another ${column}`,
  run: `${column} = ${value}`,
  violations: [[null, `${column} is that of the configuration`, stored, expected]],
});

/** Every way in which the sample run and its documents can disagree. In `violations`, "(hash)" stands for a true hash. */
export const faults: Fault[] = [
  ...[
    { kind: "configuration", of: configuration },
    { kind: "algorithm", of: algorithm },
    { kind: "simulator", of: simulator },
  ].flatMap(({ kind, of }): Fault[] => [
    {
      fault: `a missing ${kind}`,
      edit: { ...of, changes: null },
      violations: [[`${kind} ${of.id}`, "exists in MongoDB", null, of.id]],
    },
    {
      fault: `another hash of its ${kind}`,
      run: `${kind === "configuration" ? "config" : kind}_hash = '${zeros}'`,
      violations: [[`${kind} ${of.id}`, "has the hash that the run names", "(hash)", zeros]],
    },
  ]),
  ...[
    { kind: "algorithm", of: algorithm },
    { kind: "simulator", of: simulator },
  ].map(({ kind, of }): Fault => ({
    fault: `a draft as its ${kind}`,
    edit: { ...of, changes: { status: "draft", is_default: false } },
    violations: [[`${kind} ${of.id}`, "is no draft", "draft", "released, deprecated or retired"]],
  })),
  ...["algorithm", "simulator"].flatMap((kind): Fault[] => [
    {
      fault: `another version of the ${kind} than its configuration`,
      edit: { ...configuration, changes: { [`${kind}.version`]: "2.0.0" }, rehashed: true },
      violations: [[null, `${kind}_version is that of the configuration`, "1.0.0", "2.0.0"]],
    },
    {
      fault: `another ${kind} than its configuration`,
      edit: { ...configuration, changes: { [`${kind}.name`]: "another" }, rehashed: true },
      violations: [
        [
          null,
          `${kind}_name is that of the configuration`,
          `${(kind === "algorithm" ? algorithm : simulator).id.split("@")[0]}`,
          "another",
        ],
      ],
    },
  ]),
  copied("simulator_overrides", "'{}'", "{}", JSON.stringify(overrides)),
  copied("dataset_version", "'synthetic-2'", "synthetic-2", "synthetic-1"),
  copied("timeframe", "'1h'", "1h", "1d"),
  copied("account_currency", "'EUR'", "EUR", "USD"),
  copied("starting_equity", "99999.5, net_profit = ending_equity - 99999.5", "99999.5", "100000"),
  copied("benchmark", "'QQQ'", "QQQ", "SPY"),
  copied("periods_per_year", "365", "365", "252"),
  copied("risk_free_rate", "0.02", "0.02", "0.04"),
  copied("account_type", "'margin'", "margin", "cash"),
  copied("symbols", "'{SPY,QQQ}'", "QQQ, SPY", "QQQ, SPY, TLT"),
  copied("period_start", "'2023-01-02T00:00:00Z'", "2023-01-02T00:00:00.000Z", "2023-01-01T00:00:00.000Z"),
  copied("period_end", "'2025-01-02T00:00:00Z'", "2025-01-02T00:00:00.000Z", "2025-01-01T00:00:00.000Z"),
  copied("random_seed", "9007199254740993", "9007199254740993", "14"),
  copied("sweep_id", `'${sweep_id}', trial_no = 1`, sweep_id, null),
  {
    fault: "an account type that its configuration overrides",
    edit: { ...configuration, changes: { "overrides.account": account }, rehashed: true },
    run: `simulator_overrides = '${JSON.stringify({ ...overrides, account })}'`,
    violations: [[null, "account_type is that of the configuration", "cash", "margin"]],
  },
  {
    fault: "a parameter that its configuration sets otherwise",
    run: `parameters = parameters || '{"oversold": 21}'`,
    violations: [["parameter oversold", "is as the configuration sets it", "21", "20"]],
  },
  {
    fault: "a parameter that it lacks",
    run: "parameters = parameters - 'oversold'",
    violations: [["parameter oversold", "is as the configuration sets it", null, "20"]],
  },
  {
    fault: "a parameter outside its range",
    edit: { ...configuration, changes: { "parameters.rsi_period": 51 }, rehashed: true },
    run: `parameters = parameters || '{"rsi_period": 51}'`,
    violations: [["parameter rsi_period", "is inside parameter_schema", "51", "int from 2 to 50"]],
  },
  {
    fault: "a parameter that the algorithm doesn't have",
    edit: { ...configuration, changes: { "parameters.luck": true }, rehashed: true },
    run: `parameters = parameters || '{"luck": true}'`,
    violations: [["parameter luck", "is inside parameter_schema", "true", null]],
  },
  {
    fault: "a parameter outside the sweep",
    edit: { ...configuration, changes: { sweep, "parameters.rsi_period": undefined }, rehashed: true },
    run: `parameters = parameters || '{"rsi_period": 4}', sweep_id = '${sweep_id}', trial_no = 1`,
    violations: [["parameter rsi_period", "is a point of the sweep", "4", "from 2 to 10 in steps of 4"]],
  },
];

/** Runs that differ from their configuration as they may. */
export const variations: Omit<Fault, "violations">[] = [
  {
    fault: "a trial of a sweep",
    edit: { ...configuration, changes: { sweep, "parameters.rsi_period": undefined }, rehashed: true },
    run: `parameters = parameters || '{"rsi_period": 6}', sweep_id = '${sweep_id}', trial_no = 1`,
  },
  {
    fault: "a part of the period in a walk forward",
    run: "run_type = 'walk_forward', period_start = '2024-01-01T00:00:00Z'",
  },
  { fault: "a seed of its own in a Monte Carlo simulation", run: "run_type = 'monte_carlo', random_seed = 15" },
  {
    fault: "the members that an index had",
    edit: { ...configuration, changes: { "universe.selection": "index" }, rehashed: true },
    run: "symbols = '{SPY,QQQ,TLT,GLD}'",
  },
  {
    fault: "an algorithm that was retired since",
    edit: { ...algorithm, changes: { status: "retired", is_default: false } },
  },
];

/** Edits of what a hash covers, with the hash left as it was. */
export const unhashed: Edit[] = [
  { ...algorithm, changes: { "required_data.warmup_bars": 51 } },
  { ...simulator, changes: { "risk_free.rate": 0.05 } },
  { ...configuration, changes: { "universe.venue": "XNAS" } },
];
