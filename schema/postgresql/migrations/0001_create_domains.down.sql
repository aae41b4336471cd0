DROP DOMAIN semantic_version;
DROP DOMAIN sha256_hex;
DROP DOMAIN symbol;
DROP DOMAIN moment;
DROP DOMAIN fx_rate;
DROP DOMAIN multiplier;
DROP DOMAIN quantity;
DROP DOMAIN price;
DROP DOMAIN amount;
DROP DOMAIN finite;

-- USAGE on public stays: it was granted when the server was set up, before the first migration.
ALTER DEFAULT PRIVILEGES IN SCHEMA trading_partitions REVOKE SELECT ON TABLES FROM trading_user, trading_readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON SEQUENCES FROM trading_user, trading_readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM trading_user, trading_readonly;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;

DROP SCHEMA trading_partitions;
