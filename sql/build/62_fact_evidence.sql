-- fact_evidence: one row per statement of a text, of a source or of a person: fact, value, exact words, and what reads
-- them so. A neoplasm says tumour as well; behind "cancer" the word patient says that a person has it. `rank` names the
-- row within its fact and is a total order: trust (its bits from 82 on), length, text, place. The whole
-- number of the text is in it: a part of it is one for some of ten million texts, and one sample's words another's.
CREATE OR REPLACE TABLE fact_evidence AS
WITH placed AS (
    SELECT
        text_id, fact_hit.* EXCLUDE (precedence, reading_id), text.repaired,
        coalesce(position > bar, FALSE) AS is_unglued,
        coalesce(after IN (SELECT word FROM vocabulary WHERE list = 'about_the_person'), FALSE) AS is_about_person
    FROM fact_hit JOIN text_reading USING (reading_id) JOIN text USING (text_id)
    WHERE verdict = 'map'
        AND coalesce(before, '') NOT IN (SELECT word FROM vocabulary WHERE list = 'denial')
        AND coalesce(after, '') NOT IN (SELECT word FROM vocabulary WHERE list = 'denial_behind')
),
worded AS (
    SELECT * EXCLUDE (repaired, is_unglued, bar, before, after, verdict), as_submitted(CASE
        WHEN is_unglued THEN words_with_gaps(unglued(repaired))[position - bar:position - bar + n_tokens - 1]
        ELSE words_with_gaps(repaired)[position:position + n_tokens - 1]
    END) AS matched_text, 0 AS is_derived
    FROM placed
    UNION ALL BY NAME
    SELECT
        text_id, text.field, fact, value, ontology_term_id, unit, rule, n_tokens, text AS matched_text, 0 AS position,
        FALSE AS is_about_person, 0 AS is_derived
    FROM text JOIN fact_phrase ON split_part(normalised, ' | ', 1) = phrase AND is_whole
    WHERE verdict = 'map' AND (fields IS NULL OR list_contains(fields, text.field))
    UNION ALL BY NAME
    SELECT *, 0 AS position, 1 AS n_tokens, FALSE AS is_about_person, 1 AS is_derived FROM fact_pattern_hit
),
trusted AS (  -- what a fact is worth, and what a disease says of the tissue
    SELECT fact AS said, fact, field, weight, FALSE AS is_tumour FROM fact_weight
    UNION ALL
    SELECT 'disease', fact, field, weight, TRUE FROM fact_weight WHERE fact = 'tissue_status'
),
stated AS (
    SELECT
        worded.* REPLACE (
            trusted.fact AS fact, if(is_tumour, 'tumour', value) AS value, greatest(is_derived, is_tumour::INTEGER)
                AS is_derived
        ), trusted.weight
    FROM worded JOIN trusted ON worded.fact = trusted.said AND worded.field = trusted.field
    WHERE NOT is_tumour OR ontology_term_id IN (SELECT term_name.term_id FROM term_name)
    UNION ALL BY NAME
    SELECT *, 0 AS position, 1 AS n_tokens, FALSE AS is_about_person, 0 AS is_derived FROM told_fact
)
SELECT
    * EXCLUDE (is_derived), hash(coalesce(ontology_term_id, value)) AS meaning,
    ((weight * 100)::UHUGEINT << 82) + (least(n_tokens, 63)::UHUGEINT << 76)
    + (coalesce(text_id, hash(sample_id))::UHUGEINT << 12)
    + (2 * (2047 - least(position, 2047)) + is_derived)::UHUGEINT AS rank
FROM stated;
