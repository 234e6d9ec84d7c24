-- override_hit: one row per sample and override that applies to it; a sample beats a series, a series beats a text. It
-- decides about the label, or about one fact.
CREATE OR REPLACE TABLE override_hit AS
WITH sample_series AS (
    SELECT sample_id, trim(unnest(string_split(series_id, ','))) AS series FROM sample
),
applied AS (
    SELECT sample.sample_id, override.*, 3 AS reach
    FROM override JOIN sample ON override.scope = 'sample' AND override.target = sample.sample_id
    UNION ALL
    SELECT sample_series.sample_id, override.*, 2
    FROM override JOIN sample_series ON override.scope = 'series' AND override.target = sample_series.series
    UNION ALL
    SELECT DISTINCT sample_text.sample_id, override.*, 1
    FROM override
    JOIN text ON override.scope = 'text' AND override.target = text.text
    JOIN sample_text USING (text_id)
)
SELECT *, max(reach) OVER (PARTITION BY sample_id, fact) = reach AS is_effective FROM applied;
