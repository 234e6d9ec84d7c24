-- text_evidence: one row per proposal of a text (a term, a cell line, or a block), with its exact words as they were
-- submitted. What weights.tsv does not list proves nothing, such as an adjective under an unknown key.
CREATE OR REPLACE TEMP TABLE text_evidence AS
WITH cut AS (
    SELECT text_id, repaired, placed_hit.*, as_submitted(CASE
        WHEN is_unglued THEN words_with_gaps(unglued(repaired))[position - bar:position - bar + n_tokens - 1]
        ELSE words_with_gaps(repaired)[position:position + n_tokens - 1]
    END) AS matched_text
    FROM placed_hit JOIN text_reading USING (reading_id) JOIN text USING (text_id)
),
worded AS (
    SELECT
        text_id, field, position, n_tokens, verdict, kind, role, rule_id, synonym, scope, term_id, tissue, matched_text
    FROM cut
    UNION ALL
    SELECT
        pattern_hit.text_id, pattern_hit.field, 0, len(string_split(words(matched_text), ' ')), rule.verdict, rule.kind,
        CASE rule.verdict WHEN 'map' THEN 'sample' ELSE rule.verdict END, rule.rule_id, rule.text, 'PATTERN',
        rule.term_id, term_tissue.tissue, matched_text
    FROM pattern_hit JOIN rule USING (rule_id) LEFT JOIN term_tissue USING (term_id)
    UNION ALL
    SELECT text_id, field, 0, 0, 'cell_line', 'key', 'cell_line', null, text AS line, 'KEY', null, null, text
    FROM named_line
)
SELECT
    md5(
        concat(text_id, ' ', position, ' ', n_tokens, ' ', coalesce(term_id, ''), ' ', coalesce(rule_id, synonym))
    )[:16] AS evidence_id,
    null::VARCHAR AS sample_id, worded.*,
    coalesce(weight.weight, 0) - CASE role WHEN 'origin' THEN 0.2 ELSE 0 END AS weight
FROM worded LEFT JOIN weight ON worded.field = weight.field AND worded.kind = weight.kind
WHERE worded.verdict <> 'map' OR weight.weight IS NOT null;
