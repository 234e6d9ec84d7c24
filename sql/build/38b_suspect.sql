-- suspect: one row per text that any pattern rule matches.
-- $any_pattern is the alternation of all, so that each single pattern (the step pattern_hit) reads only these few.
CREATE OR REPLACE TEMP TABLE suspect AS
SELECT text_id, field, repaired FROM text
WHERE regexp_matches(repaired, $any_pattern)
    AND field NOT IN (SELECT vocabulary.word FROM vocabulary WHERE list = 'fact_field');
