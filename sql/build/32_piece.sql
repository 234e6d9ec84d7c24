-- characteristics_pair: one row per `key: value` of each distinct characteristics string. A value may hold commas, so a new pair starts only
-- where a separator is followed by a short key and a colon. A first part without a key is free text.
CREATE OR REPLACE TABLE characteristics_pair AS
WITH distinct_string AS (SELECT DISTINCT characteristics FROM sample WHERE characteristics <> ''),
part AS (
    SELECT characteristics, unnest(string_split(
        regexp_replace(characteristics, '\s*[,;|\n\t]\s*([A-Za-z][^,:;|\n\t]{0,60}:)', chr(31) || '\1', 'g'), chr(31))) AS pair
    FROM distinct_string
)
SELECT characteristics, pair FROM part WHERE trim(pair) <> '';

-- pair_field: one row per distinct pair: its key and what a curator says that key is about (fields.tsv); unknown keys are `other`.
CREATE OR REPLACE TABLE pair_field AS
WITH pair AS (SELECT DISTINCT pair FROM characteristics_pair),
split AS (
    SELECT pair, regexp_extract(pair, '^\s*([A-Za-z][^:]{0,60}):', 1) AS key FROM pair
),
key AS (SELECT DISTINCT key, words(key) AS phrase FROM split WHERE key <> ''),
key_field AS (
    SELECT key.key, field_key.field
    FROM key JOIN field_key ON CASE field_key.match WHEN 'whole' THEN key.phrase = field_key.key ELSE contains(' ' || key.phrase || ' ', ' ' || field_key.key || ' ') END
    QUALIFY row_number() OVER (PARTITION BY key.key ORDER BY field_key.match = 'whole' DESC, length(field_key.key) DESC, field_key.key) = 1
)
SELECT
    split.pair, nullif(split.key, '') AS key,
    CASE WHEN split.key = '' THEN 'characteristics' ELSE coalesce(key_field.field, 'other') END AS field,
    trim(CASE WHEN split.key = '' THEN split.pair ELSE substr(split.pair, strpos(split.pair, ':') + 1) END) AS text
FROM split LEFT JOIN key_field USING (key);

-- piece: one row per sample and text that may speak about it. Descriptions of the array years hold keys as well ("Primary Site: Ovary").
CREATE OR REPLACE TABLE piece AS
SELECT sample_id, 'title' AS field, title AS text FROM sample WHERE title <> ''
UNION ALL
SELECT sample_id, 'source_name', source_name FROM sample WHERE source_name <> ''
UNION ALL
SELECT sample_id, 'description', description FROM sample WHERE description <> ''
UNION ALL
SELECT sample_id, 'origin', trim(regexp_extract(description, '(?i)\b(?:primary site|tissue of origin|organ)\s*:\s*([^:.;]{2,60})', 1)) AS text
FROM sample WHERE regexp_matches(description, '(?i)\b(?:primary site|tissue of origin|organ)\s*:')
UNION ALL
SELECT sample.sample_id, pair_field.field, pair_field.text
FROM sample JOIN characteristics_pair USING (characteristics) JOIN pair_field USING (pair)
WHERE pair_field.field <> 'ignored' AND pair_field.text <> '';
