"""From texts to a share or the reason why none: gates, files, and what is an error."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archive.audit.estimate import AiShare, Reference, Settings, Target, Text, estimate
from archive.audit.estimate.nulls import shift
from archive.errors import Corrupt, UnknownName, UsageError
from tests.audit.estimate.made import documents, written

QUICK = Settings(least_sentences=100, bootstrap=80, retrained=2)
HUMAN, MACHINE = documents("human", 60, 1), documents("machine", 60, 1)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.build(HUMAN, MACHINE, QUICK)


def asked(reference: Reference, *texts: list[Text]) -> AiShare:
    target = Target(reference)
    for part in texts:
        for text in part:
            target.add(text)
    return estimate(reference, target)


def mixed(share: float) -> tuple[list[Text], list[Text]]:
    """40 unseen documents of 40 topics."""
    cut = round(40 * share)
    return documents("machine", 40, 7)[:cut], documents("human", 40, 7)[cut:]


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 1])
def test_a_known_mixture_lies_in_its_interval(reference: Reference, share: float) -> None:
    answer = asked(reference, *mixed(share))
    assert answer.reason == ""
    assert answer.estimate is not None
    assert answer.low is not None
    assert answer.high is not None
    assert 0 <= answer.low <= share <= answer.high <= 1
    assert abs(answer.estimate - share) < 0.1
    assert (answer.documents, answer.sentences) == (40, 320)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_whole_documents_may_be_the_unit(share: float) -> None:
    """Sharper where documents are one kind as a whole, as they are here."""
    settings = Settings(unit="document", least_sentences=100, bootstrap=80, retrained=2)
    answer = asked(Reference.build(HUMAN, MACHINE, settings), *mixed(share))
    assert answer.estimate == pytest.approx(share, abs=0.05)


def test_an_unknown_unit_is_an_error() -> None:
    with pytest.raises(UnknownName, match="'word'"):
        Settings(unit="word")


def test_the_same_texts_in_another_order_give_the_same_answer(reference: Reference) -> None:
    texts = [text for part in mixed(0.5) for text in part]
    first = asked(reference, texts)
    random.Random(0).shuffle(texts)
    assert asked(reference, texts).to_json() == first.to_json()


def test_another_seed_is_another_reference_with_nearly_the_same_share(
    reference: Reference,
) -> None:
    other = Reference.build(HUMAN, MACHINE, Settings(1, least_sentences=100, bootstrap=80))
    assert other.digest != reference.digest
    answers = [asked(each, *mixed(0.5)).estimate for each in (reference, other)]
    assert answers[0] != answers[1]
    assert answers[0] == pytest.approx(answers[1], abs=0.1)


def test_what_was_saved_answers_alike(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    reference.save(path)
    read = Reference.load(path)
    assert read.digest == reference.digest
    assert asked(read, *mixed(0.5)).to_json() == asked(reference, *mixed(0.5)).to_json()
    assert read.to_json() == reference.to_json()
    json.dumps(read.to_json(), allow_nan=False)


def test_a_changed_file_is_corrupt(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    reference.save(path)
    with np.load(path) as held:
        arrays = dict(held)
    arrays["human_words"][0] += 1
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(Corrupt):
        Reference.load(path)


def test_a_file_with_an_object_in_it_is_refused(tmp_path: Path) -> None:
    """numpy would unpickle it, which runs code."""
    path = tmp_path / "reference.npz"
    held = io.BytesIO()
    np.save(held, np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("head.npy", held.getvalue())
    with pytest.raises(ValueError, match="allow_pickle"):
        Reference.load(path)


def test_too_few_sentences_are_undetermined(reference: Reference) -> None:
    answer = asked(reference, documents("human", 10, 7))
    assert answer.estimate is answer.low is answer.high is None
    assert answer.reason.startswith("size: 80 sentences of 10 document clusters")


def test_an_empty_target_is_undetermined(reference: Reference) -> None:
    assert asked(reference).reason.startswith("size: 0 sentences")


def test_too_small_a_reference_is_undetermined() -> None:
    small = Reference.build(HUMAN, MACHINE[:20], QUICK)
    assert asked(small, *mixed(0.5)).reason.startswith("references: 60 human and 20 synthetic")


def test_text_written_by_chance_from_human_words_is_not_identifiable() -> None:
    """The trap of audit tools: single words drawn as often as humans use them."""
    texts = written([text.text for text in HUMAN], 0, 80, 60, 3)
    reference = Reference.build(HUMAN, [Text(text, "s") for text in texts], QUICK)
    answer = asked(reference, documents("human", 40, 7))
    assert answer.estimate is None
    assert answer.reason.startswith("identifiable: ")


def test_topics_that_only_the_synthetic_reference_has_are_undetermined() -> None:
    """The trap of the topic gap: the target is human, and about what the machine wrote of."""
    machine = documents("machine", 60, 1, topics=400)
    answer = asked(Reference.build(HUMAN, machine, QUICK), documents("human", 60, 7, topics=400))
    assert answer.estimate is None
    assert answer.reason.split(":")[0] in ("drift", "agreement")


def test_a_register_that_neither_reference_has_is_undetermined(reference: Reference) -> None:
    strange = [
        Text(text.text.replace("style5", "strange5").replace("style3", "style4"))
        for text in documents("human", 60, 7)
    ]
    answer = asked(reference, strange)
    assert answer.estimate is None
    assert answer.reason.startswith("drift: ")


def test_null_tests_are_made_of_every_source_and_bind_unseen_ones() -> None:
    names = "abcdef"
    human = [t for i, name in enumerate(names) for t in documents("human", 15, i, source=name)]
    machine = [t for i, name in enumerate(names) for t in documents("machine", 15, i, source=name)]
    reference = Reference.build(human, machine, QUICK)
    assert {null.source for null in reference.nulls} == set(names)
    assert reference.gates["nulls"].passed
    assert all(abs(null.share) < 0.2 for null in reference.nulls)


def test_text_of_a_source_that_the_references_lack_has_the_wider_interval() -> None:
    """Some sources of human text use words that the machine likes: what of one more?"""
    names = "abcdef"
    human = [
        Text(t.text.replace("style33", f"style{i % 2 * 3}"), name, cluster=t.cluster)
        for i, name in enumerate(names)
        for t in documents("human", 15, i, source=name, sentences=16)
    ]
    machine = [t for i, name in enumerate(names) for t in documents("machine", 15, i, source=name)]
    reference = Reference.build(human, machine, QUICK)
    assert shift(reference.nulls).deviation > 0
    texts = documents("human", 40, 7)
    known, unseen = (
        asked(reference, [Text(t.text, source, cluster=t.cluster) for t in texts])
        for source in ("a", "elsewhere")
    )
    # Before any gate decides, and before it is cut to 0..1.
    narrow, wide = (answer.gates["range"] for answer in (known, unseen))
    assert narrow.value == wide.value
    assert wide.detail["low"] < narrow.detail["low"]
    assert wide.detail["high"] > narrow.detail["high"]
    assert unseen.gates["drift"].detail["widened"]
    assert not known.gates["drift"].detail["widened"]


def test_with_one_source_nothing_is_said_of_others(reference: Reference) -> None:
    assert reference.nulls == ()
    assert not reference.gates["nulls"].passed


def test_held_out_mixtures_are_told_with_their_truth(reference: Reference) -> None:
    points = reference.spike_in
    assert points[0].true == 0
    assert points[-1].true == 1
    assert sum(point.low <= point.true <= point.high for point in points) >= len(points) - 1


def test_two_languages_in_one_reference_are_an_error() -> None:
    texts = [Text("one two three four five", language=language) for language in ("en", "de")]
    with pytest.raises(UsageError, match="several languages: de, en"):
        Reference.build(texts, MACHINE, QUICK)


def test_a_target_in_another_language_is_an_error() -> None:
    english = [Text(t.text, t.source, "en", cluster=t.cluster) for t in HUMAN]
    target = Target(Reference.build(english, MACHINE, QUICK))
    with pytest.raises(UsageError, match="'de' against a reference in 'en'"):
        target.add(Text("eins zwei drei vier", language="de"))


def test_no_text_on_a_side_is_an_error() -> None:
    with pytest.raises(UsageError, match="no sentence in the synthetic reference"):
        Reference.build(HUMAN, [], QUICK)
