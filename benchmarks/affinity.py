"""Learn the affinity between questions and records (bot/finding/affinity.py); benchmarks/relevance.py does, and writes it.

    python -m benchmarks.affinity

shows what it is worth: of questions for listings, how often one that answers is the likest, and the share of errors where as many
without an answer are told apart wrongly as with one, by likeness alone, on parts of the journeys that it has not learnt from.

Softmax regression over all records and over "none of them": a view of a record (its summary, a problem, a thing someone spoke
about) goes with the middle of the record's other views, a question of a journey with the records that answer it, and one without
an answer with none. It starts from the whitened likeness, in which views of the same record differ alike in all directions
(within-class covariance normalisation, Hatch, Kajarekar and Stolcke 2006), and is held near it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from benchmarks.journeys import PARTS, part_of, told
from bot import bootstrap
from bot.answer_cases import Case
from bot.finding.affinity import SHARPNESS, Affinity
from bot.settings import Settings
from retrieval.retriever import HybridRetriever
from retrieval.tables import POOLS
from retrieval.vectors import Numbers, Vectors

EPOCHS, RATE, HOLD, SHRINK = 12, 0.002, 1e-3, 0.6
VIEWS, QUESTIONS = 512, 256  # in a step: views of records; questions with an answer, and as many without
_FIRST_NONE = 0.5
_DECAY, _SQUARES = 0.9, 0.999  # of Adam
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Views:
    """All views of all records, of length one, and the number of each one's record."""

    keys: Sequence[str]
    vectors: Vectors
    owners: Numbers

    @classmethod
    def of(cls, retriever: HybridRetriever) -> Views:
        """The views in an index."""
        documents, dense = retriever.index.documents, retriever.index.dense
        rows = np.concatenate([documents.head_rows(pool) for pool in POOLS])
        keys, owners = np.unique([documents.keys[number] for number in documents.owners[rows]], return_inverse=True)
        return cls(keys.tolist(), _unit(dense.take(rows)), owners)

    @cached_property
    def sums(self) -> Vectors:
        """For each record the sum of its views."""
        found = np.zeros((len(self.keys), self.vectors.shape[1]), np.float32)
        np.add.at(found, self.owners, self.vectors)
        return found

    def whitening(self) -> Matrix:
        """The form by which views of the same record differ alike in all directions."""
        counts = np.bincount(self.owners)
        apart = self.vectors - (self.sums / counts[:, None])[self.owners]
        within = apart.T @ apart / len(apart)
        size = len(within)
        within = (1 - SHRINK) * within + SHRINK * np.trace(within) / size * np.eye(size)
        inverse = np.linalg.inv(within)
        return (inverse / np.diag(inverse).mean()).astype(np.float32)


@dataclass(frozen=True)
class Asked:
    """Questions: their vectors, shape (questions, dimension), and for each the numbers of the records that answer it."""

    vectors: Vectors
    answers: Sequence[Sequence[int]]

    @classmethod
    def of(cls, retriever: HybridRetriever, views: Views, cases: Sequence[Case]) -> Asked:
        """The questions of cases, without those whose answer is no record."""
        numbers: dict[str, list[int]] = {}
        for number, key in enumerate(views.keys):
            numbers.setdefault(key.split("/", 1)[1], []).append(number)
        texts, answers = [], []
        for case in cases:
            right = [number for id_ in case.expected for number in numbers.get(id_, ())]
            if case.answerable is None or bool(right) != case.answerable:
                continue
            texts += case.ask.values()
            answers += [right] * len(case.ask)
        return cls(_unit(np.stack(retriever.vectors(texts))), answers)


def learn(views: Views, asked: Asked) -> Affinity:
    """The form that views and questions teach."""
    learner = _Learner(views, asked)
    random = np.random.default_rng(0)
    for _ in range(EPOCHS):
        order = random.permutation(len(views.vectors))
        for start in range(0, len(order), VIEWS):
            learner.step(order[start : start + VIEWS], random)
    return Affinity(learner.matrix, float(learner.none))


