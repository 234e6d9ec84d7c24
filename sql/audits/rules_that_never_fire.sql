-- rules_that_never_fire: which rules matched no text of this build?
SELECT rule.rule_id, rule.verdict, rule.text, rule.fields, rule.term_name, rule.reason
FROM rule
ANTI JOIN evidence USING (rule_id)
ORDER BY rule.rule_id;
