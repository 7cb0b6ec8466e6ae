"""Records into files that people open elsewhere, and that import back to the same records.

A ``.jsonl`` file takes every kind, an ``.xlsx`` file a sheet a kind, a ``.csv`` file one kind, a folder ``.csv`` files.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from knowledge.cells import shapes, write_cell
from knowledge.errors import ExportRefused
from knowledge.forms import nested
from knowledge.records import KINDS, Record
from knowledge.store import KnowledgeBase

_AT_A_TIME = 1000
_LONGEST_CELL = 32_767
_ROWS_OF_A_SHEET = 1_048_576
# XML cannot hold these; the rules for records do not let them in either.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def export(kb: KnowledgeBase, path: str | Path, *, kinds: Sequence[str] | None = None) -> dict[str, int]:
    """Write the records of ``kinds``, all unless told, to a file or folder; returns how many of each kind.

    A file that is there already is replaced when the new one is complete. What has no known form is
    :class:`ExportRefused`.
    """
    path = Path(path)
    unknown = sorted(set(kinds or ()) - set(KINDS))
    if unknown:
        raise ExportRefused(f"there is no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
    wanted = [kind for kind in KINDS if kind in (kinds or KINDS)]
    if path.is_dir() or not path.suffix:
        return _export_folder(kb, path, wanted)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ExportRefused(f"{path} has no known form; name a .jsonl, .csv or .xlsx file, or a folder")
    if write is _write_csv:
        wanted = [_only_kind(path, kinds)]
    return _replaced(path, lambda part: write(kb, part, wanted))


def _export_folder(kb: KnowledgeBase, folder: Path, kinds: Sequence[str]) -> dict[str, int]:
    counts = kb.counts()
    there = [kind for kind in kinds if counts[kind]]
    for kind in there:
        export(kb, folder / f"{kind}.csv", kinds=[kind])
    return {kind: counts[kind] for kind in there}


def _only_kind(path: Path, kinds: Sequence[str] | None) -> str:
    """The one kind that a CSV file takes: the one asked for, or the one the file is named after."""
    asked = list(kinds) if kinds else [path.stem.lower()]
    if len(asked) == 1 and asked[0] in KINDS:
        return asked[0]
    raise ExportRefused(f"{path} takes one kind; ask for one of {', '.join(KINDS)}, or for an .xlsx or .jsonl file")


def _replaced(path: Path, write: Callable[[Path], dict[str, int]]) -> dict[str, int]:
    """Write beside ``path`` first, so that a half-written file never takes its place."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            part = Path(folder) / path.name
            counts = write(part)
            part.replace(path)
    except OSError as error:
        raise ExportRefused(f"{path} cannot be written: {error.strerror}; choose another place") from error
    return counts


def _write_jsonl(kb: KnowledgeBase, path: Path, kinds: Sequence[str]) -> dict[str, int]:
    counts = {}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for kind in kinds:
            counts[kind] = 0
            for record in _records(kb, kind):
                file.write(json.dumps({"record": kind, **nested(_in_order(record))}, ensure_ascii=False) + "\n")
                counts[kind] += 1
    return counts


def _write_csv(kb: KnowledgeBase, path: Path, kinds: Sequence[str]) -> dict[str, int]:
    (kind,) = kinds
    count = 0
    # Excel takes a CSV file for UTF-8 only by its byte order mark.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["record", *shapes(kind)])
        for record in _records(kb, kind):
            writer.writerow([_plain(cell) for cell in _row(record)])
            count += 1
    return {kind: count}


def _write_xlsx(kb: KnowledgeBase, path: Path, kinds: Sequence[str]) -> dict[str, int]:
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    try:
        counts = {kind: _fill(workbook.create_sheet(kind), kb, kind) for kind in kinds}
    except ExportRefused:
        # A sheet left open complains when it is collected.
        for sheet in workbook.worksheets:
            sheet.close()
        raise
    workbook.save(path)
    return counts


def _fill(sheet: Any, kb: KnowledgeBase, kind: str) -> int:
    sheet.freeze_panes = "A2"
    sheet.append(["record", *shapes(kind)])
    count = 0
    for count, record in enumerate(_records(kb, kind), 1):
        if count >= _ROWS_OF_A_SHEET:
            raise ExportRefused(f"a sheet has {_ROWS_OF_A_SHEET} rows at most, {kind} needs more; write .jsonl or .csv")
        sheet.append([_in_a_sheet(record, cell) for cell in _row(record)])
    return count


def _in_order(record: Record) -> Record:
    """The record with its fields in the order of the table; as read, they are in the order of the database."""
    return type(record)(**{name: getattr(record, name) for name in shapes(record.KIND)})


def _row(record: Record) -> list[str | float | None]:
    return [record.KIND, *(write_cell(shape, getattr(record, name)) for name, shape in shapes(record.KIND).items())]


def _plain(cell: str | float | None) -> str | None:
    return repr(cell).removesuffix(".0") if isinstance(cell, float) else cell


def _in_a_sheet(record: Record, cell: str | float | None) -> str | float | None:
    """The cell as XLSX can hold it; a number that would lose digits there goes as text."""
    if isinstance(cell, float):
        return cell if float(f"{cell:.16g}") == cell else _plain(cell)
    if cell is not None and len(cell) > _LONGEST_CELL:
        raise ExportRefused(f"{record.key} has a text that no XLSX cell can hold; write .jsonl or .csv")
    return _NOT_IN_XML.sub("\ufffd", cell) if cell else cell


def _records(kb: KnowledgeBase, kind: str) -> Iterator[Record]:
    """The records of a kind by id, without holding them all."""
    table = KINDS[kind]
    with kb.session() as session:
        statement = select(table).order_by(col(table.id)).execution_options(yield_per=_AT_A_TIME)
        yield from session.exec(statement)


_WRITERS: dict[str, Callable[[KnowledgeBase, Path, Sequence[str]], dict[str, int]]] = {
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
}
