-- ngram: one row per place of a reading where the words of a phrase stand, of the lexicon or of a fact.
CREATE OR REPLACE TEMP TABLE ngram AS
WITH reading AS (
    SELECT reading_id, any_value(shape_id) AS shape_id, any_value(numbers) AS numbers
    FROM text_reading GROUP BY reading_id
),
number AS (SELECT reading_id, shape_id, unnest(numbers) AS hit FROM reading WHERE numbers IS NOT NULL)
SELECT reading_id, shape_place.* EXCLUDE (shape_id, has_number)
FROM shape_place JOIN reading USING (shape_id) WHERE NOT has_number
UNION ALL BY NAME
SELECT reading_id, shape_place.* EXCLUDE (shape_id, has_number, phrase), hit['phrase'] AS phrase
FROM shape_place JOIN number ON shape_place.shape_id = number.shape_id AND position = hit['at'] AND n_tokens = hit['n']
WHERE has_number;
