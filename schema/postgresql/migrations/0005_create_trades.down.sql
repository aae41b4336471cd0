-- migrate: allow drop-table: the way back of the migration that made it; all trades go with it

DROP TABLE trades;
