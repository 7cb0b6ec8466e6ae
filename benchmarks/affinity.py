"""Learn the affinity between questions and records (bot/finding/affinity.py); benchmarks/relevance.py does, and writes it.

    python -m benchmarks.affinity

shows what it is worth: of questions for listings, how often one that answers is the likest, and the share of errors where as many
without an answer are told apart wrongly as with one, by likeness alone, on parts of the journeys that it has not learnt from.

Softmax regression over all records and over "none of them": a view of a record (its summary, a problem, a thing someone spoke
about) goes with the middle of the record's other views, a question of a journey with the records that answer it, and one without
an answer with none. What is taught are the upper layers of the bundled encoder, which make a vector of the sum of what its lower
ones say of a text's words, and a matrix behind them. The layers start as they are in the encoder, the matrix with the whitened
likeness, in which views of the same record differ alike in all directions (within-class covariance normalisation, Hatch,
Kajarekar and Stolcke 2006), near which it is held. Four in ten of the numbers in a sum are left out at random (dropout,
Srivastava et al. 2014): without it the layers learn the journeys by heart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.journeys import PARTS, part_of, told
from bot import bootstrap
from bot.answer_cases import Case
from bot.finding.affinity import SHARPNESS, Affinity
from bot.settings import Settings
from knowledge.store import KnowledgeBase
from retrieval.documents import documents
from retrieval.embed import UniversalSentenceEncoder, windows
from retrieval.language import base, clean, detect, simplified
from retrieval.retriever import HybridRetriever
from retrieval.tables import POOLS
from retrieval.vectors import Numbers, Vectors
from retrieval.views import views_of

EPOCHS, RATE, MATRIX_RATE, LAST_RATE, HOLD, SHRINK, LEFT_OUT = 8, 3e-4, 0.002, 0.02, 1e-3, 0.6, 0.4
VIEWS, QUESTIONS = 512, 256  # in a step: views of records; questions with an answer, and as many without
_FIRST_NONE = 0.5
_DECAY, _SQUARES = 0.9, 0.999  # of Adam
_LEAST = 1e-9
_BATCH = 64
LAYERS = ("cnn_W", "cnn_b", "d0", "d1", "d2", "d3", "p1", "p3")  # the upper layers, by the encoder's own names
Matrix = npt.NDArray[np.float32]
Layers = Mapping[str, Matrix]


@dataclass(frozen=True)
class Texts:
    """What the lower layers say of texts: for each the sum over its words, shape (texts, width), by the root of their number,

    that root, and the centre of questions in its language, shape (texts, dimension).
    """

    sums: Matrix
    roots: Matrix
    centres: Vectors

    @classmethod
    def of(cls, texts: Sequence[str], retriever: HybridRetriever) -> Texts:
        """Those of texts as they are encoded when they are asked."""
        folded = [windows(simplified(clean(text)))[:1] or [" "] for text in texts]
        caught = _Caught(_own_layers()["cnn_W"])
        upper: dict[str, Any] = {"cnn_W": caught, "cnn_b": caught}
        encoder = UniversalSentenceEncoder(threads=1, upper=upper)
        for start in range(0, len(folded), _BATCH):
            encoder.embed([text for part in folded[start : start + _BATCH] for text in part])
        roots = np.sqrt(np.concatenate(caught.counts)) if folded else np.zeros((0, 1), np.float32)
        sums = np.concatenate(caught.sums) / roots if folded else np.zeros((0, caught.width), np.float32)
        centres = [retriever.index.centres[base(detect(part[0]))] for part in folded]
        return cls(
            sums.astype(np.float32),
            roots.astype(np.float32),
            np.array(centres, np.float32).reshape(-1, retriever.index.manifest.dimension),
        )

    def __len__(self) -> int:
        return len(self.sums)

    def some(self, rows: Numbers) -> Texts:
        """Those in these rows."""
        return Texts(self.sums[rows], self.roots[rows], self.centres[rows])

    def beside(self, others: Texts) -> Texts:
        """These and others after them."""
        pairs = ((self.sums, others.sums), (self.roots, others.roots), (self.centres, others.centres))
        return Texts(*(np.concatenate(pair) for pair in pairs))


class _Caught:
    """Stands in for the first of the upper layers, and keeps what the lower ones hand on."""

    __array_ufunc__ = None  # arrays leave it to this class what a product with it is

    def __init__(self, layer: Matrix) -> None:
        self.layer, self.width = layer, len(layer)
        self.sums: list[Matrix] = []
        self.counts: list[Matrix] = []

    def tobytes(self) -> bytes:
        """The bytes of the layer."""
        return self.layer.tobytes()

    def __rmatmul__(self, sums: Matrix) -> Matrix:
        self.sums.append(sums.copy())
        return sums @ self.layer

    def __rmul__(self, counts: Matrix) -> Matrix:
        self.counts.append(counts.copy())
        return np.zeros((len(counts), self.layer.shape[1]), np.float32)


def _own_layers() -> dict[str, Matrix]:
    """The upper layers as they come with the encoder."""
    encoder: Any = UniversalSentenceEncoder(threads=1)
    encoder.embed([" "])
    return {name: np.array(getattr(encoder._encoder._model, name), np.float32) for name in LAYERS}


@dataclass(frozen=True)
class Views:
    """All views of all records: the number of each one's record, its vector in the index, of length one, and itself as a text."""

    keys: Sequence[str]
    vectors: Vectors
    owners: Numbers
    texts: Texts

    @classmethod
    def of(cls, retriever: HybridRetriever, kb: KnowledgeBase) -> Views:
        """The views in an index."""
        index = retriever.index
        texts: list[str] = []
        keys: list[str] = []
        vectors: list[Vectors] = []
        for document in documents(kb):
            number = next(n for n in index.documents.of[document.key] if POOLS[index.documents.pool_of[n]] == document.lang)
            heads = views_of(document).heads
            texts += heads
            keys += [document.key] * len(heads)
            vectors.append(index.dense.heads_of(number))
        every, owners = np.unique(keys, return_inverse=True)
        return cls(every.tolist(), _unit(np.concatenate(vectors)), owners, Texts.of(texts, retriever))

    def without(self, out: npt.NDArray[np.bool_]) -> Views:
        """Those of other records than these; the records are numbered anew."""
        left, kept = np.flatnonzero(~out).tolist(), ~out[self.owners]
        owners = np.searchsorted(left, self.owners[kept])
        return Views([self.keys[number] for number in left], self.vectors[kept], owners, self.texts.some(np.flatnonzero(kept)))

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
        found: Matrix = (inverse / np.diag(inverse).mean()).astype(np.float32)
        return found


