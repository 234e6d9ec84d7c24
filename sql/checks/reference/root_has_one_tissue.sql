-- root_has_one_tissue: a root under two tissues would belong to one of them by priority, and the other would be empty.
SELECT
    'tissues.tsv' AS file, max(line) AS line,
    root_id || ' (' || min(root_name) || ') is a root of ' || string_agg(tissue, ' and of ' ORDER BY tissue) AS what
FROM tissue
GROUP BY root_id
HAVING count(*) > 1
ORDER BY line;
