-- characteristics_pair: one row per `key: value` of each distinct characteristics string, by the number of the string.
-- A value may hold commas, so a new pair starts only where a separator is followed by a short key and a colon. A first
-- part without a key is free text. Counting to 60 is slow, and where nothing is as long there is nothing to count.
CREATE OR REPLACE TEMP TABLE characteristics_pair AS
WITH distinct_string AS (SELECT DISTINCT characteristics FROM sample WHERE characteristics <> ''),
part AS (
    SELECT text_number(characteristics) AS string_id, unnest(string_split(CASE
        WHEN regexp_matches(characteristics, '[^,:;|\n\t]{61}')
            THEN regexp_replace(characteristics, '\s*[,;|\n\t]\s*([A-Za-z][^,:;|\n\t]{0,60}:)', chr(31) || '\1', 'g')
        ELSE regexp_replace(characteristics, '\s*[,;|\n\t]\s*([A-Za-z][^,:;|\n\t]*:)', chr(31) || '\1', 'g')
    END, chr(31))) AS pair
    FROM distinct_string
)
SELECT string_id, pair FROM part WHERE trim(pair) <> '';