class _Learner:
    """Gradient descent (Adam) on the form and on the level of "none"."""

    def __init__(self, views: Views, asked: Asked) -> None:
        self.views, self.asked = views, asked
        self.middles = _unit(views.sums)
        self.start = views.whitening()
        self.matrix, self.none = self.start.copy(), np.float32(_FIRST_NONE)
        self.right = np.zeros((len(asked.answers), len(views.keys) + 1), bool)
        for place, answers in enumerate(asked.answers):
            self.right[place, list(answers) or -1] = True
        self.answered, self.unanswered = np.flatnonzero(~self.right[:, -1]), np.flatnonzero(self.right[:, -1])
        self.moments = [(np.zeros_like(value), np.zeros_like(value)) for value in (self.matrix, self.none)]
        self.steps = 0

    def step(self, some: Numbers, random: np.random.Generator) -> None:
        """One step by these views and as many questions of each sort as are taken at a time."""
        parts = [random.choice(part, QUESTIONS) for part in (self.answered, self.unanswered) if len(part)]
        some_asked = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        rows = np.concatenate([self.views.vectors[some], self.asked.vectors[some_asked]])
        weights = np.repeat(np.float32([1 / len(some), 1 / QUESTIONS]), [len(some), len(some_asked)])
        turned = rows @ self.matrix
        lengths = np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
        units = turned / lengths
        # A view is compared with the middle of the record's other views, or it would find itself.
        owners, mine = self.views.owners[some], np.arange(len(some))
        others = _unit(self.views.sums[owners] - self.views.vectors[some])
        scores = np.column_stack([units @ self.middles.T, np.full(len(rows), self.none)])
        scores[mine, owners] = np.einsum("ij,ij->i", units[: len(some)], others)
        chance = _softmax(SHARPNESS * scores)
        right = np.zeros_like(chance)
        right[mine, owners] = 1.0
        wanted = np.where(self.right[some_asked], chance[len(some) :], 0.0)
        right[len(some) :] = wanted / np.maximum(wanted.sum(axis=1, keepdims=True), 1e-12)
        off = SHARPNESS * weights[:, None] * (chance - right)
        pull = off[:, :-1] @ self.middles
        pull[: len(some)] += off[mine, owners][:, None] * (others - self.middles[owners])
        pull = (pull - units * np.einsum("ij,ij->i", units, pull)[:, None]) / lengths
        self._descend(rows.T @ pull + 2 * HOLD * (self.matrix - self.start), off[:, -1].sum())

    def _descend(self, *slopes: npt.NDArray[np.float32]) -> None:
        self.steps += 1
        found = []
        for slope, (first, second), value in zip(slopes, self.moments, (self.matrix, self.none), strict=True):
            first += (1 - _DECAY) * (slope - first)
            second += (1 - _SQUARES) * (slope**2 - second)
            mean, spread = first / (1 - _DECAY**self.steps), second / (1 - _SQUARES**self.steps)
            found.append((value - RATE * mean / (np.sqrt(spread) + 1e-8)).astype(np.float32))
        self.matrix, self.none = found


def main() -> None:
    """Compare likeness as the encoder sees it with what is learnt of it."""
    settings = Settings()
    retriever = bootstrap.open_retriever(settings, bootstrap.open_kb(settings))
    views, cases = Views.of(retriever), [case for _, case, _ in told()]
    listings = np.array([key.startswith("listing/") for key in views.keys])
    nobody = Asked(np.zeros((0, views.vectors.shape[1]), np.float32), [])
    found: dict[str, list[tuple[float, bool, bool]]] = {}
    for part in range(PARTS):
        mine = Asked.of(retriever, views, [case for case in cases if part_of(case.id) == part])
        others = Asked.of(retriever, views, [case for case in cases if part_of(case.id) != part])
        forms = {
            "as the encoder sees it": Affinity(),
            "whitened": Affinity(views.whitening()),
            "learnt from views": learn(views, nobody),
            "learnt from views and questions": learn(views, others),
        }
        for name, form in forms.items():
            found.setdefault(name, []).extend(_judged(form, views, mine, listings))
    for name, judged in found.items():
        right = [best for _, answerable, best in judged if answerable]
        print(f"{name}: {sum(right) / len(right):.3f} first, {_equal_errors(judged):.3f} errors")


def _judged(form: Affinity, views: Views, asked: Asked, listings: npt.NDArray[np.bool_]) -> list[tuple[float, bool, bool]]:
    """For each question that a listing answers or nothing: the likest listing's likeness, has it an answer, is that one."""
    turned = _unit(asked.vectors if form.matrix is None else asked.vectors @ form.matrix)
    scores = np.where(listings, turned @ _unit(views.sums).T, -1.0)
    return [
        (float(row.max()), bool(answers), int(row.argmax()) in answers)
        for row, answers in zip(scores, asked.answers, strict=True)
        if not answers or listings[answers[0]]
    ]


def _equal_errors(judged: Sequence[tuple[float, bool, bool]]) -> float:
    """The share of false answers where it is nearest to the share of missed ones."""
    yes = np.sort([likeness for likeness, answerable, _ in judged if answerable])
    no = np.sort([likeness for likeness, answerable, _ in judged if not answerable])
    levels = np.unique(np.concatenate([yes, no]))
    missed, false = np.searchsorted(yes, levels) / len(yes), 1 - np.searchsorted(no, levels) / len(no)
    place = int(np.argmin(abs(missed - false)))
    return float(missed[place] + false[place]) / 2


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return found


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return found


if __name__ == "__main__":
    main()
