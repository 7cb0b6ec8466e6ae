"""``greenask stats``: what is measured, and the figures of a metric as a reply, a chart or a table."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot import charts, figure_files, render
from bot.ask import read_lang
from bot.errors import BadInput
from bot.shell import OK, Shell, json_line
from bot.terminal import question, show

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.values import Answer


@dataclass(frozen=True)
class Files:
    """Where a chart and a table of the figures are to go."""

    chart: str | None = None
    tables: tuple[str, ...] = ()


def stats(shell: Shell, asked: str, files: Files, *, lang: str | None, as_json: bool, build: bool) -> int:
    """Print the figures of a metric, named by id or in words, and write the files asked for; without a metric, list them all."""
    hint = read_lang(shell, lang)
    _known_forms(shell, files)
    assistant = shell.assistant(build=build)
    with closing(assistant.kb):
        if not asked:
            return _list(shell, assistant, hint or shell.speech.lang)
        answer = _answer(shell, assistant, asked, hint)
        if as_json:
            print(json_line(render.as_json(answer)))
        else:
            show(shell, answer)
        _write(shell, assistant, answer, files)
    return OK


def save_tables(shell: Shell, answer: Answer, names: tuple[str, ...]) -> None:
    """Write the answer's figures to each of these files, CSV or XLSX by the end of its name."""
    for name in names:
        figure_files.needs_figures(answer, shell.speech)
        shell.save(name, figure_files.table(answer, Path(name).suffix.lower()))


def known_table(shell: Shell, name: str) -> None:
    """BadInput when a table cannot be written in the form that a file's name asks for."""
    if Path(name).suffix.lower() not in figure_files.FORMS:
        raise BadInput(shell.say("unknown_form", path=name, forms=", ".join(figure_files.FORMS)))


def _known_forms(shell: Shell, files: Files) -> None:
    for name in files.tables:
        known_table(shell, name)
    if files.chart and Path(files.chart).suffix.lower().removeprefix(".") not in charts.FORMATS:
        raise BadInput(shell.say("unknown_form", path=files.chart, forms=", ".join(f".{form}" for form in charts.FORMATS)))


def _answer(shell: Shell, assistant: Assistant, asked: str, hint: str | None) -> Answer:
    metric = assistant.figures_of(asked, hint or shell.speech.lang)
    return metric or assistant.answer_now(question(asked, shell.speech.lang, hint=hint))


def _write(shell: Shell, assistant: Assistant, answer: Answer, files: Files) -> None:
    save_tables(shell, answer, files.tables)
    if not files.chart:
        return
    if not charts.drawable(answer):
        raise BadInput(shell.say("no_chart"))
    drawn = answer
    if not charts.can_write(answer.lang):
        shell.note(shell.say("no_font"))
        drawn = _answer(shell, assistant, answer.question, "en")
    chart = charts.draw(drawn, Path(files.chart).suffix.lower().removeprefix("."))
    shell.save(files.chart, chart.data)
    shell.note(chart.alt)


def _list(shell: Shell, assistant: Assistant, lang: str) -> int:
    from knowledge.records import Metric
    from retrieval.language import base

    metrics = sorted(assistant.kb.all(Metric), key=lambda metric: (metric.topic or "", metric.id))
    shell.table([(metric.id, shell.speech.script(metric.name(base(lang)))) for metric in metrics])
    return OK
