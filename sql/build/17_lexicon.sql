-- lexicon: one row per phrase (normalised words) and what it may mean; the matcher joins the words of a text against
-- it. Sources: names of terms, phrases of rules.tsv, names of cell lines. Plurals and glued spellings are made here,
-- not written by hand. One meaning per phrase and set of fields: rule, curated line, name, synonym; two tissues at the
-- same rank cancel each other. has_others where other rows have the same phrase.
CREATE OR REPLACE TABLE lexicon AS
WITH ruled AS (
    SELECT
        words(rule.text) AS phrase, rule.verdict, rule.kind, rule.term_id, term_tissue.tissue, rule.rule_id,
        rule.text AS synonym, 'RULE' AS scope,
        CASE rule.match WHEN 'whole' THEN 'whole' ELSE 'anywhere' END AS needs, 1 AS precedence,
        CASE WHEN rule.fields <> 'any' THEN string_split(rule.fields, ',') END AS fields
    FROM rule LEFT JOIN term_tissue USING (term_id)
    WHERE rule.match IN ('phrase', 'whole')
),
spelled AS (  -- singular and plural of the last word; cd4 positive = cd4positive; smallbowel
    SELECT *, unnest(list_distinct([
        phrase,
        CASE WHEN needs = 'whole' THEN phrase ELSE english_plural(phrase) END,
        latin_number(phrase),
        regexp_replace(phrase, '(cd[0-9]+[a-z]*) positive', '\1positive', 'g'),
        CASE
            WHEN kind IN ('anatomy', 'disease') AND regexp_matches(phrase, '^[a-z]{4,} [a-z]{4,}$')
                THEN replace(phrase, ' ', '')
            ELSE phrase
        END
    ])) AS variant
    FROM (
        FROM term_phrase
        UNION ALL BY NAME
        FROM ruled
    )
),
candidate AS (
    SELECT * EXCLUDE (phrase, variant), variant AS phrase FROM spelled
    UNION ALL BY NAME
    SELECT * FROM line_phrase
),
settled AS (
    SELECT
        *, count(DISTINCT tissue) OVER (PARTITION BY phrase, fields, precedence) AS n_tissues,
        row_number() OVER (
            PARTITION BY phrase, fields ORDER BY precedence, verdict, needs, term_id, rule_id, synonym
        ) AS rank
    FROM candidate
)
SELECT
    phrase, len(string_split(phrase, ' ')) AS n_tokens, verdict, kind, term_id, tissue, rule_id, synonym, scope, fields,
    needs, precedence, count(*) OVER (PARTITION BY phrase) > 1 AS has_others
FROM settled
WHERE rank = 1 AND (n_tissues <= 1 OR scope IN ('RULE', 'CELL_LINE'))
ORDER BY phrase, fields;
