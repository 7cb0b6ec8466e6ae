"""The affinity that is learnt, on records made up of a topic and of much that has nothing to do with it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.affinity import Asked, Views, learn
from bot.finding.affinity import Affinity

RECORDS, EACH, TOPIC, NOISE = 12, 8, 6, 10


def _some(random: np.random.Generator, topics: np.ndarray) -> np.ndarray:
    """Vectors on these topics, most of whose length is noise in other directions."""
    rows = np.concatenate([topics, 1.5 * random.normal(size=(len(topics), NOISE))], axis=1).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def made() -> tuple[Views, Asked, Asked]:
    """Views of records, questions to learn from, and others: half of each are on the topic of a record, half on none."""
    random = np.random.default_rng(3)
    topics = random.normal(size=(RECORDS, TOPIC))
    owners = np.repeat(np.arange(RECORDS), EACH)
    views = Views([f"listing/{number}" for number in range(RECORDS)], _some(random, topics[owners]), owners)

    def asked(count: int) -> Asked:
        right = random.integers(RECORDS, size=count)
        vectors = np.concatenate([_some(random, topics[right]), _some(random, np.zeros((count, TOPIC)))])
        return Asked(vectors, [[number] for number in right] + [[]] * count)

    return views, asked(200), asked(200)


def _first(form: Affinity, views: Views, asked: Asked) -> float:
    """The share of questions with an answer whose record is the likest."""
    middles = views.sums / np.linalg.norm(views.sums, axis=1, keepdims=True)
    answered = [(form.turned(row), right[0]) for row, right in zip(asked.vectors, asked.answers, strict=True) if right]
    return float(np.mean([(middles @ turned).argmax() == right for turned, right in answered]))


def _gap(form: Affinity, views: Views, asked: Asked) -> float:
    """By how much questions with an answer are liker to their likest record than those without, in deviations."""
    middles = views.sums / np.linalg.norm(views.sums, axis=1, keepdims=True)
    best = np.array([(middles @ form.turned(row)).max() for row in asked.vectors])
    has = np.array([bool(right) for right in asked.answers])
    return float((best[has].mean() - best[~has].mean()) / best.std())


def test_learning_finds_the_topic(made):
    """What is learnt leaves the noise out of account: more questions find their record, and those without one stand apart."""
    views, asked, others = made
    plain, form = Affinity(), learn(views, asked)
    assert _first(form, views, others) > _first(plain, views, others)
    assert _gap(form, views, others) > _gap(plain, views, others) + 0.2


def test_views_alone_teach(made):
    """Without any question, the views of records say what sets records apart."""
    views, _, others = made
    form = learn(views, Asked(np.zeros((0, TOPIC + NOISE), np.float32), []))
    assert _first(form, views, others) > _first(Affinity(), views, others)
