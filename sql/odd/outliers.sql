-- samples whose library size, genes detected or share of zeros lies far from those of their source.
SELECT
    format('{} of {} samples of {} are outliers in depth or genes detected', count(*) FILTER (is_outlier), count(*), source) AS what,
    'they are marked `is_outlier` in obs, not removed; look at them with `curate sql "FROM quality WHERE is_outlier"`' AS advice
FROM quality JOIN kept USING (sample_id) GROUP BY source HAVING count(*) FILTER (is_outlier) > 0 ORDER BY source;
