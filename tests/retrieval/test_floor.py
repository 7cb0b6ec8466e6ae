"""The floor between answers and chance finds."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.floor import Evidence, Floor, Line, separate, threshold


@pytest.fixture(scope="module")
def sides() -> tuple[np.ndarray, np.ndarray]:
    """Evidence for answers and for chance finds, which overlap a little."""
    chance = np.random.default_rng(1)
    return chance.normal(1.0, 0.6, (400, 4)), chance.normal(-1.0, 0.6, (80, 4))


def test_separate(sides: tuple[np.ndarray, np.ndarray]) -> None:
    """The learnt line has nearly all answers on one side and nearly all chance finds on the other."""
    line = separate(*sides, ridge=0.1)
    assert np.mean([line.side(row) > 0 for row in sides[0]]) > 0.98
    assert np.mean([line.side(row) < 0 for row in sides[1]]) > 0.98


def test_both_sides_weigh_the_same() -> None:
    """With nothing to tell the sides apart the line is undecided, however many more examples one side has."""
    line = separate(np.zeros((500, 2)), np.zeros((5, 2)), ridge=1.0)
    assert line.side([0.0, 0.0]) == pytest.approx(0.0, abs=1e-3)


def test_separable_data_stays_finite() -> None:
    """Sides that do not touch give a line all the same."""
    line = separate(np.full((10, 1), 5.0), np.full((10, 1), -5.0), ridge=0.1)
    assert np.isfinite([*line.weights, line.bias]).all()
    assert line.side([5.0]) > 1 > -1 > line.side([-5.0])


@pytest.mark.parametrize("allowed", [0.0, 0.05, 0.5])
def test_threshold(sides: tuple[np.ndarray, np.ndarray], allowed: float) -> None:
    """At the threshold no larger share of chance finds passes than allowed, unless that makes fewer mistakes in all."""
    line = separate(sides[0] * 0.5, sides[1] * 0.5, ridge=0.1)
    answers, chance_finds = (np.array([1 / (1 + np.exp(-line.side(row))) for row in part]) for part in sides)

    def mistakes(level: float) -> float:
        return float((answers < level).mean() + (chance_finds >= level).mean())

    level = threshold(line, *sides, allowed=allowed) - 1e-9
    fewest = min(mistakes(level) for level in np.linspace(0, 1, 1001))
    assert (chance_finds >= level).mean() <= allowed + 1 / len(chance_finds) or mistakes(level) <= fewest + 1e-9


def test_the_default_lets_everything_through() -> None:
    """A floor that was taught nothing lets everything pass."""
    assert Floor().passes(Evidence())
    assert Floor().confidence(Evidence(-1.0, 0.0, -9.0)) == 1.0
    assert Line().side([1.0, 2.0]) == 0.0


def test_passes() -> None:
    """Confidence grows with the evidence; at the threshold a find is shown, below it is not."""
    floor = Floor(answer=Line([4.0, 0.0, 0.0, 0.0], -2.0), threshold=0.5)
    assert [floor.passes(Evidence(dense)) for dense in (0.49, 0.5, 0.51)] == [False, True, True]
    confidences = [floor.confidence(Evidence(dense)) for dense in (-1e9, 0.0, 0.5, 1.0, 1e9)]
    assert confidences == sorted(confidences)
    assert 0.0 <= confidences[0] < confidences[-1] <= 1.0
