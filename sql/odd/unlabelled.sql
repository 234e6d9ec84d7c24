-- samples of a source that no words label, where they are more than a third.
SELECT
    format('{}% of the {} candidate samples of {} have no tissue', round(100 * avg((candidate.tissue = '')::INTEGER))::INTEGER, count(*), source) AS what,
    'ask `curate audit unmapped_text`; add rules or overrides for the most frequent words' AS advice
FROM candidate JOIN sample USING (sample_id) GROUP BY source HAVING avg((candidate.tissue = '')::INTEGER) > 1 / 3 ORDER BY source;
