"""Weighing: the hits of a search by how well the question goes with them, and by what they lack of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.finding.relevance import Relevance
from bot.understand import Understanding
from retrieval.retriever import Hit
from retrieval.vectors import Vectors

AFFINITY = 6.0  # what a full affinity adds to the score of a find, in deviations
LACK_MALUS = 2.0  # of a record that has none of the question's words, by their rarity
ELSEWHERE_MALUS = 2.0  # of one that does not speak of the place asked for
_WEIGHED = 16  # hits whose words are looked at; those behind are taken to be as bad as the worst of these
_BEST = 3  # the finds that may be meant; those behind are what they are compared with


def weighed(relevance: Relevance, asked: Understanding, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, best first, with weighed scores, and with evidence of how each of them stands to the others."""
    if not hits:
        return []
    some = hits[:_WEIGHED]
    near = np.array([one.middle for one in relevance.affinities(asked, some)])
    gains = AFFINITY * near - [_lack(relevance, asked, hit.key) for hit in some]
    scores = np.array([hit.score for hit in hits]) + np.r_[gains, np.full(len(hits) - len(some), gains.min())]
    apart, chance = np.zeros((2, len(hits)))
    apart[: len(some)], chance[: len(some)] = near - _behind(near), relevance.affinity.chances(near)
    nothing = float(1 - chance.sum())
    columns = zip(hits, *(column.tolist() for column in (scores, scores - _behind(scores), apart, chance)), strict=True)
    found = [
        replace(hit, score=score, evidence=replace(hit.evidence, lead=lead, apart=far, chance=share, nothing=nothing))
        for hit, score, lead, far, share in columns
    ]
    return sorted(found, key=lambda hit: (-hit.score, hit.key))


def _lack(relevance: Relevance, asked: Understanding, key: str) -> float:
    return LACK_MALUS * (1 - relevance.cover(asked, key).weight) + ELSEWHERE_MALUS * relevance.elsewhere(asked, key)


def _behind(values: Vectors) -> float:
    """The level of those behind the best few."""
    behind = np.sort(values)[:-_BEST] if len(values) > _BEST else np.sort(values)[:1]
    return float(behind.mean())
