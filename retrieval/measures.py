"""Measures of a ranking: what the field reports for retrieval, each between 0 and 1, as trec_eval counts them.

A ranking is a list of document ids, best first; judgements are gains by document id. A document is relevant when its gain is
above 0; one without a judgement counts as one that is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Judged = Mapping[str, float]


def recall(ranked: Sequence[str], judged: Judged, k: int) -> float:
    """The share of the relevant documents among the first ``k``."""
    found = sum(judged.get(document, 0) > 0 for document in ranked[:k])
    return found / max(1, _relevant(judged))


def reciprocal_rank(ranked: Sequence[str], judged: Judged, k: int) -> float:
    """One over the rank of the first relevant document, 0 when none is among the first ``k``."""
    ranks = (rank for rank, document in enumerate(ranked[:k], 1) if judged.get(document, 0) > 0)
    return 1 / next(ranks, math.inf)


def ndcg(ranked: Sequence[str], judged: Judged, k: int) -> float:
    """Normalised discounted cumulative gain of the first ``k``: gains as judged, discounted by log2 of the rank plus 1."""
    best = sorted((gain for gain in judged.values() if gain > 0), reverse=True)[:k]
    gained = _discounted([max(0.0, judged.get(document, 0)) for document in ranked[:k]])
    return gained / _discounted(best) if best else 0.0


def average_precision(ranked: Sequence[str], judged: Judged) -> float:
    """The mean, over the relevant documents, of the precision at the rank of each; one that was not found adds 0."""
    found, total = 0, 0.0
    for rank, document in enumerate(ranked, 1):
        if judged.get(document, 0) > 0:
            found += 1
            total += found / rank
    return total / max(1, _relevant(judged))


def _relevant(judged: Judged) -> int:
    return sum(gain > 0 for gain in judged.values())


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
