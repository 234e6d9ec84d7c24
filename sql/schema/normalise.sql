-- Macros that bring texts and lexicon phrases to the same tokens. Both sides pass through them, so a shared distortion is harmless.

-- repaired: mojibake of UTF-8 read as Latin-1, Greek letters, accents. Plain ASCII, nearly all of the text, passes untouched.
CREATE OR REPLACE MACRO repaired(t) AS CASE WHEN strlen(t) = length(t) THEN t ELSE strip_accents(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(t,
    'Î±|α', 'alpha', 'g'), 'Î²|β', 'beta', 'g'), 'Î³|γ', 'gamma', 'g'), 'Î´|δ', 'delta', 'g'), 'Âµ|Î¼|µ|μ', 'u', 'g'), 'â€.|Â|\x{FFFD}', ' ', 'g')) END;

-- marked: a plus or minus behind a CD number belongs to its token (CD4+ and CD8- are not CD4 and CD8).
CREATE OR REPLACE MACRO marked(t) AS CASE WHEN NOT regexp_matches(t, 'cd[0-9]') THEN t ELSE
    regexp_replace(regexp_replace(t, '\b(cd[0-9]+[a-z]{0,2})(?:\+|pos\b)', '\1positive ', 'g'), '\b(cd[0-9]+[a-z]{0,2})(?:-|neg\b)(\s|,|;|\)|$|cd[0-9])', '\1negative \2', 'g') END;

-- american: British and Latin spelling (tumour, haematopoietic, oesophagus, foetal, caecum, fibre, grey). `ae` and `oe` become `e` everywhere.
CREATE OR REPLACE MACRO american(t) AS replace(replace(replace(replace(replace(t, 'ae', 'e'), 'oe', 'e'), 'tumour', 'tumor'), 'fibre', 'fiber'), 'grey', 'gray');

-- words: tokens separated by single blanks.
CREATE OR REPLACE MACRO words(t) AS trim(regexp_replace(american(marked(lower(t))), '[^\p{L}\p{N}]+', ' ', 'g'));

-- unglued: where letters change case or meet a number, a mark that counts as a separator (LungTumor12 -> Lung|Tumor|12).
CREATE OR REPLACE MACRO unglued(t) AS regexp_replace(regexp_replace(regexp_replace(t, '([a-z])([A-Z])', '\1' || chr(30) || '\2', 'g'),
    '([A-Za-z]{4,})([0-9])', '\1' || chr(30) || '\2', 'g'), '([0-9])([A-Za-z]{4,})', '\1' || chr(30) || '\2', 'g');

-- normalised: the words, and behind a bar the words of the unglued text where they differ.
CREATE OR REPLACE MACRO normalised(t) AS CASE WHEN regexp_matches(t, '[a-z][A-Z]|[A-Za-z]{4}[0-9]|[0-9][A-Za-z]{4}') THEN words(t) || ' | ' || words(unglued(t)) ELSE words(t) END;
