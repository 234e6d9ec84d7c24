-- yields_name_tissues: a tissue that is misspelt would yield to nothing.
SELECT 'yields.tsv' AS file, line, concat(tissue, ' beside ', coalesce(beside, 'any'), ': not one of the tissues') AS what
FROM tissue_yield
WHERE tissue NOT IN (SELECT tissue.tissue FROM tissue) OR beside NOT IN (SELECT tissue.tissue FROM tissue)
ORDER BY line;
