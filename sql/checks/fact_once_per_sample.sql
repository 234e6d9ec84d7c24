-- fact_once_per_sample: two values of one fact would make columns of obs a matter of chance.
SELECT sample_id, fact, count(*) AS n FROM fact GROUP BY sample_id, fact HAVING count(*) > 1 ORDER BY sample_id, fact;
