-- term: one row per name of a live term; scope is NAME for the name itself, RELATED for a synonym (the carrier knows no
-- finer scope).
CREATE OR REPLACE TABLE term (
    term_id VARCHAR NOT NULL, name VARCHAR NOT NULL, synonym VARCHAR NOT NULL, scope VARCHAR NOT NULL
);

-- obsolete_term: one row per withdrawn id, so that an override that names one can be refused with its successor.
CREATE OR REPLACE TABLE obsolete_term (term_id VARCHAR PRIMARY KEY, name VARCHAR, replaced_by VARCHAR);

-- term_parent: one row per direct edge; `within` is is_a or part_of from UBERON, CL or MONDO, the others come from
-- relations.tsv.
CREATE OR REPLACE TABLE term_parent (term_id VARCHAR NOT NULL, parent_id VARCHAR NOT NULL, relation VARCHAR NOT NULL);

-- relation: one row per edge that a curator added, with the reason.
CREATE OR REPLACE TABLE relation (
    line BIGINT, term_id VARCHAR NOT NULL, term_name VARCHAR NOT NULL, relation VARCHAR NOT NULL,
    parent_id VARCHAR NOT NULL, parent_name VARCHAR NOT NULL, reason VARCHAR NOT NULL, PRIMARY KEY (term_id, parent_id)
);

-- tissue: one row per root of one of the categories; priority decides between categories whose roots are equally near.
CREATE OR REPLACE TABLE tissue (
    line BIGINT, tissue VARCHAR NOT NULL, root_id VARCHAR NOT NULL, root_name VARCHAR NOT NULL,
    organ_system VARCHAR NOT NULL, priority INTEGER NOT NULL, PRIMARY KEY (tissue, root_id)
);

-- declared: one row per text of a source's own tissue column, and the term that it names; each source's reader looks
-- its texts up in the file.
CREATE OR REPLACE TABLE declared (
    line BIGINT, source VARCHAR NOT NULL, field VARCHAR NOT NULL, text VARCHAR NOT NULL, term_id VARCHAR,
    term_name VARCHAR, tissue VARCHAR, is_cell_line VARCHAR, reason VARCHAR
);

-- tissue_yield: one row per tissue that makes no label ambiguous beside another (beside; empty = any): it is where the
-- other one lies.
CREATE OR REPLACE TABLE tissue_yield (line BIGINT, tissue VARCHAR NOT NULL, beside VARCHAR, reason VARCHAR NOT NULL);
