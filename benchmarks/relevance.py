"""Fit the line above which a listing counts as an answer (bot/finding/searched.py) on the tuning journeys, and print it.

    python -m benchmarks.relevance

Positive: listings found for questions that one of them answers. Negative: the best listing for questions near the field that
nothing in the knowledge base answers. Five-fold cross-validation by journey gives the shares that are printed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot import bootstrap
from bot.finding.finder import Finder
from bot.finding.searched import LISTINGS, Searched, relevance_features
from bot.settings import Settings
from bot.understand import Understander
from bot.values import Question
from knowledge.starter import read_yaml
from retrieval.floor import separate
from retrieval.retriever import Query

JOURNEYS = Path(__file__).parent.parent / "tests" / "journeys" / "tune.yaml"
MISSED = 0.05


def main() -> None:
    """Gather, cross-validate, fit, print."""
    settings = Settings()
    kb = bootstrap.open_kb(settings)
    retriever = bootstrap.open_retriever(settings, kb)
    reader, searched = Understander(retriever), Finder(kb, retriever).searched
    rows, answers, journeys = _gather(reader, searched)
    sides = _cross_validated(rows, answers, journeys)
    level = float(np.quantile(sides[answers], MISSED))
    print(f"{len(rows)} questions, {int((~answers).sum())} of them without an answer")
    print(f"unseen: {MISSED:.0%} of the answerable missed, {(sides[~answers] >= level).mean():.0%} of the others answered")
    line = separate(rows[answers], rows[~answers], ridge=0.05)
    own = np.array([line.side(row) for row in rows])
    print("weights", [round(weight, 3) for weight in line.weights])
    print("bias", round(line.bias - float(np.quantile(own[answers], MISSED)), 3))


def _gather(reader: Understander, searched: Searched) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, answers, journeys = [], [], []
    for number, journey in enumerate(read_yaml(JOURNEYS)):
        answerable = journey["kind"] in ("technology", "need") and bool(journey.get("items"))
        if not answerable and journey["kind"] != "no_match":
            continue
        for text in journey["ask"].values():
            asked = reader.read(Question(text))
            hits = searched.shelf.retriever.find(Query(searched.without_places(asked), asked.base, (LISTINGS,)), k=3).hits
            right = any(hit.key.split("/")[1] in journey.get("items", ()) for hit in hits)
            if hits and (right or not answerable):
                rows.append(relevance_features(hits[0], searched.shared(asked, hits[0]), len(asked.topic)))
                answers.append(answerable)
                journeys.append(number)
    return np.array(rows), np.array(answers), np.array(journeys)


def _cross_validated(rows: np.ndarray, answers: np.ndarray, journeys: np.ndarray) -> np.ndarray:
    sides = np.zeros(len(rows))
    for fold in range(5):
        held = journeys % 5 == fold
        line = separate(rows[~held & answers], rows[~held & ~answers], ridge=0.05)
        sides[held] = [line.side(row) for row in rows[held]]
    return sides


if __name__ == "__main__":
    main()
