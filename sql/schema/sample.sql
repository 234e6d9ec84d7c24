-- sample: one row per sample of every source, as the source has it.
CREATE TABLE sample (
    sample_id VARCHAR PRIMARY KEY,
    source VARCHAR NOT NULL,
    series_id VARCHAR,
    donor_id VARCHAR,
    title VARCHAR,
    source_name VARCHAR,
    characteristics VARCHAR,
    description VARCHAR,
    single_cell_probability DOUBLE,
    is_tumour BOOLEAN,
    declared_field VARCHAR,
    declared_text VARCHAR,
    declared_term_id VARCHAR,
    is_cell_line_declared BOOLEAN,
    unit VARCHAR,
    matrix_file VARCHAR,
    matrix_row INTEGER
);
