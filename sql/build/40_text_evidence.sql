-- evidence: one row per proposal about a text or a sample: a term, a cell line, or a block. The exact words are cut from the text as it was submitted.
CREATE OR REPLACE TABLE evidence AS
WITH placed AS (
    SELECT
        hit.* REPLACE (
            -- an adjective right before a cell found in many organs names its organ: colonic myofibroblasts, hepatic macrophages
            CASE
                WHEN hit.kind = 'adjective' AND lead(hit.kind) OVER along = 'mobile' AND lead(hit.position) OVER along = hit.position + hit.n_tokens THEN 'cell'
                ELSE hit.kind
            END AS kind
        ),
        text.repaired, coalesce(hit.position > hit.bar, false) AS is_unglued,
        CASE
            WHEN hit.verdict <> 'map' THEN hit.verdict
            WHEN hit.after = 'derived' OR (hit.after IN ('tissue', 'cell') AND hit.after_next = 'derived') THEN 'origin'
            ELSE 'sample'
        END AS role
    FROM hit JOIN text USING (text_id)
    WINDOW along AS (PARTITION BY hit.text_id ORDER BY hit.position)
),
cut AS (
    SELECT * EXCLUDE (repaired, is_unglued), rtrim(replace(array_to_string(CASE
        WHEN is_unglued THEN regexp_extract_all(unglued(repaired), '[\p{L}\p{N}]+[^\p{L}\p{N}]*')[position - bar:position - bar + n_tokens - 1]
        ELSE regexp_extract_all(repaired, '[\p{L}\p{N}]+[^\p{L}\p{N}]*')[position:position + n_tokens - 1]
    END, ''), chr(30), ''), ' ,;:.|/_()[]{}-"''') AS matched_text
    FROM placed
),
worded AS (
    SELECT text_id, field, position, n_tokens, verdict, kind, role, rule_id, synonym, scope, term_id, tissue, matched_text FROM cut
    UNION ALL
    SELECT
        pattern_hit.text_id, pattern_hit.field, 0, len(string_split(words(matched_text), ' ')), rule.verdict, rule.kind,
        CASE rule.verdict WHEN 'map' THEN 'sample' ELSE rule.verdict END, rule.rule_id, rule.text, 'PATTERN', rule.term_id, term_tissue.tissue, matched_text
    FROM pattern_hit JOIN rule USING (rule_id) LEFT JOIN term_tissue USING (term_id)
    UNION ALL  -- a value under a cell-line key is a line, unless it says that there is none, or names stem cells or primary blood cells instead
    SELECT text_id, field, 0, 0, 'cell_line', 'key', 'cell_line', null, text AS line_name, 'KEY', null, null, text AS line_text
    FROM text
    WHERE field = 'cell_line' AND NOT regexp_matches(normalised, '^(na|n a|no|none|not .*|null|unknown|other|tissue|blood|patient.*|donor.*|[0-9]+)?$|primary|biops|fresh|pdx|xenograft')
        AND text_id NOT IN (SELECT hit.text_id FROM hit WHERE hit.field = 'cell_line' AND hit.kind = 'pluripotent')
        AND (contains(normalised, 'line') OR text_id NOT IN (SELECT hit.text_id FROM hit WHERE hit.field = 'cell_line' AND hit.kind IN ('mobile', 'culture')))
)
SELECT
    md5(text_id || ' ' || position || ' ' || n_tokens || ' ' || coalesce(term_id, '') || ' ' || coalesce(rule_id, synonym))[:16] AS evidence_id,
    null::VARCHAR AS sample_id, worded.*, coalesce(weight.weight, 0) - CASE role WHEN 'origin' THEN 0.2 ELSE 0 END AS weight
FROM worded LEFT JOIN weight ON worded.field = weight.field AND worded.kind = weight.kind
WHERE worded.verdict <> 'map' OR weight.weight IS NOT null;  -- what weights.tsv does not list proves nothing, such as an adjective under an unknown key
