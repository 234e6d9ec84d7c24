-- exclusion, step 10: the samples beyond the cap of their class.
INSERT INTO exclusion
SELECT draw.sample_id, 10 AS step, 'rank ' || draw.cap_rank || ' of ' || if(draw.tissue = '', 'unlabelled', draw.tissue) || ' is over the cap of ' || $cap AS reason
FROM draw
ANTI JOIN kept USING (sample_id);
