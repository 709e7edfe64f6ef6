-- cut: c4
-- source: Raffel et al. 2020 (JMLR 21, 140), 2.2; parameters and counting as datatrove 0.10.0
--   (a649de79), c4_filters.py with filter_no_terminal_punct=True
-- version: 1
-- deviation: at least 3 words a line and 5 sentences a page as datatrove has them; the authors'
--   own code (tensorflow_datasets c4_utils.py) asks 5 words and 3 sentences
-- deviation: C4 keeps the lines that pass and drops the others; a cut keeps or drops the whole
--   document and leaves its text as it is
-- deviation: English by the column language; C4 asked langdetect for a probability of 0.99
-- deviation: the list of bad words is not applied
-- deviation: sentences are counted by Unicode's Sentence_Terminal, where the source asks NLTK's
--   Punkt
-- deviation: duplicates are those of the duplicates table; C4 removed all but one of any three
--   sentences

-- rule: language: English
language = 'en'

-- rule: lorem-ipsum: no 'lorem ipsum' in a line that reaches that test
NOT c4_lorem_ipsum_punctuated

-- rule: curly-bracket: no { in a line that reaches that test
NOT c4_curly_bracket_punctuated

-- rule: sentences: at least 5 in the lines that are kept, which end in . ' " ! or ?
c4_sentences_punctuated >= 5
