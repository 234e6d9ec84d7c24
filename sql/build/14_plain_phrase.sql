-- plain_phrase: one row per name or synonym of a term that lies in a tissue, as normalised words, and what kind of
-- evidence it is. A short synonym or one with a number (ALL, INV, CA2, r11) is an abbreviation: believed only where it
-- is the whole value of a tissue or cell type. Disease abbreviations (LN, ALL) come from rules only.
CREATE OR REPLACE TABLE plain_phrase AS
WITH named AS (
    SELECT
        term.synonym, term.scope, term_tissue.organ_id AS term_id, term_tissue.tissue, words(term.synonym) AS phrase,
        CASE
            WHEN term.term_id LIKE 'MONDO:%' THEN 'disease'
            WHEN term.term_id LIKE 'UBERON:%' THEN 'anatomy'
            WHEN term_tissue.root_id IN (SELECT word FROM vocabulary WHERE list = 'pluripotent_root') THEN 'pluripotent'
            WHEN term_tissue.tissue IN (SELECT word FROM vocabulary WHERE list = 'mobile_tissue') THEN 'mobile'
            ELSE 'cell'
        END AS kind
    FROM term JOIN term_tissue USING (term_id)
)
SELECT phrase, 'map' AS verdict, kind, term_id, tissue, NULL AS rule_id, synonym, scope, NULL AS fields,
    CASE
        WHEN NOT regexp_matches(phrase, '[a-z]{3}') THEN 'whole'  -- B09-16
        WHEN contains(phrase, ' ') THEN 'anywhere'
        WHEN length(phrase) <= if(scope = 'NAME', 3, 4) OR regexp_matches(phrase, '[0-9]') THEN 'whole'
        ELSE 'anywhere'
    END AS needs,
    CASE WHEN scope = 'NAME' THEN 3 ELSE 4 END AS precedence
FROM named
WHERE length(phrase) >= 2 AND regexp_matches(phrase, '[a-z]')
    AND phrase NOT IN (SELECT word FROM vocabulary WHERE list = 'nothing_stated')
    AND NOT (kind = 'disease' AND length(phrase) <= 4);
