-- fact_weights_are_below_a_decision: a text trusted as much as a person's decision, or not at all, is a slip.
SELECT 'fact_weights.tsv' AS file, line, fact || ', ' || field || ': weight ' || weight || ' is not between 0 and 2' AS what
FROM fact_weight
WHERE weight <= 0 OR weight >= 2
ORDER BY line;
