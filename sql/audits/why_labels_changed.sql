-- why_labels_changed: because of which rule, override, ontology name, text or weight does a sample have another label than in the older build (`old`)?
-- For another client: ATTACH 'OLDER/curation.duckdb' AS old (READ_ONLY);
WITH changed AS (
    SELECT
        after.sample_id,
        before.tissue AS tissue_before,
        after.tissue AS tissue_after,
        before.term_id AS term_before,
        after.term_id AS term_after,
        before.decided_by AS by_before,
        after.decided_by AS by_after,
        before.evidence_id AS evidence_before,
        after.evidence_id AS evidence_after
    FROM label AS after
    INNER JOIN old.label AS before ON after.sample_id = before.sample_id
    WHERE coalesce(after.tissue, '') <> coalesce(before.tissue, '') OR coalesce(after.term_id, '') <> coalesce(before.term_id, '')
),

edited_rule AS (
    SELECT
        coalesce(after.rule_id, before.rule_id) AS rule_id,
        CASE WHEN before.rule_id IS NULL THEN 'added' WHEN after.rule_id IS NULL THEN 'removed' ELSE 'edited' END AS edit
    FROM rule AS after
    FULL OUTER JOIN old.rule AS before ON after.rule_id = before.rule_id
    WHERE (after.verdict, after.match, after.text, after.fields, after.kind, coalesce(after.term_id, ''))
        IS DISTINCT FROM (before.verdict, before.match, before.text, before.fields, before.kind, coalesce(before.term_id, ''))
),

speaking AS (
    SELECT changed.sample_id, evidence.rule_id
    FROM changed INNER JOIN sample_text USING (sample_id) INNER JOIN evidence ON sample_text.text_id = evidence.text_id
    WHERE evidence.rule_id IS NOT NULL
    UNION
    SELECT changed.sample_id, evidence.rule_id
    FROM changed INNER JOIN old.sample_text AS said USING (sample_id) INNER JOIN old.evidence AS evidence ON said.text_id = evidence.text_id
    WHERE evidence.rule_id IS NOT NULL
),

by_rule AS (
    SELECT sample_id, string_agg('rule ' || rule_id || ' ' || edit, ', ' ORDER BY rule_id) AS because
    FROM speaking INNER JOIN edited_rule USING (rule_id)
    GROUP BY sample_id
),

by_override AS (
    SELECT
        coalesce(after.sample_id, before.sample_id) AS sample_id,
        string_agg(
            CASE
                WHEN before.override_id IS NULL THEN 'override ' || after.override_id || ' by ' || after.curator
                WHEN after.override_id IS NULL THEN 'override ' || before.override_id || ' withdrawn'
                ELSE 'override ' || after.override_id || ' edited by ' || after.curator
            END, ', ' ORDER BY coalesce(after.override_id, before.override_id)
        ) AS because
    FROM override_hit AS after
    FULL OUTER JOIN old.override_hit AS before ON after.sample_id = before.sample_id AND after.override_id = before.override_id
    WHERE coalesce(after.term_id, '') <> coalesce(before.term_id, '') OR after.override_id IS NULL OR before.override_id IS NULL
    GROUP BY ALL
),

meaning AS (
    SELECT changed.sample_id, 'name ' || evidence.synonym || ' of ' || evidence.term_id || ' is new in the ontology' AS because
    FROM changed
    INNER JOIN evidence ON changed.evidence_after = evidence.evidence_id
    ANTI JOIN old.term AS term ON evidence.synonym = term.synonym
    WHERE evidence.rule_id IS NULL AND evidence.scope IN ('NAME', 'RELATED', 'EXACT', 'NARROW', 'BROAD')
    UNION ALL
    SELECT changed.sample_id, 'name ' || evidence.synonym || ' of ' || evidence.term_id || ' left the ontology'
    FROM changed
    INNER JOIN old.evidence AS evidence ON changed.evidence_before = evidence.evidence_id
    ANTI JOIN term ON evidence.synonym = term.synonym
    WHERE evidence.rule_id IS NULL AND evidence.scope IN ('NAME', 'RELATED', 'EXACT', 'NARROW', 'BROAD')
    UNION ALL
    SELECT changed.sample_id, 'tissue of ' || changed.term_after || ' was ' || coalesce(before.tissue, 'none')
    FROM changed
    INNER JOIN term_tissue AS after ON changed.term_after = after.term_id
    LEFT JOIN old.term_tissue AS before ON changed.term_after = before.term_id
    WHERE after.tissue IS DISTINCT FROM before.tissue
),

by_ontology AS (
    SELECT sample_id, string_agg(DISTINCT because, ', ' ORDER BY because) AS because FROM meaning GROUP BY sample_id
),

by_source AS (
    SELECT changed.sample_id, 'the source says otherwise than before' AS because
    FROM changed
    INNER JOIN sample AS after USING (sample_id)
    INNER JOIN old.sample AS before USING (sample_id)
    WHERE (after.title, after.source_name, after.characteristics, after.description, after.declared_term_id)
        IS DISTINCT FROM (before.title, before.source_name, before.characteristics, before.description, before.declared_term_id)
)

SELECT
    changed.sample_id,
    coalesce(changed.tissue_before, '(unlabelled)') AS tissue_before,
    coalesce(changed.tissue_after, '(unlabelled)') AS tissue_after,
    changed.term_before,
    changed.term_after,
    changed.by_before AS decided_by_before,
    changed.by_after AS decided_by_after,
    coalesce(
        nullif(concat_ws('; ', by_override.because, by_rule.because, by_source.because, by_ontology.because), ''),
        'weights, fields or cell lines of the ontology folder'
    ) AS because
FROM changed
LEFT JOIN by_override USING (sample_id)
LEFT JOIN by_rule USING (sample_id)
LEFT JOIN by_source USING (sample_id)
LEFT JOIN by_ontology USING (sample_id)
ORDER BY because, tissue_before, tissue_after, changed.sample_id;
