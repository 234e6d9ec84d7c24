-- a class without samples in a part is not measured there.
SELECT
    count(DISTINCT tissue) || ' classes have no sample in some part (' || string_agg(DISTINCT tissue, ', ' ORDER BY tissue) || ')' AS what,
    'ask `curate audit classes_missing_from_a_part`; bring more studies of them' AS advice
FROM missing_class HAVING count(*) > 0;
