"""Sets that others have made, kept beside the repository: what is measured on them stays where it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from retrieval import beir
from retrieval.embed import make_embedder
from retrieval.evaluation import Served, indexed, measure

ROOT = Path(__file__).parents[2]
# They lie beside the checkout, or beside a folder that holds several checkouts.
SETS = next((path for path in (parent / "shared/data/beir" for parent in ROOT.parents[:2]) if path.is_dir()), None)


@pytest.mark.shared
@pytest.mark.skipif(SETS is None, reason="the benchmark sets are not beside the checkout")
def test_sustainable_development_goals() -> None:
    """On the UN's own texts the right text is found with the bundled encoder, from one language as well as from the other."""
    assert SETS is not None
    data = beir.read(SETS / "sdg")
    # A third of the questions, in both languages, is enough to see.
    some = replace(data, questions=data.questions[::3])
    with indexed(data, make_embedder("use")) as retriever:
        report = measure(some, Served(retriever))
    assert {question.lang for question in some.questions} == {"en", "zh"}
    assert min(values["map"] for values in report.mixed.values()) >= 0.93
    assert min(values["mrr@10"] for values in report.directions.values()) >= 0.95
    assert report.parity_gap is not None
    assert report.parity_gap <= 0.03
