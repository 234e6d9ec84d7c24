-- weights_are_shares: a weight outside 0 to 1 would beat what the source declares.
SELECT 'weights.tsv' AS file, line, field || ', ' || kind || ': weight ' || weight || ' is not between 0 and 1' AS what
FROM weight
WHERE weight NOT BETWEEN 0 AND 1
ORDER BY line;
