import type { Fault } from "./tradingFaults.ts";

/** Faults in the tables themselves. */
export const storageFaults: Fault[] = [
  {
    view: "v_check_number_types",
    fault: "a column that would take NaN or infinity",
    plant:
      "ALTER TABLE trades ADD COLUMN tax numeric(24, 8), ADD COLUMN beta double precision, ADD COLUMN settled timestamptz",
    violations: [
      [
        "trades.beta",
        "stored through a domain with a CHECK",
        "double precision",
        "a domain that refuses NaN and infinity",
      ],
      [
        "trades.settled",
        "stored through a domain with a CHECK",
        "timestamp with time zone",
        "a domain that refuses NaN and infinity",
      ],
      ["trades.tax", "stored through a domain with a CHECK", "numeric(24,8)", "a domain that refuses NaN and infinity"],
    ],
  },
  {
    view: "v_check_number_types",
    fault: "a domain that lost its CHECK",
    plant: "ALTER DOMAIN multiplier DROP CONSTRAINT multiplier_is_positive",
    violations: [
      [
        "positions.multiplier",
        "stored through a domain with a CHECK",
        "multiplier",
        "a domain that refuses NaN and infinity",
      ],
      [
        "trades.multiplier",
        "stored through a domain with a CHECK",
        "multiplier",
        "a domain that refuses NaN and infinity",
      ],
    ],
  },
  {
    view: "v_check_partitions",
    fault: "a partition that was taken away",
    plant: "ALTER TABLE trades DETACH PARTITION trading_partitions.trades_p07",
    violations: [["trades", "number of partitions", "31", "32"]],
  },
  {
    view: "v_check_partitions",
    fault: "an index that no partition has",
    plant: "CREATE INDEX trades_by_exit ON ONLY trades (exit_time)",
    violations: [["trades_by_exit", "valid index on every partition", "0", "32"]],
  },
  {
    view: "v_check_partitions",
    fault: "tables that lost their keys",
    plant: `
      ALTER TABLE positions DROP CONSTRAINT positions_pkey;
      ALTER TABLE trades DROP CONSTRAINT trades_run_id_fkey`,
    violations: [
      ["trades", "foreign key to simulation_runs, cascading", "0", "1"],
      ["positions", "primary key", "0", "1"],
    ],
  },
  {
    view: "v_check_partitions",
    fault: "a foreign key that was never checked on a partition",
    as: "postgres",
    plant: `
      UPDATE pg_constraint SET convalidated = false
      WHERE conname = 'trades_run_id_fkey' AND conrelid = 'trading_partitions.trades_p07'::regclass`,
    violations: [["trades_run_id_fkey on trades", "valid foreign key on every partition", "31", "32"]],
  },
];
