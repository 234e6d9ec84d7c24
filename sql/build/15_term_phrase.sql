-- term_phrase: one row per phrase that means a term: the plain ones but those that name another organ, and those turned
-- around ("kidney cortex" for "cortex of kidney"). "pleural macrophage" is a macrophage to CL, but the words name an
-- organ: such a phrase is left out, so that its organ speaks.
CREATE OR REPLACE TABLE term_phrase AS
WITH organ AS (
    SELECT phrase AS word FROM plain_phrase WHERE kind = 'anatomy' AND needs = 'anywhere'
    UNION
    SELECT words(rule.text) FROM rule JOIN term_tissue USING (term_id) WHERE kind IN ('anatomy', 'adjective')
),
cell_word AS (
    SELECT phrase, unnest(string_split(phrase, ' ')) AS word
    FROM plain_phrase WHERE kind = 'mobile' AND contains(phrase, ' ')
),
named_organ AS (
    SELECT DISTINCT cell_word.phrase
    FROM cell_word JOIN organ USING (word)
    WHERE word NOT IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'organ_in_cell_name')
),
inverted AS (
    SELECT * REPLACE (
        regexp_replace(phrase, '^(.+) of (.+)$', '\2 \1') AS phrase, 'anywhere' AS needs, 5 AS precedence)
    FROM plain_phrase
    WHERE phrase LIKE '% of %' AND phrase NOT LIKE '% of % of %' AND phrase NOT LIKE '% of the %'
)
FROM plain_phrase WHERE kind <> 'mobile' OR phrase NOT IN (FROM named_organ)
UNION ALL BY NAME
FROM inverted;
