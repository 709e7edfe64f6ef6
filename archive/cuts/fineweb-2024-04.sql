-- cut: fineweb-2024-04
-- source: datatrove 05194d39 (2024-04-20), examples/fineweb.py: the release of FineWeb
-- version: 1
-- deviation: no lists of URLs: the 215 banned words, 134 sub-words, 88 soft words and the UT1
--   lists are not part of the signals
-- deviation: text is that of the snapshot's extractor; FineWeb took trafilatura with
--   favour_precision, dropped what took over 0.1 s, and let trafilatura drop paragraphs that
--   earlier documents had
-- deviation: fastText is asked with lid.176.ftz on the first 500 characters, white space joined;
--   the source asks lid.176.bin on all of the text, line feeds deleted, so that words at line
--   ends were glued
-- deviation: words are cut by UAX #29, sentences by Sentence_Terminal, where the source asks
--   NLTK's word_tokenize and Punkt
-- deviation: C4's step rewrites the text; here it does not, and the FineWeb rules are on the
--   lines that it would keep
-- deviation: duplicates are those of the duplicates table, over the whole snapshot; the source
--   removes by MinHash (14 x 8, word 5-grams) within each crawl
-- deviation: e-mail addresses and IPs stay in the text

-- rule: language: English above 0.65 by fastText
fasttext_language = 'en' AND fasttext_score > 0.65

-- rule: dup-lines: later copies are at most 0.30 of the lines
gopher_dup_lines_2024 <= 0.30

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

-- rule: stop-words: two occurrences, of one or more of: the, be, to, of, and, that, have, with
gopher_stop_words >= 2

-- rule: c4-lorem-ipsum: no 'lorem ipsum' in a line that reaches that test
NOT c4_lorem_ipsum

-- rule: c4-curly-bracket: no { in a line that reaches that test
NOT c4_curly_bracket

-- rule: c4-sentences: at least 5 in the lines that C4's line rules keep
c4_sentences >= 5

-- rule: line-punctuation: more than 0.12 of the lines end in . ' " ! or ?
fineweb_line_punct_2024 > 0.12

-- rule: short-lines: fewer than 0.67 of the lines have up to 30 characters
fineweb_short_lines < 0.67

-- rule: dup-line-chars-strict: later copies of lines are less than 0.01 of the characters
fineweb_dup_line_chars < 0.01

-- rule: list: at most 0.3 line breaks a word
fineweb_newline_ratio <= 0.3
