-- unmapped_text: which texts of samples without a tissue are the most frequent, and so worth a rule?
SELECT text.field, text.text, count(DISTINCT label.sample_id) AS n_samples, min(label.sample_id) AS first_sample
FROM label
INNER JOIN sample_text ON label.sample_id = sample_text.sample_id
INNER JOIN text ON sample_text.text_id = text.text_id
WHERE label.tissue IS NULL AND label.decided_by = 'unmapped'
GROUP BY text.field, text.text
ORDER BY n_samples DESC, text.field ASC, text.text ASC;
