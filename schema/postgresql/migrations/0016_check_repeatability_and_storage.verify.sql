-- The checks of this migration that are of tables, not of rows, hold at once, whatever the data.

SELECT subject, rule, stored, expected FROM v_check_number_types;

SELECT subject, rule, stored, expected FROM v_check_partitions;
