-- genes_by_fate: what became of the genes of each input matrix, and why?
SELECT
    source,
    matrix_file,
    outcome,
    if(is_exported, 'in the compendium', coalesce(not_exported_because, reason)) AS fate,
    count(*) AS n_genes,
    min(coalesce(nullif(input_id, ''), input_symbol)) AS example
FROM gene_ledger
GROUP BY ALL
ORDER BY source ASC, matrix_file ASC, n_genes DESC, outcome ASC, fate ASC;
