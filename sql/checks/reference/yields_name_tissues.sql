-- yields_name_tissues: a misspelt tissue would yield to nothing.
SELECT
    'yields.tsv' AS file, line, tissue || ' beside ' || coalesce(beside, '(any)') || ': both must be tissues' AS what
FROM tissue_yield
WHERE tissue NOT IN (SELECT tissue.tissue FROM tissue)
    OR (beside IS NOT NULL AND beside NOT IN (SELECT tissue.tissue FROM tissue))
ORDER BY line;
