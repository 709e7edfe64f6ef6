"""datatrove's n-gram decontamination of a corpus by an archive, for tests/bench/audit.py.

Runs in an environment of its own. The index is hashed as NGramsDecontIndexer does, which itself
asks for the evaluation library that its tasks come from.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np


def main(archive: str, corpus: str) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.utils.text import ngrams, simplify_text

    config = NGramsDecontConfig(n_grams=13)
    with tempfile.TemporaryDirectory() as folder:
        step = NGramsDecontFilter(folder, config)
        hashes = set()
        for text in _texts(archive):
            words = step.tokenizer.word_tokenize(simplify_text(text, config.norm_config))
            hashes.update(map(step.hash_func, map(" ".join, ngrams(words, config.n_grams))))
        kept = np.array(list(hashes), dtype=config.hash_config.np_descr)
        kept.tofile(Path(folder) / "archive.index.hashes")
        hashes.clear()
        documents = (Document(text=text, id=str(n)) for n, text in enumerate(_texts(corpus)))
        found = sum(step.filter(document) is not True for document in documents)
    print(json.dumps({"documents": found}))


def _texts(path: str):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


if __name__ == "__main__":
    main(*sys.argv[1:])
