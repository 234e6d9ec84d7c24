-- override_hit: one row per sample and override that applies to it; a sample beats a series, a series beats a text.
CREATE OR REPLACE TABLE override_hit AS
WITH applied AS (
    SELECT sample.sample_id, override.*, 3 AS reach FROM override JOIN sample ON override.scope = 'sample' AND override.target = sample.sample_id
    UNION ALL
    SELECT sample_series.sample_id, override.*, 2
    FROM override JOIN (SELECT sample_id, trim(unnest(string_split(series_id, ','))) AS series FROM sample) AS sample_series
        ON override.scope = 'series' AND override.target = sample_series.series
    UNION ALL
    SELECT DISTINCT piece.sample_id, override.*, 1 FROM override JOIN piece ON override.scope = 'text' AND override.target = piece.text
)
SELECT *, max(reach) OVER (PARTITION BY sample_id) = reach AS is_effective FROM applied;

INSERT INTO evidence BY NAME
SELECT
    md5(sample_id || ' override ' || override_id)[:16] AS evidence_id, sample_id, 'override' AS field, 0 AS position, 0 AS n_tokens, 'map' AS verdict, 'override' AS kind,
    'sample' AS role, override_id AS rule_id, reason AS synonym, 'OVERRIDE' AS scope, override_hit.term_id, term_tissue.tissue, target AS matched_text, 2.0 AS weight
FROM override_hit LEFT JOIN term_tissue ON override_hit.term_id = term_tissue.term_id
WHERE is_effective;
