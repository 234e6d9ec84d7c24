-- vocabulary_lists_are_read: a word under a misspelt list would never be asked for, and the right list would lack it.
WITH read (list) AS (
    VALUES
    ('about_the_person'), ('blood_tumour_tissue'), ('denial'), ('denial_behind'), ('fact_field'), ('not_tumour_tissue'),
    ('says_nothing'),
    ('beside_word'), ('cell_line_field'), ('disease_key'), ('disease_word'), ('elsewhere'), ('line_code'), ('made_into'),
    ('mobile_tissue'),
    ('no_cell_line'), ('nothing_stated'), ('organ_in_cell_name'), ('origin_after'), ('origin_before'),
    ('person_key'), ('person_number'), ('pluripotent_root'), ('pluripotent_tissue'), ('turned')
)
SELECT
    'vocabulary.tsv' AS file, line,
    list || ' ' || word || ': ' || CASE
        WHEN match NOT IN ('whole', 'first', 'start', 'part', 'pattern')
            THEN 'match ' || match || ' is none of whole, first, start, part, pattern'
        ELSE 'no build file asks for the list ' || list
    END AS what
FROM vocabulary
WHERE match NOT IN ('whole', 'first', 'start', 'part', 'pattern') OR list NOT IN (FROM read)
UNION ALL
SELECT 'vocabulary.tsv', 1, 'the list ' || list || ' has no word'
FROM read ANTI JOIN vocabulary USING (list)
ORDER BY line;
