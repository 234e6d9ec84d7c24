-- pattern_hit: one row per text and pattern rule that matches it; filled rule by rule, because a pattern from a column would be compiled per row.
CREATE OR REPLACE TABLE pattern_hit (text_id UBIGINT, field VARCHAR, rule_id VARCHAR, matched_text VARCHAR);

-- suspect: texts that any pattern rule matches; $any_pattern is their alternation, so that each single pattern reads only these few.
CREATE OR REPLACE TABLE suspect AS
SELECT text_id, field, repaired FROM text WHERE regexp_matches(repaired, $any_pattern);
