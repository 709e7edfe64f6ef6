-- cut: preserve
-- source: this project: what no person wrote for a reader goes, all else stays
-- version: 1
-- deviation: nothing goes for its language, dialect, script, spelling, rare words, length, lists,
--   damage that can be read through, or for being badly written
-- deviation: the phrases that are counted are English but for machine translation; what a rule
--   misses stays, so the cut keeps boilerplate and spam in other languages
-- deviation: a phrase counts against a text only where there is little text beside it, so that a
--   page about error pages, spinning or machine translation stays
-- deviation: a page that says once in a long text that a machine translated it stays; it can be
--   told from one about machine translation by a reader alone (see mark_machine_translation)
-- deviation: rules on the share of one word skip scripts whose signals count a character a word

-- rule: letters: there is a letter in it
letters > 0

-- rule: readable: at most half of the characters are bytes that could not be decoded
mark_replacement * 2 <= characters

-- rule: lorem-ipsum: not mostly filler: fewer than two of its phrases, or 60 words for each
mark_lorem_ipsum < 2 OR words >= 60 * mark_lorem_ipsum

-- rule: error-page: not a bare error message: none of its phrases, or 40 words
mark_error_page = 0 OR words >= 40

-- rule: parked: not a parked domain: 40 words for each of its phrases, or 200 words
words >= 40 * mark_parked OR words >= 200

-- rule: placeholder: not an empty page that announces itself: none of its phrases, or 20 words
mark_placeholder = 0 OR words >= 20

-- rule: javascript: not a notice that JavaScript is off: none of its phrases, or 30 words
mark_javascript = 0 OR words >= 30

-- rule: cookies: not a cookie notice alone: 25 words for each of its phrases, or 150 words
words >= 25 * mark_cookies OR words >= 150

-- rule: policy: not links to terms alone: 8 words for each of their names, or 60 words
words >= 8 * mark_policy OR words >= 60

-- rule: links: not a block of links: fewer than three lines, or a line in ten without a link, or
--   15 words a line
lines < 3 OR mark_link_lines <= 0.9 OR words >= 15 * lines

-- rule: keywords: not stuffed with keywords: half of its lines are no lists of them, or no word is
--   a fifth of all
mark_keyword_lines <= 0.5 OR mark_top_word <= 0.2
OR script IN ('Hani', 'Hira', 'Kana', 'Thai', 'Laoo', 'Khmr', 'Mymr')

-- rule: one-word: no word is more than half of a text of 50 words or more
mark_top_word <= 0.5 OR words < 50
OR script IN ('Hani', 'Hira', 'Kana', 'Thai', 'Laoo', 'Khmr', 'Mymr')

-- rule: same-lines: later copies are at most 0.9 of the lines of a text of ten lines or more
gopher_dup_lines <= 0.9 OR lines < 10

-- rule: same-passage: later copies of ten words are at most 0.7 of the characters
gopher_dup_10gram <= 0.7

-- rule: forum-links: not link spam: fewer than five link tags of forums, or 20 words for each
mark_bbcode_links < 5 OR words >= 20 * mark_bbcode_links

-- rule: spun: not the source of a text spinner: fewer than three choices in braces that are no
--   template, or 25 words for each
mark_spun - mark_template < 3 OR words >= 25 * (mark_spun - mark_template)

-- rule: template: not an unfilled template: fewer than three blanks, or 10 words for each
mark_template < 3 OR words >= 10 * mark_template

-- rule: markup: not markup: fewer than five tags, or 3 words for each
mark_html < 5 OR words >= 3 * mark_html

-- rule: machine-translated: does not say so of itself and little else: 20 words for each such
--   phrase, or 100 words
words >= 20 * mark_machine_translation OR words >= 100

-- rule: generated: does not say so of itself and little else: no such phrase, or 30 words
mark_generated = 0 OR words >= 30
