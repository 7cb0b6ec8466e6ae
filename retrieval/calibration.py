"""What an index learns about itself when it is built: how similar chance finds are, and where its floor lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from knowledge.starter import read_yaml
from retrieval import dense
from retrieval.floor import Floor, Line, Numbers, separate, threshold
from retrieval.segment import DATA

if TYPE_CHECKING:
    from retrieval.embed import Embedder
    from retrieval.index import Index

LANGUAGES = ("en", "zh")
_SAMPLE = 800
_FOLDS = 3
_FALSE_ANSWERS = 0.03  # share of questions outside the field that may reach the floor
_FINDS = 100  # sample questions of each side and language that are searched for


@dataclass(frozen=True)
class Questions:
    """Sample questions by language: ``within`` the field of green technology, and ``outside`` of it."""

    within: Mapping[str, Sequence[str]]
    outside: Mapping[str, Sequence[str]]


@cache
def questions() -> Questions:
    """The sample questions shipped with the project."""
    raw = read_yaml(DATA / "calibration.yaml")
    return Questions(*({lang: [row[lang] for row in raw[part]] for lang in LANGUAGES} for part in ("within", "outside")))


def vectors(index: Index, embedder: Embedder, texts: Mapping[str, Sequence[str]]) -> dict[str, Numbers]:
    """The centred vectors of questions by language."""
    return {lang: dense.centred(embedder.embed(texts[lang]), index.centres[lang]).astype(np.float64) for lang in LANGUAGES}


def learn_spread(index: Index, asked: Mapping[str, Numbers]) -> dict[str, list[float]]:
    """Mean and deviation of the similarity between questions of one language and documents of a pool: ``{"en-zh": [m, s]}``.

    It is nearly the same for every question, so it is measured once, on a sample of questions and of each pool's documents.
    """
    chance = np.random.default_rng(20)
    pools = np.asarray(index.languages)
    spread: dict[str, list[float]] = {}
    for pool in LANGUAGES:
        numbers = np.flatnonzero(pools == pool)
        chosen = chance.choice(numbers, size=min(_SAMPLE // 2, len(numbers)), replace=False).tolist()
        for lang in LANGUAGES:
            some = asked[lang][:: max(1, len(asked[lang]) // 50)].astype(np.float32)
            found = np.array([list(index.dense.similarities(vector, chosen).values()) for vector in some])
            spread[f"{lang}-{pool}"] = [float(found.mean()), float(max(found.std(), 1e-3))] if found.size else [0.0, 1.0]
    return spread


def learn_domain(index: Index, within: Mapping[str, Numbers], outside: Mapping[str, Numbers]) -> tuple[Line, Numbers, Numbers]:
    """The line between questions inside and outside the field, and what it says of each sample question unseen.

    The collection's own passages count as inside, so a collection on one corner of the field teaches its own corner.
    """
    passages = index.dense.sample(_SAMPLE).astype(np.float64)
    inside, out = np.vstack([within[lang] for lang in LANGUAGES]), np.vstack([outside[lang] for lang in LANGUAGES])
    unseen = [np.zeros(len(inside)), np.zeros(len(out))]
    for fold in range(_FOLDS):
        held = [np.arange(len(part)) % _FOLDS == fold for part in (inside, out)]
        line = separate(np.vstack([inside[~held[0]], passages]), out[~held[1]], ridge=1.0)
        for part, (texts, mask) in enumerate(zip((inside, out), held, strict=True)):
            unseen[part][mask] = [line.side(vector) for vector in texts[mask]]
    return separate(np.vstack([inside, passages]), out, ridge=1.0), unseen[0], unseen[1]


def learn_floor(
    index: Index,
    embedder: Embedder,
    asked: Questions,
    domain: Line,
    within: tuple[Mapping[str, Numbers], Numbers],
    outside: tuple[Mapping[str, Numbers], Numbers],
) -> Floor:
    """The floor of this index, from the finds for sample questions inside and outside the field.

    ``within`` and ``outside`` are their vectors by language and what the domain line says of each unseen.
    """
    from retrieval.retriever import HybridRetriever, Query

    retriever = HybridRetriever(index, embedder)

    def evidence(texts: Mapping[str, Sequence[str]], known: tuple[Mapping[str, Numbers], Numbers]) -> Numbers:
        rows, at = [], 0
        for lang in LANGUAGES:
            step = max(1, len(texts[lang]) // _FINDS)
            for number in range(0, len(texts[lang]), step):
                vector = known[0][lang][number].astype(np.float32)
                found = retriever.find(Query(texts[lang][number], lang), k=1, vector=vector).evidence
                rows.append(replace(found, domain=float(known[1][at + number])).features())
            at += len(texts[lang])
        return np.array(rows)

    yes, no = evidence(asked.within, within), evidence(asked.outside, outside)
    answer = separate(yes, no, ridge=0.1)
    return Floor(domain, answer, threshold(answer, yes, no, allowed=_FALSE_ANSWERS))
