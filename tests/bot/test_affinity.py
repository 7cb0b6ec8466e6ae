"""How well a question goes with a record, by what was learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.finding import affinity
from bot.finding.affinity import Affinity, Likeness, to_record
from bot.finding.finder import Finder
from bot.understand import Understander
from bot.values import Question
from retrieval.embed import UniversalSentenceEncoder
from retrieval.retriever import Hit, Query


def test_turned_to_length_one():
    """A question is turned by the form, and has length one after it as before."""
    form = Affinity(np.array([[0, 2], [1, 0]], np.float32))
    assert form.turned(np.array([3, 4], np.float32)) == pytest.approx([4 / np.hypot(4, 6), 6 / np.hypot(4, 6)])
    assert Affinity().turned(np.array([3, 4], np.float32)) == pytest.approx([0.6, 0.8])


def test_to_record():
    """A record is as near as the middle of its views, however long they are; the nearest are told as well, of all and of each."""
    turned = np.array([1, 0], np.float32)
    english, chinese = np.array([[2, 0], [0, 1], [0.6, 0.8], [-1, 0]], np.float32), np.array([[0, 3]], np.float32)
    near = to_record(turned, [english, chinese])
    assert near.middle == pytest.approx(0.6 / np.hypot(0.6, 2.8))
    assert near.nearest == pytest.approx(1)
    assert near.few == pytest.approx((1 + 0.6 + 0) / 3)
    assert near.each == pytest.approx((1 + 0) / 2)
    assert to_record(turned, []) == to_record(turned, [np.zeros((0, 2), np.float32)]) == Likeness()


def test_chances():
    """What is likest has most of the likeness, what is equally like as much; all together leave the rest to nothing."""
    form = Affinity(none=0.5)
    chances = form.chances(np.array([0.6, 0.5, 0.5, -1.0], np.float32))
    assert chances[0] > chances[1] == chances[2] > chances[3] >= 0
    assert chances.sum() + chances[1] == pytest.approx(1)  # "nothing" is as like as the second
    assert form.chances(np.array([0.1], np.float32))[0] < 0.01


def test_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What was written is read again to a hundredth, and only for the encoder it was learnt for."""
    random = np.random.default_rng(0)
    upper = {"d0": 100 * random.normal(size=(8, 3)).astype(np.float32), "cnn_b": random.normal(size=8).astype(np.float32)}
    form = Affinity(random.normal(size=(8, 8)).astype(np.float32), 0.25, upper)
    form.save(tmp_path / "form.npz", "mine/0.2")
    monkeypatch.setattr(affinity, "LEARNT", tmp_path / "form.npz")
    Affinity.learnt.cache_clear()
    try:
        kept = Affinity.learnt("mine/0.3")
        assert kept.matrix == pytest.approx(form.matrix, abs=0.02)
        assert kept.none == 0.25
        assert kept.upper == {name: pytest.approx(layer, rel=0.01, abs=2) for name, layer in upper.items()}
        assert Affinity.learnt("another") == Affinity()
    finally:
        Affinity.learnt.cache_clear()


def test_upper_layers_are_its_own():
    """An encoder with upper layers of its own reads words as the bundled one does, and leaves that one as it was."""
    plain = UniversalSentenceEncoder()
    before = plain.embed(["wave power"])
    upper = {"p3": -plain._encoder._model.p3, "d3": -plain._encoder._model.d3}
    assert UniversalSentenceEncoder(upper=upper).embed(["wave power"]) == pytest.approx(-before, abs=1e-6)
    assert plain.embed(["wave power"]) == pytest.approx(before)


@pytest.mark.parametrize(
    "text",
    [
        "the hot water from our showers just runs away warm",
        "洗澡的热水白白流走，热量能不能收回来",
        "洗澡的熱水白白流走，熱量能不能收回來",
    ],
)
def test_starter(assistant, text):
    """In each language, the starter listing that answers goes with the question better than all others that were found."""
    relevance = Finder(assistant.kb, assistant.retriever, assistant.clock).searched.relevance
    asked = Understander(assistant.retriever).read(Question(text))
    hits = {hit.key: hit for hit in assistant.retriever.find(_query(text), k=40).hits}
    right = hits.pop("listing/tech-si-joulia-inline-showerdrain-with-heat-recycling")
    others = [one.middle for one in relevance.affinities(asked, list(hits.values()))]
    assert relevance.affinity.matrix is not None
    assert relevance.affinities(asked, [right])[0].middle > max(others)


@pytest.mark.parametrize("text", ["wave power for a harbour", "港口用波浪发电", "港口用波浪發電"])
def test_weighed(assistant, text):
    """Once weighed, a find is told from those behind: by its score, its likeness, and its share of all likeness."""
    searched = Finder(assistant.kb, assistant.retriever, assistant.clock).searched
    asked = Understander(assistant.retriever).read(Question(text))
    hits = searched.leaned(asked, searched.anything(asked))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    behind = sum(scores[3:]) / len(scores[3:])
    assert [hit.evidence.lead for hit in hits] == pytest.approx([score - behind for score in scores])
    assert 0 < sum(hit.evidence.chance for hit in hits) < 1
    assert hits[0].evidence.nothing == pytest.approx(1 - sum(hit.evidence.chance for hit in hits))
    best = max(hits, key=lambda hit: hit.evidence.chance)
    assert best.evidence.apart == max(hit.evidence.apart for hit in hits) > 0


def test_gone_from_the_index(assistant):
    """A record that an index built meanwhile no longer has is like nothing, and no error."""
    relevance = Finder(assistant.kb, assistant.retriever, assistant.clock).searched.relevance
    asked = Understander(assistant.retriever).read(Question("heat pump"))
    assert relevance.affinities(asked, [Hit("listing/gone", 1.0, "en")]) == [Likeness()]
    assert assistant.retriever.likeness(["heat"], "listing/gone").shape == (1, 0)


def _query(text: str):
    return Query(text, facets=(("type:listing",),))
