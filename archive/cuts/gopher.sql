-- cut: gopher
-- source: Rae et al. 2021 (arXiv 2112.11446), A1.1, quality filtering and table A1; counted as
--   datatrove 0.10.0 (a649de79) counts, gopher_quality_filter.py and gopher_repetition_filter.py
-- version: 1
-- deviation: no SafeSearch, no choice of language, no removal of test-set overlap: those are
--   steps of MassiveWeb beside these rules
-- deviation: the first of several copies is no duplicate, and shares are of the whole text:
--   datatrove's reading; the paper leaves both open and DCLM reads it otherwise
-- deviation: words are cut by UAX #29 where datatrove asks spaCy; Chinese, Japanese, Thai and the
--   like count a word a character, so their mean word length is 1
-- deviation: duplicates are those of the duplicates table; the paper removed by 13-gram Jaccard
--   above 0.8

-- rule: words: 50 to 100 000 words, single punctuation marks not counted
gopher_words BETWEEN 50 AND 100000

-- rule: word-length: 3 to 10 characters a word, on average
gopher_mean_word_length BETWEEN 3 AND 10

-- rule: hashes: at most one # in ten words
gopher_hash_ratio <= 0.1

-- rule: ellipses: at most one ellipsis in ten words
gopher_ellipsis_ratio <= 0.1

-- rule: bullets: at most 0.9 of the lines start with a bullet
gopher_bullet_lines <= 0.9

-- rule: ellipsis-lines: at most 0.3 of the lines end in an ellipsis
gopher_ellipsis_lines <= 0.3

-- rule: letters: at least 0.8 of the words have a letter
gopher_alpha_words >= 0.8

-- rule: stop-words: two different ones of: the, be, to, of, and, that, have, with
gopher_stop_words_distinct >= 2

-- rule: dup-lines: later copies are at most 0.30 of the lines
gopher_dup_lines <= 0.30

-- rule: dup-paragraphs: later copies are at most 0.30 of the paragraphs
gopher_dup_paragraphs <= 0.30

-- rule: dup-line-chars: later copies of lines are at most 0.20 of the characters
gopher_dup_line_chars <= 0.20

-- rule: dup-paragraph-chars: later copies of paragraphs are at most 0.20 of the characters
gopher_dup_paragraph_chars <= 0.20

-- rule: top-2gram: the commonest 2 words take at most 0.20 of the characters
gopher_top_2gram <= 0.20

-- rule: top-3gram: the commonest 3 words take at most 0.18 of the characters
gopher_top_3gram <= 0.18

-- rule: top-4gram: the commonest 4 words take at most 0.16 of the characters
gopher_top_4gram <= 0.16

-- rule: dup-5gram: later copies of 5 words are at most 0.15 of the characters
gopher_dup_5gram <= 0.15

-- rule: dup-6gram: later copies of 6 words are at most 0.14 of the characters
gopher_dup_6gram <= 0.14

-- rule: dup-7gram: later copies of 7 words are at most 0.13 of the characters
gopher_dup_7gram <= 0.13

-- rule: dup-8gram: later copies of 8 words are at most 0.12 of the characters
gopher_dup_8gram <= 0.12

-- rule: dup-9gram: later copies of 9 words are at most 0.11 of the characters
gopher_dup_9gram <= 0.11

-- rule: dup-10gram: later copies of 10 words are at most 0.10 of the characters
gopher_dup_10gram <= 0.10
