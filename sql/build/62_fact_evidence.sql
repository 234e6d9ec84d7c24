-- fact_evidence: one row per statement of a text: fact, value, exact words as submitted, and what reads them so. A
-- neoplasm in a field that names the specimen says tumour as well; behind "cancer" the word patient says that a person
-- has it. `rank` is a total order: trust, then length.
CREATE OR REPLACE TABLE fact_evidence AS
WITH placed AS (
    SELECT
        fact_hit.* EXCLUDE (precedence), text.repaired, coalesce(position > bar, FALSE) AS is_unglued,
        coalesce(after IN (SELECT word FROM vocabulary WHERE list = 'about_the_person'), FALSE) AS is_about_person
    FROM fact_hit JOIN text USING (text_id)
    WHERE verdict = 'map'
        AND coalesce(before, '') NOT IN (SELECT word FROM vocabulary WHERE list = 'denial')
        AND coalesce(after, '') NOT IN (SELECT word FROM vocabulary WHERE list = 'denial_behind')
),
worded AS (
    SELECT * EXCLUDE (repaired, is_unglued, bar, before, after, verdict), as_submitted(CASE
        WHEN is_unglued THEN words_with_gaps(unglued(repaired))[position - bar:position - bar + n_tokens - 1]
        ELSE words_with_gaps(repaired)[position:position + n_tokens - 1]
    END) AS matched_text
    FROM placed
    UNION ALL BY NAME
    SELECT
        text_id, text.field, fact, value, ontology_term_id, unit, rule, n_tokens, text AS matched_text, 0 AS position,
        FALSE AS is_about_person
    FROM text JOIN fact_phrase ON split_part(normalised, ' | ', 1) = phrase AND is_whole
    WHERE verdict = 'map' AND (fields IS NULL OR list_contains(fields, text.field))
    UNION ALL BY NAME
    SELECT *, 0 AS position, 1 AS n_tokens, FALSE AS is_about_person FROM fact_pattern_hit
),
stated AS (
    FROM worded
    UNION ALL BY NAME
    SELECT * REPLACE ('tissue_status' AS fact, 'tumour' AS value) FROM worded
    WHERE fact = 'disease' AND ontology_term_id IN (SELECT term_name.term_id FROM term_name)
)
SELECT
    stated.*, weight,
    ((weight * 1000)::BIGINT << 40) + (least(n_tokens, 255)::BIGINT << 32) + ((text_id % 65536)::BIGINT << 16)
    + greatest(65535 - position, 0) AS rank
FROM stated JOIN fact_weight USING (fact, field);
