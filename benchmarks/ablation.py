"""What each part of the recipe adds: mean average precision over the mixed pool with one part left out at a time.

    python -m benchmarks.ablation DIR...

Each folder is a data set in the layout of BEIR. It is indexed and asked by the code that serves users; a part is left out by
setting what weighs it to nothing. Where vectors themselves change, the set is indexed again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from retrieval import dense, lexical, retriever
from retrieval.beir import DataSet, read
from retrieval.embed import make_embedder, unit
from retrieval.evaluation import LANGUAGES, Served, indexed
from retrieval.measures import average_precision
from retrieval.retriever import HybridRetriever
from retrieval.vectors import Vectors

Setting = tuple[ModuleType, str, Any]
_WHOLE_ALONE = 1e6  # so much more than the view that fits best that nothing is left of it


def _as_they_are(vectors: Vectors, centre: Vectors) -> Vectors:
    return unit(vectors + 0 * centre)


# Parts that are weighed when a question is asked, and those that are in the vectors.
ASKED: Mapping[str, tuple[Setting, ...]] = {
    "all of it": (),
    "no levelling of the pools": ((retriever, "LEVELLING", 0.0),),
    "no words": ((retriever, "OWN_WEIGHT", 0.0), (retriever, "CROSS_WEIGHT", 0.0)),
    "no translated words": ((retriever, "CROSS_WEIGHT", 0.0),),
    "no pairs of characters": ((lexical, "GRAM_WEIGHT", 0.0),),
    "no sentences, the whole alone": ((dense, "WHOLE_WEIGHT", _WHOLE_ALONE),),
    "no whole, the best view alone": ((dense, "WHOLE_WEIGHT", 0.0),),
}
BUILT: Mapping[str, tuple[Setting, ...]] = {"vectors not centred": ((dense, "centred", _as_they_are),)}


@contextmanager
def without(settings: tuple[Setting, ...]) -> Iterator[None]:
    """These settings for a while."""
    before = [(module, name, getattr(module, name)) for module, name, _ in settings]
    for module, name, value in settings:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def mixed(data: DataSet, found: HybridRetriever) -> dict[str, float]:
    """Mean average precision over both languages' documents, by the language of the question."""
    precisions: dict[str, list[float]] = {lang: [] for lang in LANGUAGES}
    for question in data.questions:
        ranked = Served(found).rank(question, None)
        precisions[question.lang].append(average_precision(ranked, data.judgements[question.id]))
    return {lang: float(np.mean(each)) for lang, each in precisions.items() if each}


def ablated(folder: Path, say: Callable[[str], None]) -> None:
    """Measure a data set whole and with each part left out."""
    data, embedder = read(folder), make_embedder("use")
    with indexed(data, embedder) as found:
        for name, settings in ASKED.items():
            with without(settings):
                say(_row(data.name, name, mixed(data, found)))
    for name, settings in BUILT.items():
        with without(settings), indexed(data, embedder) as found:
            say(_row(data.name, name, mixed(data, found)))


def _row(data: str, name: str, values: Mapping[str, float]) -> str:
    return f"| {data} | {name} | {' / '.join(f'{values[lang]:.3f}' for lang in LANGUAGES if lang in values)} |"


def main() -> None:
    """Print a row for each set and part."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    print("| set | what is left out | mixed mAP, en / zh |\n|---|---|---|")
    for folder in parser.parse_args().folders:
        ablated(folder, lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
