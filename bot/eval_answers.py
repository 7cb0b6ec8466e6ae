"""greenask eval answers: ask the questions of a file and say how good the answers are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell import OK, Shell, json_line

if TYPE_CHECKING:
    from bot.answer_measures import Outcome

_ROWS = ("questions", "answerable", "unanswerable", "hit_1", "hit_3", "mrr", "false_answers", "missed", "forbidden_shown")


def answers(
    file: Annotated[Path, typer.Argument(help="arg_answers", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="opt_eval_json")] = False,
    failures: Annotated[bool, typer.Option("--failures", help="opt_failures")] = False,
    no_build: Annotated[bool, typer.Option("--no-build", help="opt_no_build_ask")] = False,
) -> None:
    """Measure the answers to a file of questions."""
    shell = Shell.start()
    raise typer.Exit(_measured(shell, file, as_json=as_json, failures=failures, build=not no_build))


def _measured(shell: Shell, file: Path, *, as_json: bool, failures: bool, build: bool) -> int:
    from bot import answer_measures
    from bot.answer_cases import BadCases, load
    from bot.errors import BadInput

    try:
        cases = load(file.expanduser())
    except BadCases as error:
        raise BadInput(shell.say(error.fault, **error.values)) from error
    assistant = shell.assistant(build=build)
    with closing(assistant.kb):
        outcomes = list(answer_measures.ask_all(cases, assistant.answer_now))
    if as_json:
        print(json_line(answer_measures.as_dict(outcomes, failures=failures)))
        return OK
    _print_table(shell, outcomes)
    if failures:
        _print_failures(shell, outcomes)
    return OK


def _print_table(shell: Shell, outcomes: Sequence[Outcome]) -> None:
    from bot.answer_measures import by_form, difference, measure

    columns = {shell.label("answer_columns", "all"): measure(outcomes)}
    columns |= {shell.label("answer_columns", form): measure(found) for form, found in by_form(outcomes).items()}
    gaps = difference(outcomes)
    rows = [["", *columns, shell.label("answer_columns", "difference")]]
    for name in _ROWS:
        cells = [_shown(getattr(found, name)) for found in columns.values()]
        rows.append([shell.label("answer_measures", name), *cells, _shown(gaps.get(name))])
    shell.table(rows, right=True)


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _print_failures(shell: Shell, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.faults:
            faults = ", ".join(shell.label("answer_faults", fault) for fault in outcome.faults)
            shown = " ".join(outcome.shown[:5]) or "–"
            shell.line(
                shell.say(
                    "answer_failure",
                    id=outcome.case.id,
                    lang=outcome.form,
                    text=outcome.case.ask[outcome.form],
                    faults=faults,
                    status=outcome.status,
                    shown=shown,
                )
            )
