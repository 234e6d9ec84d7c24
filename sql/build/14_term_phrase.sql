-- term_phrase: one row per name or synonym of a term that lies in a tissue, as normalised words, and what kind of evidence it is.
CREATE OR REPLACE TABLE term_phrase AS
WITH named AS (
    SELECT
        term.synonym, term.scope, term_tissue.organ_id AS term_id, term_tissue.tissue, words(term.synonym) AS phrase,
        CASE
            WHEN term.term_id LIKE 'MONDO:%' THEN 'disease'
            WHEN term.term_id LIKE 'UBERON:%' THEN 'anatomy'
            WHEN term_tissue.root_id IN ('CL:0002248', 'CL:0002322') THEN 'pluripotent'
            WHEN term_tissue.tissue IN ('blood', 'lymphoid', 'bone_marrow', 'fibroblast', 'stem_cell', 'soft_tissue', 'blood_vessel', 'muscle') THEN 'mobile'
            ELSE 'cell'
        END AS kind
    FROM term JOIN term_tissue USING (term_id)
),
plain AS (
    SELECT phrase, 'map' AS verdict, kind, term_id, tissue, NULL AS rule_id, synonym, scope, NULL AS fields,
        -- A short synonym or one with a number (ALL, INV, CA2, r11) is an abbreviation: believed only where it is the whole value of a tissue or cell type.
        CASE
            WHEN NOT regexp_matches(phrase, '[a-z]{3}') THEN 'whole'  -- B09-16
            WHEN NOT contains(phrase, ' ') AND (length(phrase) <= 3 OR (scope <> 'NAME' AND length(phrase) <= 4) OR regexp_matches(phrase, '[0-9]')) THEN 'whole'
            ELSE 'anywhere'
        END AS needs,
        CASE WHEN scope = 'NAME' THEN 3 ELSE 4 END AS precedence
    FROM named
    WHERE length(phrase) >= 2 AND regexp_matches(phrase, '[a-z]') AND phrase NOT IN ('na', 'nd', 'ns', 'nan', 'null', 'none')  -- nothing stated, not the nasal artery
        AND NOT (kind = 'disease' AND length(phrase) <= 4)  -- LN, ALL: disease abbreviations come from rules only
),
named_organ AS (  -- "pleural macrophage" is a macrophage to CL, but the words name an organ: such a phrase is left out, so that its organ speaks
    SELECT DISTINCT cell_word.phrase
    FROM (SELECT phrase, unnest(string_split(phrase, ' ')) AS word FROM plain WHERE kind = 'mobile' AND contains(phrase, ' ')) AS cell_word
    JOIN (
        SELECT phrase AS word FROM plain WHERE kind = 'anatomy' AND needs = 'anywhere'
        UNION
        SELECT words(rule.text) FROM rule JOIN term_tissue USING (term_id) WHERE kind IN ('anatomy', 'adjective')
    ) AS organ USING (word)
    WHERE word NOT IN ('blood', 'muscle', 'vein', 'artery', 'lymph', 'bone', 'vascular', 'endothelial', 'lymphoid', 'peripheral')
),
inverted AS (  -- "cortex of kidney" is also written "kidney cortex"
    SELECT
        regexp_replace(phrase, '^(.+) of (.+)$', '\2 \1') AS phrase, verdict, kind, term_id, tissue, rule_id, synonym, scope, fields, 'anywhere' AS needs,
        5 AS precedence
    FROM plain
    WHERE phrase LIKE '% of %' AND phrase NOT LIKE '% of % of %' AND phrase NOT LIKE '% of the %'
)

SELECT phrase, verdict, kind, term_id, tissue, rule_id, synonym, scope, fields, needs, precedence FROM plain
WHERE kind <> 'mobile' OR phrase NOT IN (FROM named_organ)
UNION ALL
SELECT phrase, verdict, kind, term_id, tissue, rule_id, synonym, scope, fields, needs, precedence FROM inverted;
