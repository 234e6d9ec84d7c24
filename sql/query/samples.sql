-- samples: one row per sample of the release, in the matrix or not: the public table of `curate query` and `bulkatlas`.
-- docs/query.md describes each column. stated_label and stated_fact are label and sample_fact, with every column that an older release lacks.
-- In the matrix, tissue and term_id are those of obs: what only siblings or the study say is empty there unless --tiers was asked for.
CREATE OR REPLACE TEMP VIEW samples AS
SELECT
    sample.sample_id,
    kept.row,
    sample.source,
    coalesce(sample.series_id, '') AS series_id,
    sample_group.group_id,
    split.split,
    nullif(coalesce(kept.tissue, stated_label.tissue), '') AS tissue,
    nullif(coalesce(kept.term_id, stated_label.term_id), '') AS term_id,
    named.name AS term_name,
    stated_label.tissue_ontology_term_id,
    stated_label.cell_type_ontology_term_id,
    cell.name AS cell_type,
    stated_label.is_cell_line,
    stated_label.decided_by,
    stated_fact.disease,
    stated_fact.disease_ontology_term_id,
    stated_fact.tissue_status,
    coalesce(stated_fact.is_tumour, sample.is_tumour) AS is_tumour,
    stated_fact.sex,
    stated_fact.age,
    stated_fact.age_unit,
    CASE stated_fact.age_unit
        WHEN 'year' THEN stated_fact.age
        WHEN 'month' THEN stated_fact.age / 12
        WHEN 'week' THEN stated_fact.age * 7 / 365.25
        WHEN 'day' THEN stated_fact.age / 365.25
    END AS age_years,
    stated_fact.development_stage,
    stated_fact.treatment,
    stated_fact.is_control,
    stated_fact.is_xenograft,
    stated_fact.is_organoid,
    coalesce(stated_fact.donor_id, sample.donor_id) AS donor_id,
    stated_fact.origin_tissue,
    sample.title,
    exclusion.reason AS excluded_because
FROM sample
LEFT JOIN stated_label USING (sample_id)
LEFT JOIN stated_fact USING (sample_id)
LEFT JOIN sample_group USING (sample_id)
LEFT JOIN split USING (sample_id)
LEFT JOIN kept USING (sample_id)
LEFT JOIN exclusion USING (sample_id)
LEFT JOIN (SELECT term_id, min(name) AS name FROM term WHERE scope = 'NAME' GROUP BY term_id) AS named ON stated_label.term_id = named.term_id
LEFT JOIN (SELECT term_id, min(name) AS name FROM term WHERE scope = 'NAME' GROUP BY term_id) AS cell
    ON stated_label.cell_type_ontology_term_id = cell.term_id;
