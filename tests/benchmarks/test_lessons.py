"""What is learnt of finds and rules, from questions made up so that a feature says it all, and not one alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lessons import Gathered, Lessons, Pool
from bot.finding.trees import Trees
from bot.finding.trial import Ruling

QUESTIONS, FINDS = 1_200, 4


def _find(random: np.random.Generator, *, fits: float, sure: float) -> dict[str, float]:
    return {"fits": fits, "sure": sure, "noise": random.normal(), "order": 0.0, "ahead": 0.0}


def _gathered(random: np.random.Generator, number: int) -> Gathered:
    """A question whose best find fits most, and answers if it is sure; a rule is right whose record is the best find."""
    answerable = bool(number % 3)
    finds = [_find(random, fits=random.normal(), sure=2.0 * answerable + random.normal()) for _ in range(FINDS)]
    best = max(range(FINDS), key=lambda place: finds[place]["fits"])
    pool = Pool(finds, [answerable and place == best for place in range(FINDS)], [False] * FINDS)
    ruled = int(random.integers(FINDS))
    keys = {f"event/{place}": find for place, find in enumerate(finds)}
    ruling = Ruling({f"event/{ruled}": finds[ruled]}, keys, {"rule": 1.0})
    file, lang = ("tune", "practice", "asked", "spoken")[number % 4], ("en", "zh")[number // 4 % 2]
    return Gathered(file, f"case-{number}", lang, answerable, [pool], ruling, answerable and ruled == best)


@pytest.fixture(scope="module")
def taught() -> dict[str, Trees]:
    """The trees that a thousand such questions teach."""
    random = np.random.default_rng(7)
    stored = Lessons([_gathered(random, number) for number in range(QUESTIONS)]).taught()
    assert {*stored} == {"order", "answers", "rules"}
    return {name: Trees(each["trees"], each["biases"], each["features"]) for name, each in stored.items()}


@pytest.fixture(scope="module")
def others() -> list[Gathered]:
    """Questions that nothing was learnt from."""
    random = np.random.default_rng(8)
    return [_gathered(random, number) for number in range(300)]


def _orders(taught: dict[str, Trees], pool: Pool) -> list[float]:
    return taught["order"].sides(taught["order"].rows(pool.finds)).tolist()


def test_the_best_find_comes_first(taught, others):
    """The order is that of what fits, and is learnt from questions with an answer."""
    first = [max(zip(_orders(taught, one.pools[0]), one.pools[0].right, strict=True))[1] for one in others if one.answerable]
    assert np.mean(first) > 0.85
    assert not {"order", "ahead"} & {*taught["order"].names}


def test_as_many_are_told_wrongly_either_way(taught, others):
    """Whether the best find answers is told from how sure it is, at the level of each language."""
    bests = [(one, one.pools[0].best(_orders(taught, one.pools[0]))[0][0]) for one in others]
    said = np.array([taught["answers"].side(one.lang, features) >= 0 for one, features in bests])
    has = np.array([one.answerable for one in others])
    missed, false = 1 - said[has].mean(), said[~has].mean()
    assert max(missed, false) < 0.3
    assert abs(missed - false) < 0.12
    assert {*taught["answers"].biases} == {"en", "zh"}


def test_a_rule_stands_if_its_record_is_the_best(taught, others):
    """A rule's finding is told right from wrong beside what a search finds."""
    right = []
    for one in others:
        orders, own = _orders(taught, one.pools[0]), int(next(iter(one.ruling.own)).split("/")[1])
        features = one.ruling.features([orders[own]], orders, one.pools[0].finds[own]["sure"])
        right.append((taught["rules"].side(one.lang, features) >= 0) == one.rule_right)
    assert np.mean(right) > 0.85


def test_trees_say_what_those_who_grew_them_said():
    """Read again, trees say the same as when they were grown: what is below a level and what is on it goes one way."""
    import lightgbm

    from benchmarks.lessons import _tree

    random = np.random.default_rng(9)
    rows = random.integers(-3, 4, (600, 3)).astype(float)
    grown = lightgbm.train({"verbose": -1, "max_depth": 4}, lightgbm.Dataset(rows, rows[:, 0] * rows[:, 1]), 20)
    read = Trees([_tree(each["tree_structure"]) for each in grown.dump_model()["tree_info"]])
    assert read.sides(rows) == pytest.approx(grown.predict(rows), abs=1e-3)
