-- fact_rule: one row per decision of a curator about words that state a fact: map them to a value, or block them.
CREATE OR REPLACE TABLE fact_rule (
    line BIGINT, rule_id VARCHAR PRIMARY KEY, fact VARCHAR NOT NULL, verdict VARCHAR NOT NULL, match VARCHAR NOT NULL,
    text VARCHAR NOT NULL, fields VARCHAR NOT NULL, value VARCHAR, ontology_term_id VARCHAR, unit VARCHAR,
    yes VARCHAR NOT NULL, no VARCHAR, reason VARCHAR NOT NULL
);

-- fact_weight: how far a field is trusted for a fact; what is not listed proves nothing.
CREATE OR REPLACE TABLE fact_weight (
    line BIGINT, fact VARCHAR NOT NULL, field VARCHAR NOT NULL, weight DOUBLE NOT NULL, reason VARCHAR NOT NULL,
    PRIMARY KEY (fact, field)
);

-- disease_name: one row per name or synonym of a disease of Mondo.
CREATE OR REPLACE TABLE disease_name (
    line BIGINT, term_id VARCHAR NOT NULL, name VARCHAR NOT NULL, synonym VARCHAR NOT NULL
);

-- disease_parent: one row per disease and direct parent.
CREATE OR REPLACE TABLE disease_parent (line BIGINT, term_id VARCHAR NOT NULL, parent_id VARCHAR NOT NULL);

-- development_stage: one row per name or synonym of a stage of human life (HsapDv).
CREATE OR REPLACE TABLE development_stage (
    line BIGINT, term_id VARCHAR NOT NULL, name VARCHAR NOT NULL, synonym VARCHAR NOT NULL
);
