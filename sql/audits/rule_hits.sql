-- rule_hits: how often does each rule speak, and how often does it decide?
WITH spoken AS (
    SELECT evidence.rule_id, count(DISTINCT evidence.text_id) AS n_texts, count(DISTINCT proposal.sample_id) AS n_samples
    FROM evidence
    LEFT JOIN proposal ON evidence.evidence_id = proposal.evidence_id
    WHERE evidence.rule_id IS NOT NULL AND evidence.text_id IS NOT NULL
    GROUP BY evidence.rule_id
),

decided AS (
    SELECT evidence.rule_id, count(*) AS n_decided
    FROM label
    INNER JOIN evidence ON label.evidence_id = evidence.evidence_id
    WHERE label.tissue IS NOT NULL
    GROUP BY evidence.rule_id
)

SELECT
    rule.rule_id, rule.verdict, rule.text, rule.term_name, spoken.n_texts, spoken.n_samples, coalesce(decided.n_decided, 0) AS n_decided, rule.reason
FROM rule
INNER JOIN spoken USING (rule_id)
LEFT JOIN decided USING (rule_id)
ORDER BY n_decided DESC, spoken.n_samples DESC, rule.rule_id ASC;
