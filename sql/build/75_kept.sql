-- kept: one row per sample of the matrix, in the order of its rows: train, validation, test, unlabelled, shuffled
-- inside each. The cap holds for each class of the training part, and for the unlabelled as if they were one class
-- more. The class is the tissue, or under --level term the finest term. A sample that turned out shallow when it was
-- read leaves its place empty: another one in it would have to be read in turn.
CREATE OR REPLACE TABLE kept AS
SELECT
    row_number() OVER (
        ORDER BY
            list_position(['train', 'validation', 'test', 'unlabelled'], draw.split),
            md5($seed || draw.sample_id), draw.sample_id
    ) - 1 AS row,
    draw.sample_id,
    sample.source,
    coalesce(sample.series_id, '') AS series_id,
    draw.group_id,
    if(draw.tissue = '', '', label.tissue) AS tissue,
    draw.tissue AS class,
    draw.term_id,
    sample_fact.is_tumour,
    draw.split,
    coalesce(label.tissue_ontology_term_id, '') AS tissue_ontology_term_id,
    coalesce(label.cell_type_ontology_term_id, '') AS cell_type_ontology_term_id,
    sample_fact.* EXCLUDE (sample_id, is_tumour),
    sample.unit,
    sample.matrix_file,
    sample.matrix_row
FROM draw
INNER JOIN sample USING (sample_id)
LEFT JOIN label USING (sample_id)
LEFT JOIN sample_fact USING (sample_id)
ANTI JOIN shallow_sample USING (sample_id)
WHERE draw.split NOT IN ('train', 'unlabelled') OR $cap IS NULL OR draw.cap_rank <= $cap;
