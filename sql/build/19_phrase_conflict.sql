-- phrase_conflict: one row per phrase and scope that names terms of several tissues, and so means nothing until a rule
-- decides.
CREATE OR REPLACE TABLE phrase_conflict AS
WITH meaning AS (
    SELECT DISTINCT words(term.synonym) AS phrase, term.scope, term_tissue.tissue
    FROM term JOIN term_tissue USING (term_id)
)
SELECT meaning.phrase, meaning.scope, string_agg(meaning.tissue, ', ' ORDER BY meaning.tissue) AS tissues
FROM meaning
WHERE meaning.phrase NOT IN (SELECT lexicon.phrase FROM lexicon)
GROUP BY meaning.phrase, meaning.scope
HAVING count(*) > 1;
