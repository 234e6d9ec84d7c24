-- What a source's own tissue column says is evidence like any other, and decides before every text.
INSERT INTO evidence BY NAME
SELECT
    md5(sample_id || ' declared ' || declared_term_id)[:16] AS evidence_id, sample_id, declared_field AS field, 0 AS position, 0 AS n_tokens,
    'map' AS verdict, 'declared' AS kind, 'sample' AS role, declared_text AS synonym, 'DECLARED' AS scope, declared_term_id AS term_id, term_tissue.tissue,
    declared_text AS matched_text, 1.5 AS weight
FROM sample LEFT JOIN term_tissue ON sample.declared_term_id = term_tissue.term_id
WHERE declared_term_id IS NOT NULL;

INSERT INTO evidence BY NAME
SELECT
    md5(sample_id || ' declared line')[:16] AS evidence_id, sample_id, coalesce(declared_field, 'source') AS field, 0 AS position, 0 AS n_tokens,
    'cell_line' AS verdict, 'declared' AS kind, 'cell_line' AS role, coalesce(title, declared_text) AS synonym, 'DECLARED' AS scope,
    coalesce(title, declared_text) AS matched_text, 1.5 AS weight
FROM sample WHERE is_cell_line_declared;
