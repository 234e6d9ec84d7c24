-- pair_field: one row per distinct pair: its key and what a curator says that key is about (fields.tsv); unknown keys
-- are `other`. A key that describes the person and holds a number only names the person (patient: 17).
CREATE OR REPLACE TEMP TABLE pair_field AS
WITH pair AS (SELECT DISTINCT pair FROM characteristics_pair),
split AS (SELECT pair, regexp_extract(pair, '^\s*([A-Za-z][^:]{0,60}):', 1) AS key FROM pair),
key AS (SELECT DISTINCT key, words(key) AS phrase FROM split WHERE key <> ''),
key_field AS (
    SELECT key.key, field_key.field
    FROM key JOIN field_key ON CASE field_key.match
        WHEN 'whole' THEN key.phrase = field_key.key
        ELSE contains(' ' || key.phrase || ' ', ' ' || field_key.key || ' ')
    END
    QUALIFY row_number() OVER (
        PARTITION BY key.key ORDER BY field_key.match = 'whole' DESC, length(field_key.key) DESC, field_key.key
    ) = 1
)
SELECT
    split.pair, nullif(split.key, '') AS key,
    trim(CASE WHEN split.key = '' THEN split.pair ELSE substr(split.pair, strpos(split.pair, ':') + 1) END) AS text,
    CASE
        WHEN split.key = '' THEN 'characteristics'
        WHEN
            key_field.field = 'disease' AND regexp_matches(text, $person_number)
            AND words(split.key) IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'person_key')
            THEN 'donor_id'
        ELSE coalesce(key_field.field, 'other')
    END AS field
FROM split LEFT JOIN key_field USING (key);
