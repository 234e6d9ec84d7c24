-- fact_phrase: one row per phrase (normalised words) and what it states: phrases of fact_rules.tsv and names of Mondo.
-- Short synonyms and those in capitals count only as the whole value under a key for the disease, and a synonym of two
-- diseases not at all. `fields` is empty where any will do.
CREATE OR REPLACE TABLE fact_phrase AS
WITH disease AS (
    SELECT
        words(synonym) AS phrase, 'disease' AS fact, 'map' AS verdict, name AS value, term_id AS ontology_term_id,
        NULL AS unit, synonym AS rule, if(synonym = name, 2, 3) AS precedence,
        length(words(synonym)) < 6 OR synonym = upper(synonym) AS is_whole,
        CASE WHEN is_whole THEN ['disease', 'declared_disease'] END AS fields
    FROM disease_name
),
ruled AS (
    SELECT
        words(text) AS phrase, fact, verdict, value, ontology_term_id, unit, rule_id AS rule, 1 AS precedence,
        match = 'whole' AS is_whole, CASE WHEN fields <> 'any' THEN string_split(fields, ',') END AS fields
    FROM fact_rule WHERE match <> 'pattern'
),
spelled AS (
    SELECT *, unnest(list_distinct([
        phrase, CASE WHEN is_whole THEN phrase ELSE english_plural(phrase) END,
        CASE WHEN is_whole THEN phrase ELSE latin_number(phrase) END
    ])) AS variant
    FROM (FROM disease
    UNION ALL BY NAME
    FROM ruled)
),
settled AS (
    SELECT
        * REPLACE (variant AS phrase),
        count(DISTINCT ontology_term_id) OVER (PARTITION BY variant, fact, is_whole, fields, precedence) AS n_terms
    FROM spelled
    WHERE variant <> ''
    QUALIFY row_number() OVER (
        PARTITION BY variant, fact, is_whole, fields ORDER BY precedence, verdict, ontology_term_id, rule
    ) = 1
)
SELECT * EXCLUDE (variant, n_terms), len(string_split(phrase, ' ')) AS n_tokens
FROM settled
WHERE precedence = 1 OR n_terms = 1
ORDER BY phrase, fact, is_whole, fields;
