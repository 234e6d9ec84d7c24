-- input genes that the matrix lost, where they are more than half of a source.
SELECT
    format('{}% of the genes of {} have no name in HGNC or several', round(100 * avg((outcome IN ('unknown', 'ambiguous'))::INTEGER))::INTEGER, source) AS what,
    'ask `curate audit genes_by_fate`; is it a table of transcripts, of probes, or of another species?' AS advice
FROM gene_ledger GROUP BY source HAVING avg((outcome IN ('unknown', 'ambiguous'))::INTEGER) > 0.5 ORDER BY source;
