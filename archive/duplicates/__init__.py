"""Duplicates: exact and near, over a whole snapshot, the earliest capture of each marked.

`find(parts, work, engine, options)` writes the table `duplicates`. The policy and what it
guarantees: `clusters.label`; the probability of a miss: `options.candidate_probability`.
"""

from archive.duplicates.find import find
from archive.duplicates.options import Options, PartFiles, candidate_probability

__all__ = ["Options", "PartFiles", "candidate_probability", "find"]
