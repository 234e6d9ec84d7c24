-- override_scopes_are_known: and no two decisions for one target.
SELECT
    'overrides.tsv' AS file, max(line) AS line,
    string_agg(override_id, ', ' ORDER BY override_id) || ': scope ' || scope || ', target ' || target
    || '; scope is sample, series or text, and each target has one row' AS what
FROM override
GROUP BY scope, target, fact
HAVING count(*) > 1 OR scope NOT IN ('sample', 'series', 'text')
ORDER BY line;
