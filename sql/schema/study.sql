-- study_label: one row per study whose title or summary names one tissue; empty where no texts of studies are given.
CREATE OR REPLACE TABLE study_label (
    series_id VARCHAR PRIMARY KEY, tissue VARCHAR NOT NULL, term_id VARCHAR NOT NULL, field VARCHAR NOT NULL,
    matched_text VARCHAR NOT NULL
);
