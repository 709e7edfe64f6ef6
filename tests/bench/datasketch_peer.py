"""datasketch's MinHash and LSH on the same texts, for tests/bench/duplicates.py.

Runs in an environment of its own. The shingles, permutations, bands and rows are those of
archive.duplicates; candidates are not verified.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
from pathlib import Path


def main(lines: str) -> None:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=128, params=(18, 7))
    candidates = 0
    for key, line in enumerate(Path(lines).read_text().splitlines()):
        words = json.loads(line).lower().split()
        shingles = {" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))}
        signature = MinHash(num_perm=128)
        signature.update_batch([shingle.encode() for shingle in shingles])
        candidates += bool(index.query(signature))
        index.insert(key, signature, check_duplication=False)
    print(json.dumps({"with an earlier candidate": candidates}))


if __name__ == "__main__":
    main(sys.argv[1])
