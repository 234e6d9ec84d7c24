-- tissue_roots_are_live: a tissue whose root is withdrawn would be empty; and one organ system and one priority per
-- tissue, no two tissues with the same.
SELECT 'tissues.tsv' AS file, line, tissue || ': ' || root_id || ' is not a live term named ' || root_name AS what
FROM tissue
WHERE NOT EXISTS (SELECT 1 FROM term WHERE term.term_id = tissue.root_id AND term.name = tissue.root_name)
UNION ALL
SELECT
    'tissues.tsv', max(line),
    string_agg(DISTINCT tissue, ', ' ORDER BY tissue) || ' disagree about organ system or share priority '
    || min(priority)
FROM tissue GROUP BY tissue HAVING count(DISTINCT organ_system) > 1 OR count(DISTINCT priority) > 1
UNION ALL
SELECT 'tissues.tsv', max(line), string_agg(DISTINCT tissue, ', ' ORDER BY tissue) || ' share priority ' || priority
FROM tissue GROUP BY priority HAVING count(DISTINCT tissue) > 1
ORDER BY line;
