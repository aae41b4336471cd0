-- Schemas, privileges to come, and the value types that every table shares.

CREATE SCHEMA trading_partitions;
COMMENT ON SCHEMA trading_partitions IS
  'Hash partitions of trades, positions and equity_points. Off the search path: use the parent tables in public.';

-- Functions are callable by everybody unless this is taken away first.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Whatever a later migration adds can be read, and dumped, at once. Writing is granted table by table.
GRANT USAGE ON SCHEMA public, trading_partitions TO trading_user, trading_readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO trading_user, trading_readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO trading_user, trading_readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA trading_partitions GRANT SELECT ON TABLES TO trading_user, trading_readonly;

-- PostgreSQL takes NaN for equal to itself and greater than every number: one NaN would lead every ranking.
-- So a number is stored through one of these domains, and an undefined ratio is NULL.
-- (numeric with a precision refuses infinities by itself.)

CREATE DOMAIN finite AS double precision
  CONSTRAINT finite_number CHECK (VALUE > '-Infinity' AND VALUE < 'Infinity');
COMMENT ON DOMAIN finite IS 'A ratio, fraction or rate. Neither NaN nor infinite; NULL where undefined. 0.125 is 12.5 %.';

CREATE DOMAIN amount AS numeric(24, 8)
  CONSTRAINT amount_is_a_number CHECK (VALUE <> 'NaN');
COMMENT ON DOMAIN amount IS 'Money in the account currency, exact. More than 8 decimals are rounded, half away from zero.';

CREATE DOMAIN price AS numeric(20, 8)
  CONSTRAINT price_is_a_number CHECK (VALUE <> 'NaN');
COMMENT ON DOMAIN price IS 'Price of one unit in quote currency. May be negative: spreads, and crude oil in April 2020.';

CREATE DOMAIN quantity AS numeric(24, 8)
  CONSTRAINT quantity_is_a_number CHECK (VALUE <> 'NaN');
COMMENT ON DOMAIN quantity IS 'Number of shares, contracts or coins.';

CREATE DOMAIN multiplier AS numeric(18, 6)
  CONSTRAINT multiplier_is_positive CHECK (VALUE > 0 AND VALUE <> 'NaN');
COMMENT ON DOMAIN multiplier IS 'Units of the underlying in one contract; 1 for shares and coins.';

CREATE DOMAIN fx_rate AS numeric(18, 8)
  CONSTRAINT fx_rate_is_positive CHECK (VALUE > 0 AND VALUE <> 'NaN');
COMMENT ON DOMAIN fx_rate IS 'Account currency paid for one unit of quote currency.';

CREATE DOMAIN moment AS timestamptz
  CONSTRAINT moment_is_finite CHECK (isfinite(VALUE));
COMMENT ON DOMAIN moment IS 'Point in time, in microseconds: wall or simulated, as the column says. Not infinity: no duration reaches there.';

CREATE DOMAIN symbol AS text
  CONSTRAINT symbol_has_1_to_40_characters CHECK (length(VALUE) BETWEEN 1 AND 40);
COMMENT ON DOMAIN symbol IS 'Instrument as the data source names it, such as SPY or BTC/USDT.';

CREATE DOMAIN sha256_hex AS text
  CONSTRAINT sha256_is_64_lower_case_hex_digits CHECK (VALUE ~ '^[0-9a-f]{64}$');
COMMENT ON DOMAIN sha256_hex IS 'SHA-256 of canonical content, as MongoDB stores it.';

CREATE DOMAIN semantic_version AS text
  CONSTRAINT version_is_semantic CHECK (
    VALUE ~ '^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$'
  );
COMMENT ON DOMAIN semantic_version IS 'MAJOR.MINOR.PATCH, with an optional -prerelease and +build.';
