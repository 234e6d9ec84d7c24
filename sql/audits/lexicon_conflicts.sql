-- lexicon_conflicts: which words name terms of several tissues at the same rank, and so mean nothing until a rule decides?
WITH meaning AS (
    SELECT DISTINCT words(term.synonym) AS phrase, term.scope, term_tissue.tissue
    FROM term
    INNER JOIN term_tissue USING (term_id)
)

SELECT meaning.phrase, meaning.scope, string_agg(meaning.tissue, ', ' ORDER BY meaning.tissue) AS tissues
FROM meaning
WHERE meaning.phrase NOT IN (SELECT lexicon.phrase FROM lexicon)
GROUP BY meaning.phrase, meaning.scope
HAVING count(*) > 1
ORDER BY meaning.phrase, meaning.scope;
