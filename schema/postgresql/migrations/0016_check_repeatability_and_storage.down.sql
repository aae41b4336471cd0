DROP VIEW v_check_partitions;
DROP VIEW v_check_number_types;
DROP VIEW v_check_determinism;
