"""The two references, human and synthetic, of one language; and what is kept of a target."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.audit.estimate.bag import Bag, Collector
from archive.audit.estimate.gates import reference_gates
from archive.audit.estimate.mixture import Scorer
from archive.audit.estimate.nulls import Null, SpikeIn, null_tests, spike_ins
from archive.audit.estimate.texts import Gate, Settings, Text
from archive.errors import Corrupt, UsageError
from archive.signals.hashing import Hashes

FORMAT: Final = 1
ARRAYS: Final = ("words", "starts", "document", "clusters", "keys", "sources", "unknown")


class Reference:
    """Human and synthetic text as bags of words, with everything that a target is compared by.

    Built by `build` or read by `load`. Whole clusters are split by hash into folds: every fold in
    turn calibrates the word rates of the others, and is in turn the held-out null.
    """

    def __init__(
        self, human: Bag, synthetic: Bag, lexicon: Hashes, language: str, settings: Settings
    ) -> None:
        self.human, self.synthetic, self.lexicon = human, synthetic, lexicon
        self.language, self.settings = language, settings
        self.scorer = Scorer(human, synthetic, len(lexicon), settings)

    @classmethod
    def build(
        cls, human: Iterable[Text], synthetic: Iterable[Text], settings: Settings | None = None
    ) -> Reference:
        """Reads both streams once, in memory bounded by `settings.most_sentences`.

        A synthetic text that shares a human one's `cluster` (written to its prompt, say) is split
        and resampled with it. More than one language, or no text on a side, is a UsageError.
        """
        settings = settings or Settings()
        languages: set[str] = set()
        people = _collected(human, "human", languages, settings)
        machine = _collected(synthetic, "synthetic", languages, settings)
        if len(languages) > 1:
            raise UsageError(
                f"a reference of several languages: {', '.join(sorted(languages))}",
                next_step="build one reference for each language",
            )
        lexicon = _lexicon([people, machine], settings.most_words)
        numbered = people.numbered(lexicon), machine.numbered(lexicon)
        return cls(*numbered, lexicon, "".join(languages), settings)

    @cached_property
    def nulls(self) -> tuple[Null, ...]:
        """Each source of human text, estimated without it: the truth is 0."""
        return tuple(null_tests(self.human, self.synthetic, len(self.lexicon), self.settings))

    @cached_property
    def spike_in(self) -> tuple[SpikeIn, ...]:
        """Held-out mixtures of known shares and what was made of them."""
        return tuple(spike_ins(self.human, self.synthetic, len(self.lexicon), self.settings))

    @cached_property
    def gates(self) -> Mapping[str, Gate]:
        """What the references must fulfil before any target is compared with them."""
        return reference_gates(self.scorer, self.nulls)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what decides every answer: both bags, the lexicon, language, settings."""
        whole = hashlib.sha256(json.dumps(self._head(), sort_keys=True).encode())
        for name, array in sorted(self._arrays().items()):
            whole.update(f"{name} {array.dtype.str} {array.shape}".encode())
            whole.update(np.ascontiguousarray(array).tobytes())
        return whole.hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            "digest": self.digest,
            "language": self.language,
            "settings": self.settings.to_json(),
            "human": _described(self.human),
            "synthetic": _described(self.synthetic),
            "words": len(self.lexicon),
            "vocabulary": int(self.scorer.vocabulary.sum()),
            "gates": {name: gate.to_json() for name, gate in self.gates.items()},
            "nulls": [null.to_json() for null in self.nulls],
            "spike_in": [point.to_json() for point in self.spike_in],
        }

    def save(self, path: Path) -> None:
        """One .npz file of arrays and a JSON head; `load` needs no pickle."""
        head = json.dumps(self._head() | {"digest": self.digest}).encode()
        with path.open("wb") as file:
            arrays: dict[str, Any] = self._arrays() | {"head": np.frombuffer(head, dtype=np.uint8)}
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Reference:
        """Reads a saved reference; other contents than were saved are Corrupt."""
        with np.load(path, allow_pickle=False) as held:
            head = json.loads(held["head"].tobytes())
            human, synthetic = (
                Bag(**{name: held[f"{kind}_{name}"] for name in ARRAYS}, names=tuple(head[kind]))
                for kind in ("human", "synthetic")
            )
            lexicon = held["lexicon"]
        if head["format"] != FORMAT:
            raise UsageError(
                f"{path} is a reference of format {head['format']}, this version reads {FORMAT}",
                next_step="build the reference again",
            )
        reference = cls(human, synthetic, lexicon, head["language"], Settings(**head["settings"]))
        if reference.digest != head["digest"]:
            raise Corrupt(
                path, head["digest"], reference.digest, next_step="build the reference again"
            )
        return reference

    def _head(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "language": self.language,
            "settings": self.settings.to_json(),
            "human": list(self.human.names),
            "synthetic": list(self.synthetic.names),
        }

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        kinds = (("human", self.human), ("synthetic", self.synthetic))
        held = {f"{kind}_{name}": getattr(bag, name) for kind, bag in kinds for name in ARRAYS}
        return held | {"lexicon": self.lexicon}


class Target:
    """What is kept of a corpus, or a slice of one, to be compared with a reference.

    Texts are added one by one in any order. At most `most_sentences` sentences are held, each as
    the numbers of its known words (about 100 bytes); above that, those of the clusters with the
    lowest hashes, a sample that does not depend on the order.
    """

    def __init__(self, reference: Reference) -> None:
        self._language = reference.language
        self._held = Collector(reference.settings.most_sentences, reference.lexicon)

    @property
    def documents(self) -> int:
        """Texts added, kept or not."""
        return self._held.documents

    def add(self, text: Text) -> None:
        """A text of another language than the reference's is a UsageError."""
        if text.language and self._language and text.language != self._language:
            raise UsageError(
                f"text in {text.language!r} against a reference in {self._language!r}",
                next_step="compare every language with a reference of its own",
            )
        self._held.add(text)

    def bag(self) -> Bag:
        return self._held.bag()


def _collected(texts: Iterable[Text], kind: str, languages: set[str], settings: Settings) -> Bag:
    held = Collector(settings.most_sentences)
    for text in texts:
        if text.language:
            languages.add(text.language)
        held.add(text)
    bag = held.bag()
    if not bag.sentences:
        raise UsageError(
            f"no sentence in the {kind} reference ({held.documents} documents)",
            next_step=f"give {kind} text of at least a few hundred documents",
        )
    return bag


def _lexicon(bags: list[Bag], most: int) -> Hashes:
    """The words of the most sentences, lowest hash first among equals; sorted."""
    words, counts = np.unique(np.concatenate([bag.words for bag in bags]), return_counts=True)
    if len(words) > most:
        words = words[np.lexsort((words, -counts))[:most]]
    return np.sort(words)


def _described(bag: Bag) -> dict[str, Any]:
    sizes = np.bincount(bag.sources, minlength=len(bag.names))
    return {
        "documents": bag.documents,
        "clusters": len(np.unique(bag.clusters)),
        "sentences": bag.sentences,
        "sources": dict(zip(bag.names, sizes.tolist(), strict=True)),
    }
