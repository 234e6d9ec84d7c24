-- samples: one row per sample of the release, in the matrix or not: the public table of `curate query` and `bulkatlas`.
-- docs/reference/query.md describes each column. viewed_label and viewed_fact are label and sample_fact, with every column that an older release lacks.
-- In the matrix, tissue and term_id are those of obs: what only siblings or the study say is empty there unless --tiers was asked for.
CREATE OR REPLACE TEMP VIEW samples AS
SELECT
    sample.sample_id,
    kept.row,
    sample.source,
    coalesce(sample.series_id, '') AS series_id,
    sample_group.group_id,
    split.split,
    nullif(coalesce(kept.tissue, viewed_label.tissue), '') AS tissue,
    nullif(coalesce(kept.term_id, viewed_label.term_id), '') AS term_id,
    named.name AS term_name,
    viewed_label.tissue_ontology_term_id,
    viewed_label.cell_type_ontology_term_id,
    cell.name AS cell_type,
    viewed_label.is_cell_line,
    viewed_label.decided_by,
    viewed_fact.disease,
    viewed_fact.disease_ontology_term_id,
    viewed_fact.tissue_status,
    coalesce(viewed_fact.is_tumour, sample.is_tumour) AS is_tumour,
    viewed_fact.sex,
    viewed_fact.age,
    viewed_fact.age_unit,
    CASE viewed_fact.age_unit
        WHEN 'year' THEN viewed_fact.age
        WHEN 'month' THEN viewed_fact.age / 12
        WHEN 'week' THEN viewed_fact.age * 7 / 365.25
        WHEN 'day' THEN viewed_fact.age / 365.25
    END AS age_years,
    viewed_fact.development_stage,
    viewed_fact.treatment,
    viewed_fact.is_control,
    viewed_fact.is_xenograft,
    viewed_fact.is_organoid,
    coalesce(viewed_fact.donor_id, sample.donor_id) AS donor_id,
    viewed_fact.origin_tissue,
    sample.title,
    exclusion.reason AS excluded_because
FROM sample
LEFT JOIN viewed_label USING (sample_id)
LEFT JOIN viewed_fact USING (sample_id)
LEFT JOIN sample_group USING (sample_id)
LEFT JOIN split USING (sample_id)
LEFT JOIN kept USING (sample_id)
LEFT JOIN exclusion USING (sample_id)
LEFT JOIN (SELECT term_id, min(name) AS name FROM term WHERE scope = 'NAME' GROUP BY term_id) AS named ON viewed_label.term_id = named.term_id
LEFT JOIN (SELECT term_id, min(name) AS name FROM term WHERE scope = 'NAME' GROUP BY term_id) AS cell
    ON viewed_label.cell_type_ontology_term_id = cell.term_id;
