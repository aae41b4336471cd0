-- migrate: allow drop-table: the way back of the migration that made them; all rows of the three tables go with them
-- By name, not in a loop: so that the rows that go are counted before they go.

DROP TABLE
  trading_partitions.equity_points_p31, trading_partitions.equity_points_p30,
  trading_partitions.equity_points_p29, trading_partitions.equity_points_p28,
  trading_partitions.equity_points_p27, trading_partitions.equity_points_p26,
  trading_partitions.equity_points_p25, trading_partitions.equity_points_p24,
  trading_partitions.equity_points_p23, trading_partitions.equity_points_p22,
  trading_partitions.equity_points_p21, trading_partitions.equity_points_p20,
  trading_partitions.equity_points_p19, trading_partitions.equity_points_p18,
  trading_partitions.equity_points_p17, trading_partitions.equity_points_p16,
  trading_partitions.equity_points_p15, trading_partitions.equity_points_p14,
  trading_partitions.equity_points_p13, trading_partitions.equity_points_p12,
  trading_partitions.equity_points_p11, trading_partitions.equity_points_p10,
  trading_partitions.equity_points_p09, trading_partitions.equity_points_p08,
  trading_partitions.equity_points_p07, trading_partitions.equity_points_p06,
  trading_partitions.equity_points_p05, trading_partitions.equity_points_p04,
  trading_partitions.equity_points_p03, trading_partitions.equity_points_p02,
  trading_partitions.equity_points_p01, trading_partitions.equity_points_p00;

DROP TABLE
  trading_partitions.positions_p31, trading_partitions.positions_p30,
  trading_partitions.positions_p29, trading_partitions.positions_p28,
  trading_partitions.positions_p27, trading_partitions.positions_p26,
  trading_partitions.positions_p25, trading_partitions.positions_p24,
  trading_partitions.positions_p23, trading_partitions.positions_p22,
  trading_partitions.positions_p21, trading_partitions.positions_p20,
  trading_partitions.positions_p19, trading_partitions.positions_p18,
  trading_partitions.positions_p17, trading_partitions.positions_p16,
  trading_partitions.positions_p15, trading_partitions.positions_p14,
  trading_partitions.positions_p13, trading_partitions.positions_p12,
  trading_partitions.positions_p11, trading_partitions.positions_p10,
  trading_partitions.positions_p09, trading_partitions.positions_p08,
  trading_partitions.positions_p07, trading_partitions.positions_p06,
  trading_partitions.positions_p05, trading_partitions.positions_p04,
  trading_partitions.positions_p03, trading_partitions.positions_p02,
  trading_partitions.positions_p01, trading_partitions.positions_p00;

DROP TABLE
  trading_partitions.trades_p31, trading_partitions.trades_p30,
  trading_partitions.trades_p29, trading_partitions.trades_p28,
  trading_partitions.trades_p27, trading_partitions.trades_p26,
  trading_partitions.trades_p25, trading_partitions.trades_p24,
  trading_partitions.trades_p23, trading_partitions.trades_p22,
  trading_partitions.trades_p21, trading_partitions.trades_p20,
  trading_partitions.trades_p19, trading_partitions.trades_p18,
  trading_partitions.trades_p17, trading_partitions.trades_p16,
  trading_partitions.trades_p15, trading_partitions.trades_p14,
  trading_partitions.trades_p13, trading_partitions.trades_p12,
  trading_partitions.trades_p11, trading_partitions.trades_p10,
  trading_partitions.trades_p09, trading_partitions.trades_p08,
  trading_partitions.trades_p07, trading_partitions.trades_p06,
  trading_partitions.trades_p05, trading_partitions.trades_p04,
  trading_partitions.trades_p03, trading_partitions.trades_p02,
  trading_partitions.trades_p01, trading_partitions.trades_p00;
