-- migrate: allow drop-table: the way back of the migration that made it; all positions go with it

DROP TABLE positions;