@dataclass(frozen=True)
class Asked:
    """Questions, and for each the numbers of the records that answer it."""

    texts: Texts
    answers: Sequence[Sequence[int]]

    @classmethod
    def of(cls, retriever: HybridRetriever, views: Views, cases: Sequence[Case]) -> Asked:
        """The questions of cases, without those whose answer is no record."""
        numbers: dict[str, list[int]] = {}
        for number, key in enumerate(views.keys):
            numbers.setdefault(key.split("/", 1)[1], []).append(number)
        texts: list[str] = []
        answers: list[list[int]] = []
        for case in cases:
            right = [number for id_ in case.expected for number in numbers.get(id_, ())]
            if case.answerable is None or bool(right) != case.answerable:
                continue
            texts += case.ask.values()
            answers += [right] * len(case.ask)
        return cls(Texts.of(texts, retriever), answers)

    def without(self, out: npt.NDArray[np.bool_]) -> Asked:
        """Those that none of these records answers, with the records numbered as they are without them."""
        places = np.cumsum(~out) - 1
        rows = [row for row, answers in enumerate(self.answers) if not any(out[answer] for answer in answers)]
        kept = [[int(places[answer]) for answer in self.answers[row]] for row in rows]
        return Asked(self.texts.some(np.array(rows, np.int64)), kept)

    def only(self, out: npt.NDArray[np.bool_]) -> Asked:
        """Those that these records alone answer, and those without an answer."""
        rows = [row for row, answers in enumerate(self.answers) if all(out[answer] for answer in answers)]
        return Asked(self.texts.some(np.array(rows, np.int64)), [self.answers[row] for row in rows])


