-- previous_split: one row per sample that an earlier release placed; empty without `--previous`.
CREATE TABLE previous_split (
    sample_id VARCHAR PRIMARY KEY,
    group_id VARCHAR NOT NULL,
    split VARCHAR NOT NULL
);
