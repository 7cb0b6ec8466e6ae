"""The figures of an answer as a table that people open elsewhere, each row with its source."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from bot.errors import BadInput
from bot.speech import Speech
from bot.values import Answer, Figure
from knowledge.cells import guard

COLUMNS = (
    "question", "metric", "label", "value", "qualifier", "unit", "scope", "as_of", "group", "note", "source", "publisher",
    "published", "link",
)  # fmt: skip
FORMS = (".csv", ".xlsx")
Cell = str | float | int | None


def table(answer: Answer, form: str) -> bytes:
    """The answer's figures as a CSV or XLSX file; ``form`` is one of FORMS. Text that a spreadsheet would run is disarmed."""
    rows = [_row(answer, figure) for figure in answer.figures]
    return _xlsx(rows) if form == ".xlsx" else _csv(rows)


def needs_figures(answer: Answer, speech: Speech) -> None:
    """BadInput when there is nothing to put into a file."""
    if not answer.figures:
        raise BadInput(speech.script(speech.say("no_figures_to_save")))


def _row(answer: Answer, figure: Figure) -> list[Cell]:
    speech = Speech(answer.lang)
    said = figure.as_dict()
    source = figure.source
    cited = [source.title, source.publisher, source.date, source.url] if source else [None] * 4
    cells: list[Cell] = [
        answer.question, figure.metric, figure.label, said["value"], figure.qualifier, figure.unit, figure.scope, figure.as_of,
        figure.group, figure.note, *cited,
    ]  # fmt: skip
    translated = (2, 5, 6, 9, 10, 11)
    return [
        guard(speech.script(cell) if place in translated else cell) if isinstance(cell, str) else cell
        for place, cell in enumerate(cells)
    ]


def _csv(rows: list[list[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    # Excel takes a CSV file for UTF-8 only by its byte order mark.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[list[Cell]]) -> bytes:
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("statistics")
    sheet.freeze_panes = "A2"
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append(list(_printable(row)))
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _printable(row: list[Cell]) -> Iterator[Cell]:
    """Cells without the control characters that XML cannot hold."""
    for cell in row:
        yield "".join(char for char in cell if char.isprintable() or char in "\n\t") if isinstance(cell, str) else cell
