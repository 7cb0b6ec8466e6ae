"""greenask eval: how well the product does on questions and answers that others have written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import BadInput
from bot.shell import Shell, json_line, safe

if TYPE_CHECKING:
    from retrieval.beir import DataSet
    from retrieval.embed import Embedder
    from retrieval.evaluation import Measured, Ranker
    from retrieval.index import Progress

OURS = "greenask"
evaluation = typer.Typer(help="help_eval", no_args_is_help=True)


@evaluation.command(help="help_eval_retrieval")
def retrieval(
    folders: Annotated[list[Path], typer.Argument(help="arg_beir", metavar="DIR...", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="opt_eval_json")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="opt_compare")] = False,
    split: Annotated[str | None, typer.Option("--split", help="opt_split", show_default=False)] = None,
) -> None:
    """Index BEIR folders as records are indexed, ask their questions, and print how well the answers are found."""
    from retrieval.embed import make_embedder

    shell = Shell.start()
    # All are read before the first is measured: what is wrong with the last should not be said an hour later.
    sets = [_read(shell, folder, split) for folder in folders]
    embedder = make_embedder(shell.settings.embedder)
    done = []
    for data in sets:
        with shell.progress() as progress:
            measured = _measure(data, embedder, progress, compare=compare)
        if not as_json:
            _print(shell, data, measured)
        done.append(_as_json(data, measured))
    if as_json:
        print(json_line({"datasets": done}))


def _read(shell: Shell, folder: Path, split: str | None) -> DataSet:
    from retrieval import beir
    from retrieval.errors import DataSetBroken

    try:
        return beir.read(folder.expanduser(), split)
    except DataSetBroken as error:
        said = shell.speech.names("dataset_faults")[error.fault]
        raise BadInput(shell.speech.script(said.format(**error.detail))) from error


def _measure(data: DataSet, embedder: Embedder, progress: Progress, *, compare: bool) -> dict[str, Measured]:
    """What was measured, by the name of the ranker: the product's own, then the baselines."""
    from retrieval.baselines import baselines
    from retrieval.evaluation import Served, indexed, measure

    def asked(name: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(f"asked_{name}", done, total)

    with indexed(data, embedder, progress) as retriever:
        measured = {OURS: measure(data, Served(retriever), asked(OURS))}
        others: Mapping[str, Ranker] = {}
        if compare:
            others = baselines(data, retriever.index.segmenter, embedder, progress)
        return measured | {name: measure(data, ranker, asked(name)) for name, ranker in others.items()}


def _as_json(data: DataSet, measured: Mapping[str, Measured]) -> dict[str, Any]:
    others = {name: each.as_json() for name, each in measured.items() if name != OURS}
    return {"name": data.name, **measured[OURS].as_json(), **({"baselines": others} if others else {})}


def _print(shell: Shell, data: DataSet, measured: Mapping[str, Measured]) -> None:
    """Two tables: each direction by itself, then all documents together."""
    shell.line(shell.say("dataset", name=data.name, documents=len(data.documents), questions=len(data.questions)))
    first = measured[OURS]
    _table(shell, "directions", first.directions, lambda each: each.directions, measured)
    _table(shell, "mixed", first.mixed, lambda each: each.mixed, measured)
    if first.parity_gap is not None:
        gaps = (f"{shell.label('rankers', name)} {each.parity_gap:.3f}" for name, each in measured.items())
        shell.line(shell.say("parity_gap", gaps=shell.say("gap_comma").join(gaps)))
    shell.line("")


def _table(
    shell: Shell,
    titles: str,
    rows: Mapping[str, Mapping[str, float]],
    part: Callable[[Measured], Mapping[str, Mapping[str, float]]],
    measured: Mapping[str, Measured],
) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column(shell.label("eval_columns", titles))
    if len(measured) > 1:
        table.add_column(shell.label("eval_columns", "ranker"))
    for measure in next(iter(rows.values())):
        table.add_column(shell.label("measures", measure), justify="right")
    for cells in _cells(shell, titles, rows, part, measured):
        table.add_row(*map(safe, cells))
    shell.out.print(table)


def _cells(
    shell: Shell,
    titles: str,
    rows: Mapping[str, Mapping[str, float]],
    part: Callable[[Measured], Mapping[str, Mapping[str, float]]],
    measured: Mapping[str, Measured],
) -> Iterator[Sequence[str]]:
    for row in rows:
        for name, each in measured.items():
            named = [shell.label(titles, row) if name == OURS else ""]
            ranker = [shell.label("rankers", name)] if len(measured) > 1 else []
            yield [*named, *ranker, *(f"{value:.3f}" for value in part(each)[row].values())]
