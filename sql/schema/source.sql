-- source: one row per known source; an `archive` is mixed (single cells, free text), a `project` says what its samples
-- are, `own` are a user's. The samples of a source enter the funnel at its funnel_step.
CREATE OR REPLACE TABLE source (source VARCHAR PRIMARY KEY, role VARCHAR NOT NULL, funnel_step INTEGER NOT NULL);
