"""A table of seven genes with every knot that names can have: shared ids, shared aliases, symbols that were another gene's."""

HEADER = "symbol\thgnc_id\tensembl_gene_id\tentrez_id\talias_symbol\tprev_symbol\tlocus_group\tlength_bp"
ROWS = [
    "AAA1\tHGNC:1\tENSG00000000001\t11\tALPHA|SHARED\tOLD1\tprotein-coding gene\t1000",
    "BBB1\tHGNC:2\tENSG00000000002\t12\tSHARED\tOLD2|TWICE\tprotein-coding gene\t2000",
    "CCC1\tHGNC:3\tENSG00000000003\t13\tOLD1|AAA1\tTWICE\tpseudogene\t",
    "DDD1\tHGNC:4\tENSG00000000004\t14\t\tMARCH4\tnon-coding RNA\t500",
    "DDD2\tHGNC:5\tENSG00000000004\t15\t\t\tother\t500",
    "EEE1\tHGNC:6\t\t16\t\tMARCH1\tprotein-coding gene\t",
    "EEE2\tHGNC:7\t\t17\t\tMARC1\tprotein-coding gene\t",
]
