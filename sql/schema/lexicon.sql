-- field_key: one row per `key` of characteristics that says what its value is about; `word` matches anywhere in the
-- key, `whole` is the key.
CREATE OR REPLACE TABLE field_key (
    line BIGINT, key VARCHAR NOT NULL, match VARCHAR NOT NULL, field VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    PRIMARY KEY (key, match)
);

-- weight: how far a proposal of one kind in one field is trusted, 0 to 1; ordered by the measured precision
-- (docs/reference/labels.md).
CREATE OR REPLACE TABLE weight (
    line BIGINT, field VARCHAR NOT NULL, kind VARCHAR NOT NULL, weight DOUBLE NOT NULL, reason VARCHAR NOT NULL,
    PRIMARY KEY (field, kind)
);

-- rule: one row per decision of a curator about words: map them to a term, block them, or read them as a cell line.
CREATE OR REPLACE TABLE rule (
    line BIGINT, rule_id VARCHAR PRIMARY KEY, verdict VARCHAR NOT NULL, match VARCHAR NOT NULL, text VARCHAR NOT NULL,
    fields VARCHAR NOT NULL, kind VARCHAR NOT NULL, term_id VARCHAR, term_name VARCHAR, yes VARCHAR NOT NULL,
    no VARCHAR, reason VARCHAR NOT NULL
);

-- cell_line: one row per way to write a line that a curator knows, with its Cellosaurus accession and name, the organ
-- that it came from and its disease.
CREATE OR REPLACE TABLE cell_line (
    line BIGINT, name VARCHAR PRIMARY KEY, accession VARCHAR, line_name VARCHAR, term_id VARCHAR,
    term_name VARCHAR, disease VARCHAR, needs VARCHAR, reason VARCHAR
);

-- cell_name: one row per Cellosaurus line whose name could stand alone in a text; no organ is known.
CREATE OR REPLACE TABLE cell_name (line BIGINT, accession VARCHAR NOT NULL, name VARCHAR NOT NULL);

-- vocabulary: one row per word of a closed list that a build file asks for; `match` says how it must stand in a text
-- (whole, first, start, part).
CREATE OR REPLACE TABLE vocabulary (
    line BIGINT, list VARCHAR NOT NULL, word VARCHAR NOT NULL, match VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    PRIMARY KEY (list, word)
);
