-- funnel_sums: every step starts where the one before ended, and the last one holds the rows of the matrix.
WITH step AS (
    SELECT
        step,
        n_in,
        n_out,
        n_in + n_added - n_dropped - n_aside AS n_expected,
        coalesce(lag(n_out) OVER (ORDER BY step), 0) AS n_before
    FROM funnel
)

SELECT step, n_in, n_out, n_expected, n_before
FROM step
WHERE n_out IS DISTINCT FROM n_expected OR n_in IS DISTINCT FROM n_before
UNION ALL
SELECT NULL, NULL, (SELECT n_out FROM funnel ORDER BY step DESC LIMIT 1), (SELECT count(*) FROM kept), NULL
WHERE (SELECT n_out FROM funnel ORDER BY step DESC LIMIT 1) IS DISTINCT FROM (SELECT count(*) FROM kept)
ORDER BY ALL;
