"""The affinity that is learnt, on records made up of a topic and of much that has nothing to do with it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.affinity import LAYERS, Asked, Layers, Texts, Views, learn, passed, slopes
from bot.finding.affinity import Affinity

RECORDS, EACH, TOPIC, NOISE, WIDTH = 12, 8, 6, 10, 24
INNER, EPOCHS = 12, 300  # there are so few texts that all of them make one step


def _upper(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Upper layers of an encoder of few numbers, as they come: what they make of a text is its own matter."""
    size = TOPIC + NOISE
    shapes = {
        "cnn_W": (WIDTH, size), "cnn_b": (size,), "d0": (size, INNER), "d1": (INNER, INNER), "d2": (INNER, size),
        "d3": (size, size), "p1": (size, INNER), "p3": (INNER, size),
    }  # fmt: skip
    return {name: (random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32) for name, shape in shapes.items()}


def _some(random: np.random.Generator, topics: np.ndarray, mixing: np.ndarray) -> Texts:
    """Texts on these topics, most of which is noise in other directions."""
    rows = np.concatenate([topics, 1.5 * random.normal(size=(len(topics), NOISE))], axis=1) @ mixing
    count = len(rows)
    return Texts(rows.astype(np.float32), np.ones((count, 1), np.float32), np.zeros((count, TOPIC + NOISE), np.float32))


def _plain(layers: Layers) -> dict[str, np.ndarray]:
    return {**layers, "matrix": np.eye(TOPIC + NOISE, dtype=np.float32)}


@pytest.fixture(scope="module")
def made() -> tuple[Layers, Views, Asked, Asked]:
    """Layers, views of records, questions to learn from, and others: half are on the topic of a record, half on none."""
    random = np.random.default_rng(3)
    layers, mixing = _upper(random), random.normal(size=(TOPIC + NOISE, WIDTH))
    topics = random.normal(size=(RECORDS, TOPIC))
    owners = np.repeat(np.arange(RECORDS), EACH)
    texts = _some(random, topics[owners], mixing)
    keys = [f"listing/{number}" for number in range(RECORDS)]
    views = Views(keys, passed(_plain(layers), texts).units, owners, texts)

    def asked(count: int) -> Asked:
        right = random.integers(RECORDS, size=count)
        about = np.concatenate([topics[right], np.zeros((count, TOPIC))])
        return Asked(_some(random, about, mixing), [[number] for number in right] + [[]] * count)

    return layers, views, asked(200), asked(200)


def _likenesses(taught: Layers, views: Views, asked: Asked) -> np.ndarray:
    middles = views.sums / np.linalg.norm(views.sums, axis=1, keepdims=True)
    return passed(taught, asked.texts).units @ middles.T


def _first(taught: Layers, views: Views, asked: Asked) -> float:
    """The share of questions with an answer whose record is the likest."""
    best = _likenesses(taught, views, asked).argmax(axis=1)
    return float(np.mean([place == right[0] for place, right in zip(best, asked.answers, strict=True) if right]))


def _gap(taught: Layers, views: Views, asked: Asked) -> float:
    """By how much questions with an answer are liker to their likest record than those without, in deviations."""
    best = _likenesses(taught, views, asked).max(axis=1)
    has = np.array([bool(right) for right in asked.answers])
    return float((best[has].mean() - best[~has].mean()) / best.std())


def _taught(form: Affinity) -> Layers:
    assert form.matrix is not None
    return {**form.upper, "matrix": form.matrix}


def test_learning_finds_the_topic(made):
    """What is learnt leaves the noise out of account: more questions find their record, and those without one stand apart."""
    layers, views, asked, others = made
    plain, taught = _plain(layers), _taught(learn(views, asked, layers, EPOCHS))
    assert _first(taught, views, others) > _first(plain, views, others)
    assert _gap(taught, views, others) > _gap(plain, views, others) + 0.2


def test_views_alone_teach(made):
    """Without any question, the views of records say what sets records apart."""
    layers, views, asked, others = made
    taught = _taught(learn(views, Asked(asked.texts.some(np.zeros(0, np.int64)), []), layers, EPOCHS))
    assert _first(taught, views, others) > _first(_plain(layers), views, others)


def test_records_that_are_left_out(made):
    """Without some records there are neither their views nor questions that they answer, and all others keep their answers."""
    _, views, asked, _ = made
    out = np.arange(RECORDS) % 3 == 0
    left, questions, strange = views.without(out), asked.without(out), asked.only(out)
    assert list(left.keys) == [key for key, gone in zip(views.keys, out, strict=True) if not gone]
    assert left.sums == pytest.approx(views.sums[~out])
    before = [answers for answers in asked.answers if not any(out[answer] for answer in answers)]
    assert [[left.keys[answer] for answer in answers] for answers in questions.answers] == [
        [views.keys[answer] for answer in answers] for answers in before
    ]
    answered = [answers for answers in asked.answers if answers]
    assert len(questions.answers) + sum(map(bool, strange.answers)) == len(asked.answers)
    assert sum(map(bool, questions.answers)) + sum(map(bool, strange.answers)) == len(answered)


@pytest.mark.parametrize("name", [*LAYERS, "matrix"])
def test_slopes(name):
    """The way back through the layers tells what a small change of each of them changes."""
    random = np.random.default_rng(5)
    taught = {**_upper(random), "matrix": random.normal(size=(TOPIC + NOISE, TOPIC + NOISE))}
    taught = {each: layer.astype(np.float64) for each, layer in taught.items()}
    fed, pull = (
        _some(random, random.normal(size=(4, TOPIC)), random.normal(size=(TOPIC + NOISE, WIDTH))),
        random.normal(size=(4, 16)),
    )
    slope = slopes(taught, passed(taught, fed), pull)[name]
    change = 1e-2 * slope / np.linalg.norm(slope)

    def loss(part: float) -> float:
        return float((passed({**taught, name: taught[name] + part * change}, fed).units * pull).sum())

    assert loss(1) - loss(-1) == pytest.approx(2 * (slope * change).sum(), rel=0.02)


@pytest.mark.parametrize("text", ["hot rinse water runs down the drain", "洗瓶子的热水白白流走", "洗瓶子的熱水白白流走"])
def test_taught_as_it_is_asked(assistant, text):
    """A question is learnt from as it is encoded when somebody asks it."""
    form, retriever = Affinity.learnt(assistant.retriever.embedder.name), assistant.retriever
    asked = form.turned(retriever.vectors([text], form.encoder)[0])
    assert passed(_taught(form), Texts.of([text], retriever)).units[0] == pytest.approx(asked, abs=1e-4)
    assert len(Texts.of([], retriever).beside(Texts.of([text], retriever))) == 1
