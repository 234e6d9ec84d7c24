-- evidence: one row per proposal about a text or a sample: what texts say, what the source declares, what a person
-- decided.
CREATE OR REPLACE TABLE evidence AS
FROM text_evidence
UNION ALL BY NAME
FROM declared_evidence
UNION ALL BY NAME
FROM override_evidence;
