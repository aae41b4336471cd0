-- migrate: allow drop-table: the way back of the migration that made it; all equity curves go with it

DROP TABLE equity_points;
