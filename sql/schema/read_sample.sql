-- read_sample: one row per sample whose values were read for the matrix: genes of the matrix that its source measures,
-- and those of them with a read. Empty until then.
CREATE OR REPLACE TABLE read_sample (
    sample_id VARCHAR PRIMARY KEY,
    n_genes_measured INTEGER NOT NULL,
    n_genes_detected INTEGER NOT NULL
);
