-- unlabelled_stand_apart: no sample without a class is trained or tested on, and none with a class is set aside.
SELECT sample_id, tissue, split
FROM kept
WHERE
    (tissue = '') <> (split = 'unlabelled')
    OR split NOT IN ('train', 'validation', 'test', 'unlabelled')
    OR tissue IS NULL
ORDER BY sample_id;
