"""Labelled real text for the estimator: human and model pairs, and human text of many registers.

Read from LOWBG_TEST_DATA. A pair is one cluster: both sides share a topic.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from archive.audit.estimate import Text

Pairs = tuple[list[Text], list[Text]]

TEI = "{http://www.tei-c.org/ns/1.0}"
CHUNK = 250  # words of a passage of a long work: as long as the labelled documents
PASSAGES = 12  # of a work at most, spread evenly over it

BIAS = "labelled/detector-bias/Data_and_Results"
PAIRED = {
    "cs224n / gpt-3.5": ("Human_Data/CS224N_real_145", "GPT_Data/CS224N_gpt3_145"),
    "cs224n / gpt-3.5 prompted": (
        "Human_Data/CS224N_real_145",
        "GPT_Data/CS224N_gpt3PromptEng_145",
    ),
    "hewlett / gpt-3.5 simplified": (
        "Human_Data/HewlettStudentEssay_real_88",
        "Human_Data/HewlettStudentEssay_GPTsimplify_88",
    ),
    "toefl / gpt-4 polished": ("Human_Data/TOEFL_real_91", "Human_Data/TOEFL_gpt4polished_91"),
}


def families(data: Path) -> dict[str, Pairs]:
    """Human and model text by family, in the order of names: base models, then chat models."""
    found = {}
    for file in sorted((data / "labelled/fast-detect-gpt").glob("*.raw_data.json")):
        dataset, model = file.name.removesuffix(".raw_data.json").split("_", 1)
        held = json.loads(file.read_text(encoding="utf-8"))
        pairs = [
            _without_prompt(*pair) for pair in zip(held["original"], held["sampled"], strict=True)
        ]
        found[f"{dataset} / {model}"] = _paired(dataset, pairs)
    for name, (human, model) in PAIRED.items():
        source = name.split(" / ")[0]
        pairs = list(zip(_essays(data, human), _essays(data, model), strict=True))
        found[name] = _paired(source, pairs)
    found["college / gpt-3.5"] = (
        [Text(t, "college") for t in _essays(data, "Human_Data/CollegeEssay_real_70")],
        [Text(t, "college") for t in _essays(data, "GPT_Data/CollegeEssay_gpt3_31")],
    )
    return found


def human_sources(data: Path) -> dict[str, list[Text]]:
    """Human text by register; passages of one work are one cluster."""
    of = families(data)
    found = {
        "encyclopedia (squad)": of["squad / gpt2-xl"][0],
        "medical answers (pubmed)": of["pubmed / gpt-4"][0],
        "student abstracts (cs224n)": of["cs224n / gpt-3.5"][0],
        "school essays (hewlett)": of["hewlett / gpt-3.5 simplified"][0],
        "non-native essays (toefl)": of["toefl / gpt-4 polished"][0],
        "college essays": of["college / gpt-3.5"][0],
        "novels (eltec)": _works(_novels(data)),
        "technical documents (peps)": _works(_peps(data)),
        "speeches (state of the union)": _works(_speeches(data)),
        "encyclopedia (wikitext)": _works(wikitext(data)),
    }
    return {name: [_of(text, name) for text in texts] for name, texts in found.items()}


def wikitext(data: Path) -> Iterator[tuple[str, str]]:
    """Title and text of each article, with the tokenizer's marks taken back."""
    for part in ("valid", "test"):
        whole = (data / f"text/wikitext-2-raw/wiki.{part}.raw").read_text(encoding="utf-8")
        pieces = re.split(r"(?m)^ = ([^=\n]+) = $", whole)[1:]
        for title, body in zip(pieces[::2], pieces[1::2], strict=True):
            body = re.sub(r" @(.)@ ", r"\1", body)
            yield title, re.sub(r" ([.,;:!?)])", r"\1", body)


def _of(text: Text, source: str) -> Text:
    return Text(text.text, source, cluster=text.cluster)


def _paired(source: str, pairs: list[tuple[str, str]]) -> Pairs:
    kept = [(f"{source} {i}", *pair) for i, pair in enumerate(pairs) if all(pair)]
    return (
        [Text(human, source, cluster=cluster) for cluster, human, _ in kept],
        [Text(model, source, cluster=cluster) for cluster, _, model in kept],
    )


def _without_prompt(human: str, model: str) -> tuple[str, str]:
    """Both without the words that both begin with: the human prompt of the model."""
    first, second = human.split(" "), model.split(" ")
    same = 0
    while same < min(len(first), len(second)) and first[same] == second[same]:
        same += 1
    return " ".join(first[same:]).strip(), " ".join(second[same:]).strip()


def _essays(data: Path, folder: str) -> list[str]:
    held = json.loads((data / BIAS / folder / "data.json").read_text(encoding="utf-8"))
    # The title stands before human abstracts only.
    return [one["document"].split("Abstract:", 1)[-1].strip() for one in held]


def _works(works: Iterator[tuple[str, str]]) -> list[Text]:
    found = []
    for name, whole in works:
        passages = list(_passages(whole))
        chosen = np.linspace(0, len(passages) - 1, min(PASSAGES, len(passages))).round()
        found += [Text(passages[int(i)], cluster=name) for i in chosen]
    return found


def _passages(whole: str) -> Iterator[str]:
    """Paragraphs joined until they have CHUNK words."""
    held: list[str] = []
    words = 0
    for paragraph in re.split(r"\n\s*\n", whole):
        held.append(paragraph.strip())
        words += len(paragraph.split())
        if words >= CHUNK:
            yield "\n\n".join(held)
            held, words = [], 0


def _novels(data: Path) -> Iterator[tuple[str, str]]:
    for file in sorted((data / "text/eltec-eng").glob("*.xml")):
        body = ET.parse(file).getroot().find(f".//{TEI}body")
        assert body is not None
        yield (
            file.stem,
            "\n\n".join(" ".join("".join(p.itertext()).split()) for p in body.iter(f"{TEI}p")),
        )


def _peps(data: Path) -> Iterator[tuple[str, str]]:
    """The prose: without the head and without blocks that are indented as code is."""
    for file in sorted((data / "text/peps").glob("pep-*")):
        blocks = re.split(r"\n\s*\n", file.read_text(encoding="utf-8", errors="replace"))[1:]
        yield file.stem, "\n\n".join(b for b in blocks if not re.match(r"\s{6,}|\s*>>>", b))


def _speeches(data: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(data / "text/nltk/state_union.zip") as held:
        for name in sorted(held.namelist()):
            if name.endswith(".txt"):
                whole = held.read(name).decode("latin-1")
                # One paragraph a line.
                yield name, whole.replace("\n", "\n\n")
