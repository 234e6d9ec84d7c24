-- field_keys_are_known: a key under a misspelt field would never be read.
SELECT
    'fields.tsv' AS file, line,
    'key ' || key || ': match ' || match || ', field ' || field
    || '; match is whole or word, field is one that weights.tsv lists, protocol (read for single cells only)'
    || ' or ignored' AS what
FROM field_key
WHERE match NOT IN ('whole', 'word') OR field NOT IN (SELECT weight.field FROM weight
UNION ALL
SELECT vocabulary.word FROM vocabulary WHERE list = 'fact_field'
UNION ALL
SELECT unnest(['ignored', 'protocol'])) OR key <> words(key)
ORDER BY line;
