"""Learn when a find answers (bot/finding/relevance.py) from journeys: bot/finding/affinity.npz and relevance.json.

    python -m benchmarks.relevance

First the affinity between questions and records (affinity.py beside this). Then, of finds: yes are those that a journey wants, no
those for questions that nothing in the knowledge base answers, and trees are boosted on what ``Relevance.features`` says of them.
Journeys are gathered in parts, each with an affinity that the other parts taught: the trees would trust one that knew the
questions too much. Cross-validation by the same parts gives, for each language, the level at which as large a share of the
questions without an answer gets one as of the others gets none, and the shares that are printed. So are those of each file by
trees that the other files taught.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from benchmarks.affinity import Asked, Views, learn
from benchmarks.journeys import FILES, PARTS, Told, part_of, told
from bot import bootstrap
from bot.answer_cases import Case
from bot.compose.page import today
from bot.finding import affinity
from bot.finding.finder import Finder
from bot.finding.searched import CLOSE_SCORE, SAME_LISTINGS, Searched
from bot.finding.trees import LEARNT, Tree, Trees
from bot.settings import Settings
from bot.understand import Understander, Understanding
from bot.values import Question
from knowledge.records import LANGUAGES, Article
from retrieval.documents import document
from retrieval.language import fold
from retrieval.retriever import Hit, HybridRetriever

LEVELLED = ("tune", "practice", "asked")  # set the level: they are what people ask, and the others harder
ROUNDS, RATE, DEPTH, LEAST, SHRINK = 450, 0.06, 4, 20, 1.0
SOME_ROWS, SOME_FEATURES, BINS = 0.7, 0.5, 48  # of which each tree is grown
Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Find:
    """What might be shown for a question: its features, whether it answers, and whether the question has an answer."""

    file: str
    case: str
    question: str
    lang: str
    features: Mapping[str, float]
    right: bool
    answerable: bool


@dataclass(frozen=True)
class Finds:
    """All of them, column by column."""

    finds: Sequence[Find]

    @cached_property
    def rows(self) -> Numbers:
        """Their features."""
        return np.array([list(find.features.values()) for find in self.finds])

    @cached_property
    def right(self) -> Mask:
        """Which answer."""
        return np.array([find.right for find in self.finds])

    @cached_property
    def told(self) -> Mask:
        """Which can be learnt from: a wrong find for a question with an answer may be one that nobody thought of."""
        return np.array([find.right or not find.answerable for find in self.finds])

    def among(self, name: str, values: Sequence[object]) -> Mask:
        """Those with one of these values."""
        return np.array([getattr(find, name) in values for find in self.finds])


@dataclass
class Tally:
    """How many questions of a language were gathered at all, whichever rule answers them."""

    answerable: int = 0
    unanswerable: int = 0


Tallies = dict[tuple[str, str], Tally]


def main() -> None:
    """Gather, cross-validate, learn, write."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each of the processes has a core to itself
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        parts = pool.map(part, range(PARTS), chunksize=1)
    finds = Finds([find for found, _ in parts for find in found])
    tallies = _summed([tally for _, tally in parts])
    print(f"{len(finds.finds)} finds, {int((finds.told & ~finds.right).sum())} of them for questions without an answer")
    sides = unseen(finds, [part_of(find.case) for find in finds.finds])
    biases = {lang: -_level(finds, sides, tallies, lang) for lang in LANGUAGES}
    apart = unseen(finds, [FILES.index(find.file) for find in finds.finds])
    for file in FILES:
        for lang in LANGUAGES:
            mine = finds.among("file", [file]) & finds.among("lang", [lang])
            for name, said in (("unseen journeys", sides), ("unseen file", apart)):
                false, missed = _shares(finds, said + biases[lang], mine, [tallies[file, lang]])
                print(f"{file} {lang}, {name}: {false:.1%} false answers, {missed:.1%} missed")
    stored = {
        "biases": {lang: round(bias, 4) for lang, bias in biases.items()},
        "features": list(finds.finds[0].features),
        "trees": boosted(finds.rows[finds.told], finds.right[finds.told]),
    }
    LEARNT.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    finder, retriever = _opened()
    views = Views.of(retriever, finder.searched.shelf.kb)
    every = learn(views, Asked.of(retriever, views, [case for _, case, _ in told()]))
    every.save(affinity.LEARNT, retriever.embedder.name)


