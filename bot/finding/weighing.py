"""Weighing: the hits of a search by how well the question goes with them, and by what they lack of it; then the best of them in

the order that was learnt from questions and their answers (benchmarks/relevance.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.finding.relevance import Relevance
from bot.finding.trees import learnt
from bot.understand import Understanding
from retrieval.retriever import Hit
from retrieval.vectors import Vectors

AFFINITY = 6.0  # what a full affinity adds to the score of a find, in deviations
LACK_MALUS = 2.0  # of a record that has none of the question's words, by their rarity
ELSEWHERE_MALUS = 2.0  # of one that does not speak of the place asked for
_WEIGHED = 16  # hits whose words are looked at; those behind are taken to be as bad as the worst of these
_BEST = 3  # the finds that may be meant; those behind are what they are compared with
ORDERED = 8  # hits that are put in order; those behind stay there
_TOLD = ("lead", "behind", "apart", "chance")
ALONE = 5.0  # by how much a hit without another is ahead


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
    columns = (scores, scores - _behind(scores), scores - scores.max(), apart, chance)
    found = [
        replace(
            hit, score=score, evidence=replace(hit.evidence, score=score, nothing=nothing, **dict(zip(_TOLD, told, strict=True)))
        )
        for hit, score, *told in zip(hits, *(column.tolist() for column in columns), strict=True)
    ]
    return sorted(found, key=lambda hit: (-hit.score, hit.key))


def in_order(relevance: Relevance, asked: Understanding, hits: Sequence[Hit]) -> list[Hit]:
    """Weighed hits, the best of them in the order that was learnt, those that cannot answer last.

    The scores are dealt out anew: the best has the best score, so that how near others are to it means the same as before.
    """
    some = hits[:ORDERED]
    if not some:
        return []
    trees = learnt("order")
    sides = trees.sides(trees.rows([relevance.features(asked, hit) for hit in some])).tolist()
    astray = [relevance.stray(asked, hit) for hit in some]
    places = sorted(range(len(some)), key=lambda place: (astray[place], -sides[place]))
    best = sides[places[0]]
    aheads = [best - sides[places[1]] if len(some) > 1 else ALONE, *(sides[place] - best for place in places[1:])]
    put = [
        replace(some[place], score=hit.score, evidence=replace(some[place].evidence, order=sides[place], ahead=ahead))
        for hit, place, ahead in zip(some, places, aheads, strict=True)
    ]
    least = min(put, key=lambda hit: hit.evidence.order).evidence
    behind = [replace(hit, evidence=replace(hit.evidence, order=least.order, ahead=least.ahead)) for hit in hits[ORDERED:]]
    return [*put, *behind]


def _lack(relevance: Relevance, asked: Understanding, key: str) -> float:
    return LACK_MALUS * (1 - relevance.cover(asked, key).weight) + ELSEWHERE_MALUS * relevance.elsewhere(asked, key)


def _behind(values: Vectors) -> float:
    """The level of those behind the best few."""
    behind = np.sort(values)[:-_BEST] if len(values) > _BEST else np.sort(values)[:1]
    return float(behind.mean())
