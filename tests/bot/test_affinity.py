"""How well a question goes with a record, by what was learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.finding import affinity
from bot.finding.affinity import Affinity, to_record
from bot.finding.finder import Finder
from bot.understand import Understander
from bot.values import Question


def test_turned_to_length_one():
    """A question is turned by the form, and has length one after it as before."""
    form = Affinity(np.array([[0, 2], [1, 0]], np.float32))
    assert form.turned(np.array([3, 4], np.float32)) == pytest.approx([4 / np.hypot(4, 6), 6 / np.hypot(4, 6)])
    assert Affinity().turned(np.array([3, 4], np.float32)) == pytest.approx([0.6, 0.8])


def test_middle_and_nearest():
    """A record is as near as the middle of its views, however long they are, and its nearest view is told as well."""
    middle, nearest = to_record(np.array([1, 0], np.float32), np.array([[2, 0], [0, 1]], np.float32))
    assert middle == pytest.approx(np.sqrt(0.5))
    assert nearest == pytest.approx(1)
    assert to_record(np.array([1, 0], np.float32), np.zeros((0, 2), np.float32)) == (0, 0)


def test_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A form that was written is read again to a hundredth, and only for the encoder it was learnt for."""
    form = Affinity(np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
    form.save(tmp_path / "form.npz", "mine/0.2")
    monkeypatch.setattr(affinity, "LEARNT", tmp_path / "form.npz")
    Affinity.learnt.cache_clear()
    try:
        assert Affinity.learnt("mine/0.3").matrix == pytest.approx(form.matrix, abs=0.02)
        assert Affinity.learnt("another").matrix is None
    finally:
        Affinity.learnt.cache_clear()


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
    others = [one for one, _ in relevance.affinities(asked, list(hits.values()))]
    assert relevance.affinity.matrix is not None
    assert relevance.affinities(asked, [right])[0][0] > max(others)


def _query(text: str):
    from retrieval.retriever import Query

    return Query(text, facets=(("type:listing",),))