def part(number: int) -> tuple[list[Find], Tallies]:
    """What the journeys of one part find, judged with an affinity that the others taught; and how many questions there were."""
    finder, retriever = _opened()
    cases = list(told())
    views = Views.of(retriever, finder.searched.shelf.kb)
    others = [case for _, case, _ in cases if part_of(case.id) != number]
    finder.searched.relevance.affinity = learn(views, Asked.of(retriever, views, others))
    tallies: Tallies = defaultdict(Tally)
    mine = [each for each in cases if part_of(each[1].id) == number]
    return list(gather(mine, Understander(retriever), finder, tallies)), dict(tallies)


def _opened() -> tuple[Finder, HybridRetriever]:
    settings = Settings()
    kb = bootstrap.open_kb(settings)
    retriever = bootstrap.open_retriever(settings, kb)
    return Finder(kb, retriever, today), retriever


def _summed(parts: Sequence[Tallies]) -> Tallies:
    found: Tallies = defaultdict(Tally)
    for tallies in parts:
        for key, tally in tallies.items():
            found[key].answerable += tally.answerable
            found[key].unanswerable += tally.unanswerable
    return found


def gather(cases: Sequence[Told], reader: Understander, finder: Finder, tallies: Tallies) -> Iterator[Find]:
    """What would be looked at for every question that is searched for; counts all questions into ``tallies``."""
    for file, case, says in cases:
        if case.answerable is None:
            continue
        for form, text in case.ask.items():
            asked = reader.read(Question(text))
            tally = tallies[file, asked.base]
            tally.answerable += case.answerable
            tally.unanswerable += not case.answerable
            if asked.talk or finder.ruled(asked) is not None:
                continue
            for hits in candidates(finder.searched, asked):
                if not finder.searched.relevance.stray(asked, hits):
                    right = any(_answers(finder.searched, case, says, hit) for hit in hits)
                    features = finder.searched.relevance.features(asked, hits)
                    yield Find(file, case.id, f"{case.id} {form}", asked.base, features, right, bool(case.answerable))


def candidates(searched: Searched, asked: Understanding) -> list[list[Hit]]:
    """What would be shown for a question: the best of its kind, or the listings that are shown together."""
    ranked = searched.found(asked)[1]
    close = [hit for hit in ranked[:3] if hit.score >= ranked[0].score - CLOSE_SCORE]
    found = [[hit] for hit in close if hit.kind != "listing"]
    listings = searched.listings(asked)[0].hits if any(hit.kind == "listing" for hit in close) else []
    best = max((hit.score for hit in listings), default=0.0)
    near = [hit for hit in listings if hit.score >= best - SAME_LISTINGS][:3]
    return [*found, near] if near else found


def _answers(searched: Searched, case: Case, says: Sequence[str], hit: Hit) -> bool:
    record = searched.shelf.kb.get(hit.key)
    keys = [hit.key, *(record.about[:2] if isinstance(record, Article) else ())]
    if case.expected or not case.answerable:
        return any(key.split("/", 1)[1] in case.expected for key in keys)
    # A journey that names no record is answered by one that says what the reply has to say.
    text = fold("\n".join(document(record, lang, searched.relevance.related).text for lang in LANGUAGES))
    return bool(says) and all(any(fold(way) in text for way in phrase.split("|")) for phrase in says)


def unseen(finds: Finds, parts: Sequence[int]) -> Numbers:
    """What trees say of the finds of each part that have not seen it."""
    sides, part = np.zeros(len(parts)), np.array(parts)
    for held in sorted(set(parts)):
        seen = finds.told & (part != held)
        trees = Trees(boosted(finds.rows[seen], finds.right[seen]), {})
        sides[part == held] = trees.sides(finds.rows[part == held])
    return sides


