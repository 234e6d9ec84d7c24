-- lexicon_conflicts: which words name terms of several tissues at the same rank, and so mean nothing until a rule decides?
SELECT phrase, scope, tissues
FROM phrase_conflict
ORDER BY phrase, scope;
