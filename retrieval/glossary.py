"""A glossary of one's own: terms in both languages that the dictionary and the records lack, by setting.

A CSV file with the columns ``en`` and ``zh``; several words for the same thing are parted by semicolons.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from retrieval.errors import GlossaryBroken
from retrieval.language import HAN, fold, simplified
from retrieval.lexicon import Pair

COLUMNS = ("en", "zh")


def read(path: Path) -> list[Pair]:
    """Every (English, Chinese) pair of the file; :class:`GlossaryBroken` names the line that cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is None or not set(COLUMNS) <= {name.strip().lower() for name in rows.fieldnames if name}:
                raise GlossaryBroken(f"{path}, line 1: the first line names the columns en and zh")
            return [pair for row in rows for pair in _pairs(path, rows.line_num, row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no CSV file in UTF-8"
        raise GlossaryBroken(f"{path}: {reason}; set GREENASK_GLOSSARY to another file, or unset it") from error


def _pairs(path: Path, line: int, row: dict[str, str]) -> Iterator[Pair]:
    cells = {(name or "").strip().lower(): text or "" for name, text in row.items() if isinstance(text, str | None)}
    en, zh = (_words(cells.get(column, "")) for column in COLUMNS)
    if not en and not zh:
        return
    if not en or not zh or any(HAN.search(word) for word in en) or not all(HAN.search(word) for word in zh):
        raise GlossaryBroken(f"{path}, line {line}: a term needs English words under en and Chinese ones under zh")
    yield from ((one, other) for one in en for other in zh)


def _words(cell: str) -> Sequence[str]:
    parts = cell.replace("；", ";").split(";")
    return [fold(simplified(part.strip())) for part in parts if part.strip()]