def _level(finds: Finds, sides: Numbers, tallies: Mapping[tuple[str, str], Tally], lang: str) -> float:
    """The level at which the shares of false and of missed answers are the same in a language."""
    mine = finds.among("file", LEVELLED) & finds.among("lang", [lang])
    counted = [tallies[file, lang] for file in LEVELLED]
    levels = np.unique(np.quantile(sides[mine], np.linspace(0, 1, 400)))
    gaps = [abs(np.subtract(*_shares(finds, sides - level, mine, counted))) for level in levels]
    return float(levels[int(np.argmin(gaps))])


def _shares(finds: Finds, sides: Numbers, mine: Mask, tallies: Sequence[Tally]) -> tuple[float, float]:
    """Of all questions, the shares of false and of missed answers, where the rules before make no mistake."""
    best: dict[str, float] = {}
    answerable: dict[str, bool] = {}
    for place in np.flatnonzero(mine).tolist():
        find = finds.finds[place]
        best[find.question] = max(best.get(find.question, -np.inf), sides[place])
        answerable[find.question] = find.answerable
    false = sum(best[question] >= 0 for question, has in answerable.items() if not has)
    missed = sum(best[question] < 0 for question, has in answerable.items() if has)
    unanswerable = sum(tally.unanswerable for tally in tallies)
    return false / max(unanswerable, 1), missed / max(sum(tally.answerable for tally in tallies), 1)


def boosted(rows: Numbers, answers: Mask) -> list[Tree]:
    """Small trees, each grown on what those before it got wrong, from some of the finds and features.

    Both sides weigh the same.
    """
    weight = np.where(answers, 0.5 / answers.sum(), 0.5 / (~answers).sum()) * len(rows)
    bins, random = Bins(rows), np.random.default_rng(0)
    sides, trees = np.zeros(len(rows)), []
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-sides))
        gradient, curvature = weight * (answers - chance), weight * chance * (1 - chance)
        some = np.sort(random.choice(len(rows), int(len(rows) * SOME_ROWS), replace=False))
        features = np.sort(random.choice(rows.shape[1], int(rows.shape[1] * SOME_FEATURES), replace=False))
        trees.append(_grown(bins, some, features, gradient, curvature, DEPTH))
        sides += Trees(trees[-1:], {}).sides(rows)
    return trees


class Bins:
    """Features cut into bins of about as many finds each, so that a split is looked for among the bins."""

    def __init__(self, rows: Numbers) -> None:
        self.edges = [np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]).round(5)) for column in rows.T]
        self.of = np.stack([np.searchsorted(edges, column) for edges, column in zip(self.edges, rows.T, strict=True)], axis=1)

    def sums(self, some: Places, feature: int, values: Numbers) -> Numbers:
        """For each edge of a feature, the sum of the values of the finds up to it."""
        found: Numbers = np.bincount(self.of[some, feature], values[some], BINS + 1).cumsum()
        return found[: len(self.edges[feature])]


def _grown(bins: Bins, some: Places, features: Places, gradient: Numbers, curvature: Numbers, depth: int) -> Tree:
    split = _split(bins, some, features, gradient, curvature) if depth else None
    if split is None:
        return round(float(gradient[some].sum() / (curvature[some].sum() + SHRINK)) * RATE, 5)
    feature, edge = split
    low = bins.of[some, feature] <= edge
    below, above = (_grown(bins, part, features, gradient, curvature, depth - 1) for part in (some[low], some[~low]))
    return [feature, float(bins.edges[feature][edge]), below, above]


def _split(bins: Bins, some: Places, features: Places, gradient: Numbers, curvature: Numbers) -> tuple[int, int] | None:
    best, chosen = 1e-9, None
    ones = np.ones(len(gradient))
    slope, bend = gradient[some].sum(), curvature[some].sum()
    for feature in features:
        low, low_bend = bins.sums(some, feature, gradient), bins.sums(some, feature, curvature)
        count = bins.sums(some, feature, ones)
        gain = low**2 / (low_bend + SHRINK) + (slope - low) ** 2 / (bend - low_bend + SHRINK) - slope**2 / (bend + SHRINK)
        gain[(count < LEAST) | (count > len(some) - LEAST)] = 0.0
        if len(gain) and gain.max() > best:
            best, chosen = float(gain.max()), (int(feature), int(gain.argmax()))
    return chosen


if __name__ == "__main__":
    main()
