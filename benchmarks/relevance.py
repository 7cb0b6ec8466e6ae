"""Learn when a find answers (bot/finding/relevance.py) from the tuning journeys, and write it to bot/finding/relevance.json.

    python -m benchmarks.relevance

Yes: finds that a journey wants. No: finds for questions that nothing in the knowledge base answers. Trees are boosted on what
``Relevance.features`` says of them; cross-validation by journey gives the level at which few answers are missed, and the shares
that are printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from bot import bootstrap
from bot.answer_cases import Case, load
from bot.compose.page import today
from bot.finding.finder import Finder
from bot.finding.relevance import Tree, Trees
from bot.finding.searched import CLOSE_SCORE, Searched
from bot.settings import Settings
from bot.understand import Understander, Understanding
from bot.values import Question
from knowledge.records import LANGUAGES, Article
from retrieval.retriever import Hit

ROOT = Path(__file__).parent.parent
JOURNEYS = ROOT / "tests" / "journeys" / "tune.yaml"
LEARNT = ROOT / "bot" / "finding" / "relevance.json"
MISSED = 0.04  # share of the answers that may be missed
FOLDS = 8
ROUNDS, RATE, DEPTH, LEAST, SHRINK = 120, 0.1, 2, 15, 1.0
Numbers = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def main() -> None:
    """Gather, cross-validate, learn, write."""
    settings = Settings()
    kb = bootstrap.open_kb(settings)
    finder, reader = Finder(kb, retriever := bootstrap.open_retriever(settings, kb), today), Understander(retriever)
    rows, answers, folds, langs = gather(reader, finder)
    sides = cross_validated(rows, answers, folds)
    level = float(np.quantile(sides[answers], MISSED))
    for lang in LANGUAGES:
        right, wrong = sides[answers & (langs == lang)], sides[~answers & (langs == lang)]
        missed, shown = (right < level).mean(), (wrong >= level).mean()
        print(f"unseen, {lang}: {missed:.1%} of the answers missed, {shown:.1%} of the others shown")
    print(f"{len(rows)} finds, {int((~answers).sum())} of them for questions without an answer")
    trees = boosted(rows, answers)
    LEARNT.write_text(json.dumps({"bias": round(-level, 4), "trees": trees}) + "\n", encoding="utf-8")


def gather(reader: Understander, finder: Finder) -> tuple[Numbers, Mask, npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    """Features of finds, whether each answers, the fold of its journey, and the language of the question."""
    rows, answers, folds, langs = [], [], [], []
    for case in load(JOURNEYS):
        if case.answerable is None or (case.answerable and not case.expected):
            continue
        for text in case.ask.values():
            asked = reader.read(Question(text))
            if asked.talk or any(rule(asked) is not None for rule in finder.rules):
                continue
            for hits in candidates(finder.searched, asked):
                right = any(_answers(finder.searched, case, hit) for hit in hits)
                if (right or not case.answerable) and not finder.searched.relevance.stray(asked, hits):
                    rows.append(finder.searched.relevance.features(asked, hits))
                    answers.append(bool(case.answerable))
                    folds.append(crc32(case.id.encode()) % FOLDS)
                    langs.append(asked.base)
    return np.array(rows), np.array(answers), np.array(folds), np.array(langs)


def candidates(searched: Searched, asked: Understanding) -> list[list[Hit]]:
    """What would be shown for a question: the best of its kind, or the listings that are shown together."""
    ranked = searched.found(asked)[1]
    close = [hit for hit in ranked[:3] if hit.score >= ranked[0].score - CLOSE_SCORE]
    found = [[hit] for hit in close if hit.kind != "listing"]
    listings = searched.listings(asked)[0].hits[:3] if any(hit.kind == "listing" for hit in close) else []
    return [*found, listings] if listings else found


def _answers(searched: Searched, case: Case, hit: Hit) -> bool:
    record = searched.shelf.kb.get(hit.key)
    keys = [hit.key, *(record.about[:2] if isinstance(record, Article) else ())]
    return any(key.split("/", 1)[1] in case.expected for key in keys)


def cross_validated(rows: Numbers, answers: Mask, folds: npt.NDArray[np.int64]) -> Numbers:
    """What trees that have not seen a journey say of its finds."""
    sides = np.zeros(len(rows))
    for fold in range(FOLDS):
        held = folds == fold
        trees = Trees(boosted(rows[~held], answers[~held]))
        sides[held] = [trees.side(row) for row in rows[held]]
    return sides


def boosted(rows: Numbers, answers: Mask) -> list[Tree]:
    """Small trees, each grown on what those before it got wrong; both sides weigh the same."""
    weight = np.where(answers, 0.5 / answers.sum(), 0.5 / (~answers).sum()) * len(rows)
    sides, trees = np.zeros(len(rows)), []
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-sides))
        gradient, curvature = weight * (answers - chance), weight * chance * (1 - chance)
        tree = _grown(rows, np.arange(len(rows)), gradient, curvature, DEPTH)
        trees.append(tree)
        one = Trees([tree])
        sides += np.array([one.side(row) for row in rows])
    return trees


def _grown(rows: Numbers, some: npt.NDArray[np.int64], gradient: Numbers, curvature: Numbers, depth: int) -> Tree:
    split = _split(rows, some, gradient, curvature) if depth else None
    if split is None:
        return round(float(gradient[some].sum() / (curvature[some].sum() + SHRINK)) * RATE, 5)
    feature, level = split
    low = rows[some, feature] <= level
    below, above = (_grown(rows, part, gradient, curvature, depth - 1) for part in (some[low], some[~low]))
    return [feature, level, below, above]


def _split(rows: Numbers, some: npt.NDArray[np.int64], gradient: Numbers, curvature: Numbers) -> tuple[int, float] | None:
    best, chosen = 1e-9, None
    for feature in range(rows.shape[1]):
        order = some[np.argsort(rows[some, feature], kind="stable")]
        values, slope, bend = rows[order, feature], np.cumsum(gradient[order]), np.cumsum(curvature[order])
        at = np.flatnonzero(values[1:] > values[:-1])
        at = at[(at >= LEAST) & (at < len(order) - LEAST)]
        if not len(at):
            continue
        left, right = slope[at] ** 2 / (bend[at] + SHRINK), (slope[-1] - slope[at]) ** 2 / (bend[-1] - bend[at] + SHRINK)
        gain = left + right - slope[-1] ** 2 / (bend[-1] + SHRINK)
        if gain.max() > best:
            place = at[int(np.argmax(gain))]
            best, chosen = float(gain.max()), (feature, round(float(values[place] + values[place + 1]) / 2, 5))
    return chosen


if __name__ == "__main__":
    main()
