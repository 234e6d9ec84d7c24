-- dropped_by_cap: what did the cap take from each tissue: how many samples, and how many studies altogether?
SELECT
    if(draw.tissue = '', '(unlabelled)', draw.tissue) AS tissue,
    count(*) AS n_drawn,
    count(kept.sample_id) AS n_kept,
    count(*) - count(kept.sample_id) AS n_dropped,
    count(DISTINCT draw.group_id) AS n_groups,
    count(DISTINCT draw.group_id) - count(DISTINCT if(kept.sample_id IS NULL, NULL, draw.group_id)) AS n_groups_lost,
    string_agg(DISTINCT sample.source, ', ' ORDER BY sample.source) AS sources
FROM draw
INNER JOIN sample USING (sample_id)
LEFT JOIN kept USING (sample_id)
WHERE draw.split IN ('train', 'unlabelled')
GROUP BY draw.tissue
ORDER BY n_dropped DESC, tissue ASC;
