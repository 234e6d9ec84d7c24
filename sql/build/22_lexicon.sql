-- lexicon: one row per phrase (normalised words) and what it may mean; the matcher joins the words of a text against it.
-- Sources: names and synonyms of UBERON, CL and MONDO, phrases of rules.tsv, names of cell lines. Spelling variants are made here, not written by hand.
CREATE OR REPLACE TABLE lexicon AS
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
        CASE WHEN NOT contains(phrase, ' ') AND (length(phrase) <= 3 OR (scope <> 'NAME' AND length(phrase) <= 4) OR regexp_matches(phrase, '[0-9]')) THEN 'whole' ELSE 'anywhere' END AS needs,
        CASE WHEN scope = 'NAME' THEN 3 ELSE 4 END AS precedence
    FROM named
    WHERE length(phrase) >= 2 AND regexp_matches(phrase, '[a-z]') AND NOT (kind = 'disease' AND length(phrase) <= 4)  -- LN, ALL: disease abbreviations come from rules only
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
    SELECT regexp_replace(phrase, '^(.+) of (.+)$', '\2 \1') AS phrase, * EXCLUDE (phrase, needs, precedence), 'anywhere' AS needs, 5 AS precedence
    FROM plain
    WHERE phrase LIKE '% of %' AND phrase NOT LIKE '% of % of %' AND phrase NOT LIKE '% of the %'
),
finest AS (  -- the ontology's own term for a phrase: a rule that maps "kidney cortex" to kidney keeps cortex of kidney as the term
    SELECT phrase, tissue, arg_min(term_id, (precedence, term_id)) AS term_id
    FROM (FROM plain
    UNION ALL BY NAME
    FROM inverted) WHERE kind <> 'disease' GROUP BY phrase, tissue
),
ruled AS (
    SELECT words(rule.text) AS phrase, rule.verdict, rule.kind, coalesce(finest.term_id, rule.term_id) AS term_id, term_tissue.tissue, rule.rule_id, rule.text AS synonym, 'RULE' AS scope,
        CASE WHEN rule.fields = 'any' THEN NULL ELSE string_split(rule.fields, ',') END AS fields, 'anywhere' AS needs, 1 AS precedence
    FROM rule LEFT JOIN term_tissue USING (term_id)
    LEFT JOIN finest ON finest.phrase = words(rule.text) AND term_tissue.tissue = finest.tissue
    WHERE rule.match = 'phrase'
),
line_name AS (
    SELECT name, term_id, 2 AS precedence FROM cell_line
    UNION ALL
    SELECT name, NULL, 6 FROM cell_name WHERE name NOT IN (SELECT name FROM cell_line)
),
line_phrase AS (
    SELECT DISTINCT unnest([words(name), replace(words(name), ' ', ''), words(unglued(name)), regexp_replace(words(name), '([a-z])([0-9])', '\1 \2', 'g')]) AS phrase, name, term_id, precedence FROM line_name
),
line AS (
    SELECT
        phrase, 'cell_line' AS verdict, CASE WHEN term_tissue.tissue = 'stem_cell' THEN 'pluripotent' ELSE 'line' END AS kind,
        line_phrase.term_id, term_tissue.tissue, NULL AS rule_id, name AS synonym, 'CELL_LINE' AS scope,
        ['cell_line', 'source_name', 'title', 'cell_type', 'sample', 'tissue', 'characteristics', 'origin'] AS fields,
        -- T24 is also a time, 293 a sample and H1 a histone: a name of one or two letters and a few digits, or a bare word or number, needs context.
        -- A name that no curator knows is believed under a cell-line key or before the word "cells" only: 140,000 names hit any sample number.
        CASE
            WHEN precedence = 6 THEN CASE WHEN length(replace(phrase, ' ', '')) >= 5 THEN 'cells' ELSE 'key' END
            WHEN length(replace(phrase, ' ', '')) <= 2 THEN 'key'
            WHEN regexp_matches(replace(phrase, ' ', ''), '^([a-z]{1,2}[0-9]{1,3}[a-z]?|[a-z]{1,4}|[0-9]+[a-z]?|[0-9].{0,3})$') THEN 'context'
            ELSE 'anywhere'
        END AS needs,
        precedence
    FROM line_phrase LEFT JOIN term_tissue USING (term_id)
    WHERE length(phrase) >= 2
),
spelled AS (  -- singular and plural of the last word; cd4 positive = cd4positive
    SELECT *, unnest(list_distinct([
        phrase,
        CASE WHEN needs = 'whole' THEN phrase WHEN phrase LIKE '%s' THEN phrase WHEN regexp_matches(phrase, '(x|ch|sh)$') THEN phrase || 'es'
            WHEN regexp_matches(phrase, '[^e]y$') THEN regexp_replace(phrase, 'y$', 'ies') ELSE phrase || 's' END,
        CASE WHEN phrase LIKE '%us' THEN phrase[:-3] || 'i' WHEN phrase LIKE '%um' THEN phrase[:-3] || 'a' WHEN phrase LIKE '%sis' THEN phrase[:-3] || 'es'
            WHEN phrase LIKE '%ix' THEN phrase[:-3] || 'ices' WHEN phrase LIKE '%ex' THEN phrase[:-3] || 'ices'
            WHEN phrase LIKE '%cells' OR phrase LIKE '%cytes' OR phrase LIKE '%blasts' THEN phrase[:-2] ELSE phrase END,
        regexp_replace(phrase, '(cd[0-9]+[a-z]*) positive', '\1positive', 'g'),
        CASE WHEN kind IN ('anatomy', 'disease') AND regexp_matches(phrase, '^[a-z]{4,} [a-z]{4,}$') THEN replace(phrase, ' ', '') ELSE phrase END  -- smallbowel
    ])) AS variant
    FROM (SELECT * FROM plain WHERE kind <> 'mobile' OR phrase NOT IN (FROM named_organ)
    UNION ALL BY NAME
    SELECT * FROM inverted
    UNION ALL BY NAME
    SELECT * FROM ruled)
),
candidate AS (
    SELECT * EXCLUDE (phrase, variant), variant AS phrase FROM spelled
    UNION ALL BY NAME
    SELECT * FROM line
),
settled AS (  -- one meaning per phrase and set of fields: rule, curated line, name, synonym; two tissues at the same rank cancel each other
    SELECT *, min(precedence) OVER same AS best, count(DISTINCT tissue) OVER (PARTITION BY phrase, fields, precedence) AS n_tissues,
        row_number() OVER (PARTITION BY phrase, fields ORDER BY precedence, verdict, needs, term_id, rule_id, synonym) AS rank
    FROM candidate
    WINDOW same AS (PARTITION BY phrase, fields)
)
SELECT phrase, len(string_split(phrase, ' ')) AS n_tokens, verdict, kind, term_id, tissue, rule_id, synonym, scope, fields, needs, precedence
FROM settled
WHERE rank = 1 AND (n_tissues <= 1 OR scope IN ('RULE', 'CELL_LINE'));

-- lexicon_start: first and second words of phrases, with the lengths of the phrases that they begin; most places of a text begin none.
CREATE OR REPLACE TABLE lexicon_start AS
SELECT string_split(phrase, ' ')[1] AS head, CASE WHEN n_tokens > 1 THEN string_split(phrase, ' ')[2] END AS follower, list_sort(list(DISTINCT n_tokens)) AS lengths
FROM lexicon
WHERE needs <> 'key'
GROUP BY head, follower;
