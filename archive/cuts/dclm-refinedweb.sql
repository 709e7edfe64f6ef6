-- cut: dclm-refinedweb
-- source: DCLM 361714b, dclm_baseline_refinedweb.yaml, after Penedo et al. 2023 (arXiv
--   2306.01116)
-- version: 1
-- deviation: no lists of URLs: domains, 117 strict, 176 hard and 83 soft words are not part of
--   the signals
-- deviation: URLs and IPs are not cut out of the text, nor runs of line breaks shortened, before
--   it is counted
-- deviation: fastText is asked with lid.176.ftz on the first 500 characters, white space joined;
--   the source asks lid.176.bin on all of the text
-- deviation: words of n-grams are cut by UAX #29 as Unicode 18 has it, where the source asks
--   uniseg; other words are what white space separates, as in the source
-- deviation: the line modifiers rewrite the text; here they do not, and only the share that they
--   would remove is held to 0.05
-- deviation: duplicates are those of the duplicates table; the source removes by Bloom filter
--   (13-grams, 0.8) within shards
-- deviation: the model filter that makes DCLM-Baseline of this (fastText, above 0.018112) is not
--   applied

-- rule: language: English above 0.65 by fastText
fasttext_language = 'en' AND fasttext_score > 0.65

-- rule: words: 50 to 100 000 words, punctuation not counted
dclm_words BETWEEN 50 AND 100000

-- rule: word-length: 3 to 10 characters a word, on average
dclm_mean_word_length BETWEEN 3 AND 10

-- rule: symbols: at most one # or ellipsis in ten words
dclm_symbol_ratio <= 0.1

-- rule: bullets: at most 0.9 of the lines start with a bullet
dclm_bullet_lines <= 0.9

-- rule: ellipsis-lines: at most 0.3 of the lines end in an ellipsis
dclm_ellipsis_lines <= 0.3

-- rule: letters: at most 0.2 of the words have no letter
dclm_nonalpha_words <= 0.2

-- rule: stop-words: two occurrences, in any case, of one or more of: the, be, to, of, and, that,
--   have, with
dclm_stop_words >= 2

-- rule: dup-lines: all copies are at most 0.30 of the lines
dclm_dup_lines <= 0.30

-- rule: dup-paragraphs: all copies are at most 0.30 of the paragraphs
dclm_dup_paragraphs <= 0.30

-- rule: dup-line-chars: all copies of lines are at most 0.20 of the characters
dclm_dup_line_chars <= 0.20

-- rule: dup-paragraph-chars: all copies of paragraphs are at most 0.20 of the characters
dclm_dup_paragraph_chars <= 0.20

-- rule: top-2gram: the commonest 2 words take at most 0.20 of the characters
dclm_top_2gram <= 0.20

-- rule: top-3gram: the commonest 3 words take at most 0.18 of the characters
dclm_top_3gram <= 0.18

-- rule: top-4gram: the commonest 4 words take at most 0.16 of the characters
dclm_top_4gram <= 0.16

-- rule: dup-5gram: all copies of 5 words are at most 0.15 of the characters
dclm_dup_5gram <= 0.15

-- rule: dup-6gram: all copies of 6 words are at most 0.14 of the characters
dclm_dup_6gram <= 0.14

-- rule: dup-7gram: all copies of 7 words are at most 0.13 of the characters
dclm_dup_7gram <= 0.13

-- rule: dup-8gram: all copies of 8 words are at most 0.12 of the characters
dclm_dup_8gram <= 0.12

-- rule: dup-9gram: all copies of 9 words are at most 0.11 of the characters
dclm_dup_9gram <= 0.11

-- rule: dup-10gram: all copies of 10 words are at most 0.10 of the characters
dclm_dup_10gram <= 0.10

-- rule: removed-words: the line modifiers would remove at most 0.05 of the words
dclm_removed_words <= 0.05
