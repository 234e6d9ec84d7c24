-- shallow_sample: one row per sample that was read and holds too little to stand for its tissue, and why: no read in
-- any gene of the matrix, or less than $min_detected of the share of genes that the middle sample of its source has.
-- Why a share: the tables of one source may measure different genes.
CREATE OR REPLACE TABLE shallow_sample AS
WITH depth AS (
    SELECT
        read_sample.*, sample.source,
        read_sample.n_genes_detected / read_sample.n_genes_measured AS share
    FROM read_sample
    INNER JOIN sample USING (sample_id)
),

middle AS (
    SELECT source, median(share) AS middle_share
    FROM depth
    WHERE n_genes_detected > 0
    GROUP BY source
)

SELECT
    sample_id,
    if(
        n_genes_detected = 0,
        format('has no read in any of the {:,} genes of the matrix that its source measures', n_genes_measured),
        format(
            'detects {:.2f}% of its genes ({:,} of {:,}), less than {} of the {:.1f}% of the middle sample of {}',
            100 * share, n_genes_detected, n_genes_measured, $min_detected, 100 * middle_share, source
        )
    ) AS reason
FROM depth
LEFT JOIN middle USING (source)
WHERE $min_detected > 0 AND (n_genes_detected = 0 OR share < $min_detected * middle_share);
