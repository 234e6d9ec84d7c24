-- vocabulary_lists_are_read: a word under a misspelt list, or with an unknown match, would never be asked for.
SELECT
    'vocabulary.tsv' AS file, line,
    list || ' ' || word || ': ' || CASE
        WHEN match NOT IN ('whole', 'first', 'start', 'part')
            THEN 'match ' || match || ' is none of whole, first, start, part'
        ELSE 'no build file asks for the list ' || list
    END AS what
FROM vocabulary
WHERE match NOT IN ('whole', 'first', 'start', 'part') OR list NOT IN (
    'cell_line_field', 'mobile_tissue', 'no_cell_line', 'nothing_stated', 'organ_in_cell_name', 'origin_between',
    'origin_mark', 'pluripotent_root', 'pluripotent_tissue'
)
ORDER BY line;
