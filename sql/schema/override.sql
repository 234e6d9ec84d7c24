-- override: one row per decision of a person about a sample, a series or an exact text; it beats all evidence.
CREATE OR REPLACE TABLE override (
    line BIGINT, override_id VARCHAR PRIMARY KEY, scope VARCHAR NOT NULL, target VARCHAR NOT NULL, term_id VARCHAR,
    is_cell_line BOOLEAN, curator VARCHAR NOT NULL, date DATE NOT NULL, reason VARCHAR NOT NULL,
    fact VARCHAR, value VARCHAR
);
