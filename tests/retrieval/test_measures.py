"""The measures are those of the field: they agree with ir_measures on any ranking."""

from __future__ import annotations

import random

import ir_measures
import pytest
from ir_measures import AP, RR, R, nDCG

from retrieval.measures import average_precision, ndcg, recall, reciprocal_rank

OURS = {
    R @ 1: lambda ranked, judged: recall(ranked, judged, 1),
    R @ 10: lambda ranked, judged: recall(ranked, judged, 10),
    RR @ 10: lambda ranked, judged: reciprocal_rank(ranked, judged, 10),
    nDCG @ 10: lambda ranked, judged: ndcg(ranked, judged, 10),
    AP: average_precision,
}


def ranking(seed: int) -> tuple[dict[str, int], dict[str, float]]:
    """Judgements and scores of one question: some documents without a judgement, some not found, some with equal scores."""
    chance = random.Random(seed)
    ids = [f"d{number:02}" for number in range(40)]
    highest = chance.choice((1, 3))
    judged = {id_: chance.choice((0, 0, *range(1, highest + 1))) for id_ in chance.sample(ids, chance.randint(1, 20))}
    judged[ids[-1]] = highest
    return judged, {id_: float(chance.randint(0, 12)) for id_ in chance.sample(ids, chance.randint(0, 40))}


@pytest.mark.parametrize("measure", OURS, ids=str)
def test_agrees_with_ir_measures(measure: ir_measures.Measure) -> None:
    """On random rankings with ties, grades, zeros and documents that nobody judged, each measure is that of ir_measures."""
    qrels, run, ours = {}, {}, {}
    for seed in range(300):
        judged, scores = ranking(seed)
        # trec_eval, on which ir_measures rests, puts the later id first where scores are equal; RR at a cut-off the earlier one.
        ranked = sorted(scores, reverse=measure != RR @ 10)
        ranked.sort(key=scores.__getitem__, reverse=True)
        qrels[f"q{seed}"], run[f"q{seed}"] = judged, scores
        ours[f"q{seed}"] = OURS[measure](ranked, judged)
    theirs = {found.query_id: found.value for found in ir_measures.iter_calc([measure], qrels, run)}
    assert 0 < sum(ours.values()) < len(ours)
    assert {id_: ours[id_] for id_ in theirs} == pytest.approx(theirs, abs=1e-9)
    # What found nothing at all is not in theirs; it is worth nothing.
    assert not any(value for id_, value in ours.items() if id_ not in theirs)


def test_nothing_to_find() -> None:
    """Without a relevant document every measure is 0, and a gain below 0 counts as none."""
    for judged in ({}, {"a": 0}, {"a": -2}):
        assert [measure(["a", "b"], judged) for measure in OURS.values()] == [0] * len(OURS)
    assert ndcg(["bad", "good"], {"good": 1, "bad": -5}, 10) == ndcg(["other", "good"], {"good": 1}, 10)


def test_cut_off() -> None:
    """What stands below the cut-off does not count; average precision reads on."""
    ranked, judged = ["x"] * 10 + ["right"], {"right": 1}
    assert (recall(ranked, judged, 10), reciprocal_rank(ranked, judged, 10), ndcg(ranked, judged, 10)) == (0, 0, 0)
    assert average_precision(ranked, judged) == pytest.approx(1 / 11)
