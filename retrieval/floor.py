"""The floor: how much evidence a find needs before it may be called an answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What speaks for a find: its cosine above its language's mean, the share of the question's words it has, and how much

    the question itself sounds like those the collection is about (``domain``, in log odds; above 0 is inside). ``standout`` is
    how far its score is above those of the finds behind: where all are as near, none of them is what was meant.

    The others are for those who weigh the finds further, and tell the same once they have: its ``score``, how far it is above
    those behind (``lead``) and below the best (``behind``), its likeness above that of the others (``apart``), its share of what
    all of them, and nothing, have of the likeness (``chance``), and the share of nothing; what speaks for its place, in
    log odds (``order``), and by how much it is ahead of the next or, less than 0, behind the best (``ahead``).
    """

    dense: float = 0.0
    coverage: float = 0.0
    domain: float = 0.0
    standout: float = 0.0
    lead: float = 0.0
    apart: float = 0.0
    chance: float = 0.0
    nothing: float = 0.0
    score: float = 0.0
    behind: float = 0.0
    order: float = 0.0
    ahead: float = 0.0

    def features(self) -> list[float]:
        """The numbers the floor is learnt from."""
        return [self.dense, self.coverage, self.dense * self.coverage, self.domain]


@dataclass(frozen=True)
class Line:
    """A linear boundary: positive on the side of what it was taught to say yes to, in log odds."""

    weights: list[float] = field(default_factory=list)
    bias: float = 0.0

    def side(self, features: Sequence[float] | npt.NDArray[np.floating]) -> float:
        """Log odds for these features; an untaught line says 0."""
        return float(np.dot(self.weights, features)) + self.bias if self.weights else 0.0


@dataclass(frozen=True)
class Floor:
    """A learnt line between questions that have an answer and questions that have none.

    ``domain`` reads the question's vector alone, ``answer`` the evidence for the best find. ``confidence`` is between 0 and 1;
    at ``threshold`` and above the find is shown. The default lets everything through.
    """

    domain: Line = field(default_factory=Line)
    answer: Line = field(default_factory=Line)
    threshold: float = 0.0

    def confidence(self, evidence: Evidence) -> float:
        """How sure it is that the find answers the question."""
        if not self.answer.weights:
            return 1.0
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.answer.side(evidence.features())))))

    def passes(self, evidence: Evidence) -> bool:
        """Whether this find is good enough to show."""
        return self.confidence(evidence) >= self.threshold


def separate(yes: Numbers, no: Numbers, *, ridge: float) -> Line:
    """Logistic regression by Newton's method, both sides weighing the same; ``ridge`` keeps separable data finite."""
    features = np.vstack([yes, no])
    answers = np.r_[np.ones(len(yes)), np.zeros(len(no))]
    weight = np.r_[np.full(len(yes), 0.5 / len(yes)), np.full(len(no), 0.5 / len(no))] * len(answers)
    design = np.column_stack([features, np.ones(len(features))])
    penalty = np.r_[np.full(features.shape[1], ridge), 1e-6]
    coefficients = np.zeros(design.shape[1])
    for _ in range(8):
        chance = 1 / (1 + np.exp(-design @ coefficients))
        gradient = design.T @ (weight * (answers - chance)) - penalty * coefficients
        curvature = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        coefficients += np.linalg.solve(curvature, gradient)
    return Line([float(c) for c in coefficients[:-1]], float(coefficients[-1]))


def threshold(line: Line, yes: Numbers, no: Numbers, *, allowed: float) -> float:
    """The confidence above which at most the share ``allowed`` of the questions without an answer gets one; lower still where

    refusing fewer questions costs no more wrong answers than it saves.
    """
    right = np.array([line.side(row) for row in yes])
    wrong = np.array([line.side(row) for row in no])
    levels = np.unique(np.r_[right, wrong])
    errors = [(wrong >= level).mean() + (right < level).mean() for level in levels]
    level = min(float(levels[int(np.argmin(errors))]), float(np.quantile(wrong, 1 - allowed)))
    return float(1 / (1 + np.exp(-level)))
