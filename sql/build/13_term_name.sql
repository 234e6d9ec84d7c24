-- term_name: one row per live term with the name that the ontology gives it.
CREATE OR REPLACE TABLE term_name AS
SELECT term_id, any_value(name) AS name FROM term WHERE scope = 'NAME' GROUP BY term_id;
