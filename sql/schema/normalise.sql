-- Macros that bring texts and lexicon phrases to the same tokens. Both sides pass through them, so a shared distortion
-- is harmless.

-- text_number: the number of a string, the same everywhere: the first half of its MD5.
CREATE OR REPLACE MACRO text_number(t) AS (md5_number(t) >> 64)::UBIGINT;

-- strength, evidence_of: how strong a proposal is, as one number (weight, length, id of the evidence), and its evidence.
CREATE OR REPLACE MACRO strength(weight, n_tokens, number) AS
    ((greatest(weight, 0) * (1::BIGINT << 53))::BIGINT::UHUGEINT << 72) + (least(n_tokens, 255)::UHUGEINT << 64) + number::UBIGINT;
CREATE OR REPLACE MACRO evidence_of(strength) AS (strength & 18446744073709551615::UHUGEINT)::UBIGINT;

-- repaired: mojibake of UTF-8 read as Latin-1, Greek letters, accents; an arrow reads as a word (iPSC->neuron). Plain
-- ASCII, nearly all text, passes otherwise untouched.
CREATE OR REPLACE MACRO repaired(t) AS CASE WHEN strlen(t) = length(t) THEN replace(t, '->', ' derived ') ELSE t
    .regexp_replace('->|→', ' derived ', 'g')
    .regexp_replace('Î±|α', 'alpha', 'g')
    .regexp_replace('Î²|β', 'beta', 'g')
    .regexp_replace('Î³|γ', 'gamma', 'g')
    .regexp_replace('Î´|δ', 'delta', 'g')
    .regexp_replace('Âµ|Î¼|µ|μ', 'u', 'g')
    .regexp_replace('â€.|Â|\x{FFFD}', ' ', 'g')
    .strip_accents() END;

-- marked: a plus or minus behind a CD number belongs to its token (CD4+ and CD8- are not CD4 and CD8).
CREATE OR REPLACE MACRO marked(t) AS CASE WHEN NOT regexp_matches(t, 'cd[0-9]') THEN t ELSE t
    .regexp_replace('\b(cd[0-9]+[a-z]{0,2})(?:\+|pos\b)', '\1positive ', 'g')
    .regexp_replace('\b(cd[0-9]+[a-z]{0,2})(?:-|neg\b)(\s|,|;|\)|$|cd[0-9])', '\1negative \2', 'g') END;

-- american: British and Latin spelling (tumour, haematopoietic, oesophagus, foetal, caecum, fibre, grey). `ae` and `oe`
-- become `e` everywhere.
CREATE OR REPLACE MACRO american(t) AS t
    .replace('ae', 'e').replace('oe', 'e').replace('tumour', 'tumor').replace('fibre', 'fiber').replace('grey', 'gray');

-- words: tokens separated by single blanks.
CREATE OR REPLACE MACRO words(t) AS trim(regexp_replace(american(marked(lower(t))), '[^\p{L}\p{N}]+', ' ', 'g'));

-- unglued: where letters change case or meet a number, a mark that counts as a separator (LungTumor12: Lung|Tumor|12,
-- NHBEctr: NHBE|ctr).
CREATE OR REPLACE MACRO unglued(t) AS t
    .regexp_replace('([a-z])([A-Z])', '\1' || chr(30) || '\2', 'g')
    .regexp_replace('([A-Z]{4})([a-z]{3})', '\1' || chr(30) || '\2', 'g')
    .regexp_replace('([A-Za-z]{4,})([0-9])', '\1' || chr(30) || '\2', 'g')
    .regexp_replace('([0-9])([A-Za-z]{4,})', '\1' || chr(30) || '\2', 'g');

-- normalised: the words, and behind a bar the words of the unglued text where they differ.
CREATE OR REPLACE MACRO normalised(t) AS CASE
    WHEN regexp_matches(t, '[a-z][A-Z]|[A-Z]{4}[a-z]{3}|[A-Za-z]{4}[0-9]|[0-9][A-Za-z]{4}')
        THEN words(t) || ' | ' || words(unglued(t))
    ELSE words(t) END;

-- words_with_gaps: the words of a text as they were written, each with what stands behind it; as_submitted joins some.
CREATE OR REPLACE MACRO words_with_gaps(t) AS regexp_extract_all(t, '[\p{L}\p{N}]+[^\p{L}\p{N}]*');
CREATE OR REPLACE MACRO as_submitted(list) AS rtrim(
    replace(array_to_string(list, ''), chr(30), ''), ' ,;:.|/_()[]{}-"''');

-- english_plural, latin_number: other spellings of the last word of a phrase; the phrase itself where there is none.
CREATE OR REPLACE MACRO english_plural(phrase) AS CASE
    WHEN phrase LIKE '%s' THEN phrase
    WHEN regexp_matches(phrase, '(x|ch|sh)$') THEN phrase || 'es'
    WHEN regexp_matches(phrase, '[^e]y$') THEN regexp_replace(phrase, 'y$', 'ies')
    ELSE phrase || 's' END;
CREATE OR REPLACE MACRO latin_number(phrase) AS CASE
    WHEN phrase LIKE '%us' THEN phrase[:-3] || 'i'
    WHEN phrase LIKE '%um' THEN phrase[:-3] || 'a'
    WHEN phrase LIKE '%sis' THEN phrase[:-3] || 'es'
    WHEN phrase LIKE '%ix' OR phrase LIKE '%ex' THEN phrase[:-3] || 'ices'
    WHEN phrase LIKE '%cells' OR phrase LIKE '%cytes' OR phrase LIKE '%blasts' THEN phrase[:-2]
    ELSE phrase END;
