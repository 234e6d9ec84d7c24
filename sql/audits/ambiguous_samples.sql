-- ambiguous_samples: for which samples do two tissues have evidence of the same worth, so that a person must decide?
SELECT
    label.sample_id,
    label.best_tissue,
    label.runner_up,
    label.margin,
    label.field,
    label.matched_text,
    sample.series_id,
    sample.title,
    sample.source_name,
    sample.characteristics
FROM label
INNER JOIN sample USING (sample_id)
WHERE label.decided_by = 'ambiguous'
ORDER BY sample.series_id, label.sample_id;
