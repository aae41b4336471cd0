DROP VIEW v_violations;
