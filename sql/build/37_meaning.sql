-- meaning: one row per place of a reading where a lexicon phrase stands and may be meant; is_sure where nothing else
-- must confirm it.
CREATE OR REPLACE TEMP TABLE meaning AS
WITH several AS (SELECT phrase FROM lexicon GROUP BY phrase HAVING count(*) > 1),
meant AS (
    SELECT
        ngram.reading_id, ngram.field, ngram.position, ngram.n_tokens,
        lexicon.* EXCLUDE (n_tokens, fields, needs),
        after, bar, n_words, tokens,
        coalesce(after IN ('cell', 'cells', 'line', 'lines'), FALSE) AS is_before_cells,
        coalesce(position < bar, TRUE) AS is_as_written,
        ngram.field IN ('source_name', 'cell_type', 'tissue') AS names_cells,
        lexicon.needs NOT IN ('context', 'alone') OR ngram.field = 'cell_line' OR is_before_cells
        OR (ngram.n_tokens = n_words AND names_cells)
        OR (lexicon.kind = 'pluripotent' AND (after = 'derived' OR before = 'from')) AS is_sure,
        lexicon.needs = 'context' AND NOT is_sure AND NOT says_cells AS is_faint
    FROM ngram JOIN lexicon USING (phrase)
    WHERE ngram.field NOT IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'fact_field')
        AND (lexicon.fields IS NULL OR list_contains(lexicon.fields, ngram.field))
        AND CASE lexicon.needs
            WHEN 'anywhere' THEN TRUE
            WHEN 'key' THEN FALSE  -- below
            WHEN 'whole' THEN
                ngram.field IN ('tissue', 'cell_type', 'origin') AND position = 1 AND ngram.n_tokens = n_words
            WHEN 'alone' THEN is_as_written AND is_sure
            WHEN 'cells' THEN is_as_written AND (ngram.field = 'cell_line' OR is_before_cells)
            ELSE is_as_written AND NOT (is_faint AND ngram.n_tokens > 1)
        END
    UNION ALL BY NAME  -- short names that no curator knows: only as the whole value under a cell-line key
    SELECT
        reading_id, 'cell_line' AS field, 1 AS position, lexicon.* EXCLUDE (fields, needs), NULL AS after,
        NULL AS bar, lexicon.n_tokens AS n_words, string_split(normalised, ' ') AS tokens, FALSE AS is_before_cells,
        TRUE AS is_as_written, FALSE AS names_cells, TRUE AS is_sure, FALSE AS is_faint
    FROM text_reading JOIN text_shape USING (text_id) JOIN lexicon ON phrase = split_part(normalised, ' | ', 1)
    WHERE text_reading.field = 'cell_line' AND lexicon.needs = 'key'
),
judged AS (SELECT *, field = 'cell_line' OR phrase IN (FROM several) AS is_one_of_several FROM meant)
SELECT * EXCLUDE (phrase, is_one_of_several) FROM judged WHERE NOT is_one_of_several
UNION ALL
SELECT * EXCLUDE (phrase, is_one_of_several) FROM judged WHERE is_one_of_several
QUALIFY row_number() OVER (
    PARTITION BY reading_id, position, n_tokens ORDER BY is_faint, precedence, verdict, term_id, rule_id, synonym
) = 1;
