"""Usage as files that people open elsewhere: CSV, XLSX with a sheet a table. No cell is taken for a formula."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.errors import BadInput
from bot.speech import Speech
from bot.staff.usage import Usage
from knowledge.cells import guard

Cell = str | float | int | None
Table = tuple[str, list[str], list[list[Cell]]]

FORMS = (".csv", ".xlsx")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def tables(usage: Usage, speech: Speech) -> Iterator[Table]:
    """Name, headings and rows of each table of a usage report, in the reader's language."""
    word = speech.names("usage")
    labels = speech.names("usage_rows")
    yield word["summary"], [word["what"], word["value"]], [[labels[key], value] for key, value in _summary(usage).items()]
    head = [word[key] for key in ("day", "channel", "language", "questions")]
    yield word["days"], head, [[each.day.isoformat(), each.channel, each.lang, each.questions] for each in usage.days]
    kinds = speech.names("routes")
    rows: list[list[Cell]] = [[kinds.get(kind, kind), number] for kind, number in usage.kinds.items()]
    yield word["kinds"], [word["kind"], word["questions"]], rows
    yield (
        word["topics"],
        [word["topic"], word["questions"]],
        [[topic(each.table, each.value, speech), each.questions] for each in usage.topics],
    )
    names = [each.name_en if speech.base == "en" else each.name_zh for each in usage.listings]
    listed: list[list[Cell]] = [[each.key, name, each.answers] for each, name in zip(usage.listings, names, strict=True)]
    yield word["listings"], [word["key"], word["name"], word["answers"]], listed
    if usage.models:
        yield _models(usage, speech)


def _models(usage: Usage, speech: Speech) -> Table:
    """What a language model was used for, and what it cost where prices are set."""
    word, jobs = speech.names("usage"), speech.names("model_jobs")
    head = [word[key] for key in ("model", "job", "requests", "failed", "tokens_in", "tokens_out")]
    rows: list[list[Cell]] = [
        [each.model, jobs.get(each.job, each.job), each.requests, each.failed, each.tokens_in, each.tokens_out]
        for each in usage.models
    ]
    if usage.currency:
        head.append(f"{word['cost']} ({usage.currency})")
        rows = [[*row, each.cost] for row, each in zip(rows, usage.models, strict=True)]
    return word["models"], head, rows


def topic(table: str, value: str, speech: Speech) -> str:
    """The word for a topic."""
    from knowledge.vocabulary import load

    if table == "sector":
        return load().label("sectors", value, speech.base) or value
    return speech.names("record_kinds").get(value, value)


def _summary(usage: Usage) -> dict[str, Cell]:
    return {
        "since": usage.period.since.isoformat(),
        "until": usage.period.until.isoformat(),
        "questions": usage.questions,
        "conversations": usage.conversations,
        "returning": usage.returning,
        **usage.statuses,
        "curated": usage.curated,
        "liked": usage.liked,
        "disliked": usage.disliked,
        "dislike_rate": None if usage.dislike_rate is None else round(usage.dislike_rate, 4),
        "median_ms": usage.median_ms,
        "p95_ms": usage.p95_ms,
    }


def write(usage: Usage, path: Path, speech: Speech) -> None:
    """Write the report; a file that is there already is replaced when the new one is complete."""
    if path.suffix.lower() not in FORMS:
        raise BadInput(speech.say("file_form", path=path, forms="、".join(FORMS) if speech.base == "zh" else ", ".join(FORMS)))
    found = list(tables(usage, speech))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".usage-") as folder:
            part = Path(folder) / path.name
            (_write_csv if path.suffix.lower() == ".csv" else _write_xlsx)(part, found, speech)
            part.replace(path)
    except OSError as error:
        raise BadInput(speech.say("file_refused", path=path, reason=error.strerror or error)) from error


def _write_csv(path: Path, found: Sequence[Table], speech: Speech) -> None:
    # Excel takes a CSV file for UTF-8 only by its byte order mark.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for number, (name, head, rows) in enumerate(found):
            if number:
                writer.writerow([])
            writer.writerow([_cell(name, speech)])
            writer.writerow([_cell(cell, speech) for cell in head])
            writer.writerows([_cell(cell, speech) for cell in row] for row in rows)


def _write_xlsx(path: Path, found: Sequence[Table], speech: Speech) -> None:
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    for name, head, rows in found:
        sheet = workbook.create_sheet(speech.script(name))
        sheet.freeze_panes = "A2"
        sheet.append([_cell(cell, speech) for cell in head])
        for row in rows:
            sheet.append([_cell(cell, speech) for cell in row])
    workbook.save(path)


def _cell(cell: Cell, speech: Speech) -> Cell:
    """The cell as a spreadsheet may hold it: text guarded, and without what XML cannot say."""
    if not isinstance(cell, str):
        return cell
    return guard(speech.script(_NOT_IN_XML.sub("\ufffd", cell)))
