-- tier: one row per sample that says nothing itself, with what others say: at least three labelled samples of its study
-- of which nearly all ($agreeing) have one term, else the title or summary of the study.
CREATE OR REPLACE TABLE tier AS
WITH member AS (
    SELECT sample.sample_id, trim(unnest(string_split(sample.series_id, ','))) AS series_id, label.*
        EXCLUDE (sample_id)
    FROM sample JOIN label USING (sample_id)
    WHERE sample.series_id <> ''
),
term_count AS (
    SELECT series_id, term_id, tissue, count(*) AS n, sum(count(*)) OVER (PARTITION BY series_id) AS n_labelled
    FROM member WHERE tissue IS NOT NULL AND NOT is_cell_line
    GROUP BY series_id, term_id, tissue
),
said AS (
    SELECT
        series_id, 1 AS nearness, 'siblings' AS decided_by, term_id, tissue, 'siblings' AS field,
        n || ' of ' || n_labelled || ' labelled samples of ' || series_id AS matched_text
    FROM term_count WHERE n_labelled >= $least AND n >= $agreeing * n_labelled
    UNION ALL
    SELECT series_id, 2, 'study', term_id, tissue, 'study ' || field, matched_text FROM study_label
)
SELECT
    member.sample_id, said.decided_by, said.term_id, said.tissue, said.field, said.matched_text,
    md5(member.sample_id || ' ' || said.decided_by)[:16] AS evidence_id
FROM member JOIN said USING (series_id)
WHERE member.decided_by = 'unmapped' AND NOT member.is_cell_line
QUALIFY row_number() OVER (
    PARTITION BY member.sample_id ORDER BY said.nearness, said.tissue, said.term_id, series_id
) = 1;
