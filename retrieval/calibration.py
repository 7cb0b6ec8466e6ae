"""What an index learns about itself when it is built: how similar chance finds are, and where its floor lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from knowledge.starter import read_yaml
from retrieval import dense
from retrieval.encodings import Encodings, digest
from retrieval.floor import Floor, Line, Numbers, separate, threshold
from retrieval.segment import DATA
from retrieval.vectors import Vectors

if TYPE_CHECKING:
    from retrieval.index import Index

LANGUAGES = ("en", "zh")
_SAMPLE = 800
_ASKED = 50
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


def question_vectors(encodings: Encodings) -> dict[str, Vectors]:
    """The vectors of all sample questions by language, those within the field first."""
    asked = questions()
    return {lang: encodings.of_questions([*asked.within[lang], *asked.outside[lang]]) for lang in LANGUAGES}


def question_digests() -> set[bytes]:
    """What tells those vectors among the encodings."""
    asked = questions()
    return {digest(text, asked=True) for part in (asked.within, asked.outside) for lang in LANGUAGES for text in part[lang]}


def learn_spread(index: Index, encodings: Encodings) -> dict[str, list[float]]:
    """Mean and deviation of the similarity between questions of one language and documents of a pool: ``{"en-zh": [m, s]}``.

    It is nearly the same for every question, so it is measured once, on a sample of each pool's documents; asked are sample
    questions and, since those to a collection are about what it is about, texts of the collection itself.
    """
    chance = np.random.default_rng(20)
    asked = _asked(index, encodings)
    own = {lang: index.dense.sample(_ASKED, lang) for lang in LANGUAGES}
    spread: dict[str, list[float]] = {}
    for place, pool in enumerate(LANGUAGES):
        numbers = np.flatnonzero(index.documents.pool_of == place)
        chosen = np.sort(chance.choice(numbers, size=min(_SAMPLE // 2, len(numbers)), replace=False))
        for lang in LANGUAGES:
            within = asked[lang].within
            some = np.vstack([within[:: max(1, len(within) // _ASKED)].astype(np.float32), own[lang]])
            found = np.array([index.dense.similarities(vector, chosen) for vector in some])
            spread[f"{lang}-{pool}"] = [float(found.mean()), float(max(found.std(), 1e-3))] if found.size else [0.0, 1.0]
    return spread


def learn_floor(index: Index, encodings: Encodings) -> Floor:
    """The floor of this index, from the finds for sample questions inside and outside the field."""
    from retrieval.retriever import HybridRetriever, Query

    retriever = HybridRetriever(index, encodings.embedder)
    asked, texts = _asked(index, encodings), questions()
    domain, inside, out = _learn_domain(index, asked)

    def evidence(texts: Mapping[str, Sequence[str]], known: Mapping[str, Numbers], sounds: Numbers) -> Numbers:
        rows, at = [], 0
        for lang in LANGUAGES:
            step = max(1, len(texts[lang]) // _FINDS)
            for number in range(0, len(texts[lang]), step):
                vector = known[lang][number].astype(np.float32)
                found = retriever.find(Query(texts[lang][number], lang), k=1, vector=vector).evidence
                rows.append(replace(found, domain=float(sounds[at + number])).features())
            at += len(texts[lang])
        return np.array(rows)

    yes = evidence(texts.within, {lang: asked[lang].within for lang in LANGUAGES}, inside)
    no = evidence(texts.outside, {lang: asked[lang].outside for lang in LANGUAGES}, out)
    answer = separate(yes, no, ridge=0.1)
    return Floor(domain, answer, threshold(answer, yes, no, allowed=_FALSE_ANSWERS))


@dataclass(frozen=True)
class _Asked:
    """The centred vectors of the sample questions of one language."""

    within: Numbers
    outside: Numbers


def _asked(index: Index, encodings: Encodings) -> dict[str, _Asked]:
    asked, found = questions(), {}
    for lang, raw in question_vectors(encodings).items():
        known = dense.centred(raw, index.centres[lang]).astype(np.float64)
        found[lang] = _Asked(known[: len(asked.within[lang])], known[len(asked.within[lang]) :])
    return found


def _learn_domain(index: Index, asked: Mapping[str, _Asked]) -> tuple[Line, Numbers, Numbers]:
    """The line between questions inside and outside the field, and what it says of each sample question unseen.

    The collection's own passages count as inside, so a collection on one corner of the field teaches its own corner.
    """
    passages = index.dense.sample(_SAMPLE).astype(np.float64)
    inside = np.vstack([asked[lang].within for lang in LANGUAGES])
    out = np.vstack([asked[lang].outside for lang in LANGUAGES])
    unseen = [np.zeros(len(inside)), np.zeros(len(out))]
    for fold in range(_FOLDS):
        held = [np.arange(len(part)) % _FOLDS == fold for part in (inside, out)]
        line = separate(np.vstack([inside[~held[0]], passages]), out[~held[1]], ridge=1.0)
        for part, (texts, mask) in enumerate(zip((inside, out), held, strict=True)):
            unseen[part][mask] = [line.side(vector) for vector in texts[mask]]
    return separate(np.vstack([inside, passages]), out, ridge=1.0), unseen[0], unseen[1]