def learn(views: Views, asked: Asked, layers: Layers | None = None, epochs: int = EPOCHS) -> Affinity:
    """What views and questions teach; ``layers`` are what the upper layers start from, the encoder's own if not given."""
    learner = _Learner(views, asked, _own_layers() if layers is None else layers)
    random = np.random.default_rng(0)
    steps = epochs * -(-len(views.owners) // VIEWS)
    for _ in range(epochs):
        order = random.permutation(len(views.owners))
        for start in range(0, len(order), VIEWS):
            learner.step(order[start : start + VIEWS], random, max(LAST_RATE, 1 - learner.steps / steps))
    taught = dict(learner.taught)
    return Affinity(taught.pop("matrix"), float(taught.pop("none")), taught)


@dataclass(frozen=True)
class Passed:
    """What texts became on their way through the layers, for the way back."""

    fed: Texts
    mean: Matrix
    first: Matrix
    second: Matrix
    third: Matrix
    last: Matrix
    own: Matrix
    centred: Matrix
    turned: Matrix

    @property
    def units(self) -> Matrix:
        """The vectors at the end of it, of length one."""
        return _unit(self.turned)


def passed(taught: Layers, fed: Texts) -> Passed:
    """Texts on their way through the upper layers, as the encoder takes them, then centred and turned by the matrix."""
    mean = fed.sums @ taught["cnn_W"] + fed.roots * taught["cnn_b"]
    first = np.maximum(mean @ taught["d0"], 0)
    second = np.maximum(mean @ taught["p1"] + first @ taught["d1"], 0)
    third = np.maximum(second @ taught["d2"], 0)
    last = np.tanh(second @ taught["p3"] + third @ taught["d3"])
    own = _unit(last)
    centred = own - fed.centres
    return Passed(fed, mean, first, second, third, last, own, centred, _unit(centred) @ taught["matrix"])


def slopes(taught: Layers, way: Passed, pull: Matrix) -> dict[str, Any]:
    """How what is taught moves a loss whose slope by the vectors at the end is ``pull``."""
    found: dict[str, Any] = {}
    by_turned = _by_length(way.turned, pull)
    found["matrix"] = _unit(way.centred).T @ by_turned
    by_own = _by_length(way.centred, by_turned @ taught["matrix"].T)
    by_last = _by_length(way.last, by_own) * (1 - way.last**2)
    found["p3"], found["d3"] = way.second.T @ by_last, way.third.T @ by_last
    by_third = by_last @ taught["d3"].T * (way.third > 0)
    found["d2"] = way.second.T @ by_third
    by_second = (by_last @ taught["p3"].T + by_third @ taught["d2"].T) * (way.second > 0)
    found["p1"], found["d1"] = way.mean.T @ by_second, way.first.T @ by_second
    by_first = by_second @ taught["d1"].T * (way.first > 0)
    found["d0"] = way.mean.T @ by_first
    by_mean = by_second @ taught["p1"].T + by_first @ taught["d0"].T
    found["cnn_W"], found["cnn_b"] = way.fed.sums.T @ by_mean, (way.fed.roots * by_mean).sum(axis=0)
    return found


class _Learner:
    """Gradient descent (Adam) on the layers, the matrix and the level of "none"."""

    def __init__(self, views: Views, asked: Asked, layers: Layers) -> None:
        self.views = views
        self.middles = _unit(views.sums)
        self.texts = views.texts.beside(asked.texts)
        self.start = views.whitening()
        self.taught: dict[str, Any] = {**layers, "matrix": self.start.copy(), "none": np.float32(_FIRST_NONE)}
        self.right = np.zeros((len(asked.answers), len(views.keys) + 1), bool)
        for place, answers in enumerate(asked.answers):
            self.right[place, list(answers) or -1] = True
        self.answered, self.unanswered = np.flatnonzero(~self.right[:, -1]), np.flatnonzero(self.right[:, -1])
        self.moments = {name: (np.zeros_like(value), np.zeros_like(value)) for name, value in self.taught.items()}
        self.steps = 0

    def step(self, some: Numbers, random: np.random.Generator, slower: float) -> None:
        """One step by these views and as many questions of each sort as are taken at a time."""
        parts = [random.choice(part, QUESTIONS) for part in (self.answered, self.unanswered) if len(part)]
        some_asked = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        fed = self.texts.some(np.concatenate([some, len(self.views.owners) + some_asked]))
        kept = random.random(fed.sums.shape, np.float32) >= LEFT_OUT
        way = passed(self.taught, Texts(fed.sums * kept / np.float32(1 - LEFT_OUT), fed.roots, fed.centres))
        pull, by_none = self._pull(way.units, some, some_asked)
        found = slopes(self.taught, way, pull)
        found["matrix"] += 2 * HOLD * (self.taught["matrix"] - self.start)
        self._descend({**found, "none": by_none}, slower)

    def _pull(self, units: Matrix, some: Numbers, some_asked: Numbers) -> tuple[Matrix, np.float32]:
        """The slope of the loss by the vectors of views and questions, and by the level of "none"."""
        weights = np.repeat(np.array([1 / len(some), 1 / QUESTIONS], np.float32), [len(some), len(some_asked)])
        # A view is compared with the middle of the record's other views, or it would find itself.
        owners, mine = self.views.owners[some], np.arange(len(some))
        others = _unit(self.views.sums[owners] - self.views.vectors[some])
        scores = np.column_stack([units @ self.middles.T, np.full(len(units), self.taught["none"])])
        scores[mine, owners] = np.einsum("ij,ij->i", units[: len(some)], others)
        chance = _softmax(np.float32(SHARPNESS) * scores)
        right = np.zeros_like(chance)
        right[mine, owners] = 1.0
        wanted = np.where(self.right[some_asked], chance[len(some) :], 0.0)
        right[len(some) :] = wanted / np.maximum(wanted.sum(axis=1, keepdims=True), 1e-12)
        off = np.float32(SHARPNESS) * weights[:, None] * (chance - right)
        pull = off[:, :-1] @ self.middles
        pull[: len(some)] += off[mine, owners][:, None] * (others - self.middles[owners])
        return pull, off[:, -1].sum()

    def _descend(self, found: Mapping[str, Any], slower: float) -> None:
        self.steps += 1
        for name, slope in found.items():
            first, second = self.moments[name]
            first += (1 - _DECAY) * (slope - first)
            second += (1 - _SQUARES) * (slope**2 - second)
            self.moments[name] = first, second
            mean, spread = first / (1 - _DECAY**self.steps), second / (1 - _SQUARES**self.steps)
            rate = slower * (RATE if name in LAYERS else MATRIX_RATE)
            self.taught[name] = (self.taught[name] - rate * mean / (np.sqrt(spread) + 1e-8)).astype(np.float32)


def main() -> None:
    """Compare likeness as the encoder sees it with what is learnt of it."""
    settings = Settings()
    kb = bootstrap.open_kb(settings)
    retriever = bootstrap.open_retriever(settings, kb)
    views, cases = Views.of(retriever, kb), [case for _, case, _ in told()]
    listings = np.array([key.startswith("listing/") for key in views.keys])
    nobody = Asked(Texts.of([], retriever), [])
    own, found = _own_layers(), dict[str, list[tuple[float, bool, bool]]]()
    for part in range(PARTS):
        mine = Asked.of(retriever, views, [case for case in cases if part_of(case.id) == part])
        others = Asked.of(retriever, views, [case for case in cases if part_of(case.id) != part])
        out = np.array([part_of(key) == part for key in views.keys])
        forms = {
            "as the encoder sees it": Affinity(np.eye(views.vectors.shape[1], dtype=np.float32), upper=own),
            "whitened": Affinity(views.whitening(), upper=own),
            "learnt from views": learn(views, nobody),
            "learnt from views and questions": learn(views, others),
        }
        for name, form in forms.items():
            found.setdefault(name, []).extend(_judged(form, views, mine, listings))
        strange = mine.only(out)
        forms = {"not learnt": forms["as the encoder sees it"], "learnt": learn(views.without(out), others.without(out))}
        for name, form in forms.items():
            found.setdefault(f"records that were not learnt from, {name}", []).extend(_judged(form, views, strange, listings))
    for name, judged in found.items():
        right = [best for _, answerable, best in judged if answerable]
        print(f"{name}: {sum(right) / len(right):.3f} first, {_equal_errors(judged):.3f} errors")


def _judged(form: Affinity, views: Views, asked: Asked, listings: npt.NDArray[np.bool_]) -> list[tuple[float, bool, bool]]:
    """For each question that a listing answers or nothing: the likest listing's likeness, has it an answer, is that one."""
    assert form.matrix is not None
    units = passed({**form.upper, "matrix": form.matrix}, asked.texts).units
    scores = np.where(listings, units @ _unit(views.sums).T, -1.0)
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
    found: Vectors = (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _LEAST)).astype(np.float32)
    return found


def _by_length(vectors: Matrix, slope: Matrix) -> Matrix:
    """The slope by vectors, of that by the same at length one."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _LEAST)
    units = vectors / lengths
    found: Matrix = (slope - units * np.einsum("ij,ij->i", units, slope)[:, None]) / lengths
    return found


if __name__ == "__main__":
    main()
