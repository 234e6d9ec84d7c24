-- label_once_per_sample: a sample has one label or none, and no label is of a sample that no source has.
SELECT label.sample_id, count(*) AS n_labels, count(sample.sample_id) AS n_samples
FROM label
LEFT JOIN sample USING (sample_id)
GROUP BY label.sample_id
HAVING count(*) <> 1 OR count(sample.sample_id) <> 1
ORDER BY label.sample_id;
