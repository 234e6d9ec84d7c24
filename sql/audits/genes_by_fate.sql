-- genes_by_fate: what became of the genes of each input matrix, and why?
SELECT * EXCLUDE (n_genes), n_genes
FROM (SELECT source, matrix, fate, count(*) AS n_genes FROM gene_ledger GROUP BY ALL)
ORDER BY source ASC, matrix ASC, n_genes DESC;
