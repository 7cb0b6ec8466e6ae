"""What a cell of a table says: texts, lists, numbers, and how each is written so that reading gives it back.

Each column has a shape: ``text``, ``list`` of texts, ``objects`` (a list of them), ``number``, ``whole`` or ``flag``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any

from knowledge.forms import columns
from knowledge.records import KINDS

_SHAPES: dict[Any, str] = {
    str: "text",
    str | None: "text",
    list[str]: "list",
    list[dict[str, Any]]: "objects",
    list[dict[str, str]]: "objects",
    float: "number",
    int | None: "whole",
    bool: "flag",
}
_YES = ("true", "yes", "1", "是")
_NO = ("false", "no", "0", "否")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
# A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@cache
def shapes(kind: str) -> dict[str, str]:
    """The shape of each column of a kind."""
    return {column: _SHAPES[KINDS[kind].model_fields[column].annotation] for column in columns(kind)}


def guard(text: str) -> str:
    """The text as a spreadsheet may safely hold it: an apostrophe goes before a formula sign or blanks at an end."""
    return f"'{text}" if _needs_guard(text) else text


def unguard(text: str) -> str:
    """The text of a cell, the guarding apostrophe taken off; blanks around any other text go."""
    text = text.replace("\r\n", "\n") if "\r" in text else text
    return text[1:] if text.startswith("'") and _needs_guard(text) else text.strip()


def _needs_guard(text: str) -> bool:
    rest = text.lstrip("'")
    return bool(rest) and (rest.startswith(_FORMULA) or rest[0].isspace() or rest[-1].isspace())


def read_cell(shape: str, cell: object) -> object:
    """What a CSV or XLSX cell says, None when empty.

    A cell that says nothing of this shape comes back as it is, for the rules to report.
    """
    if isinstance(cell, str):
        cell = unguard(cell)
    if cell is None or cell == "":
        return None
    return _CELL_READERS[shape](cell)


def read_json(shape: str, value: object) -> object:
    """What a JSON value says, None when empty; a number where a text belongs becomes its digits."""
    if value is None or value == "" or value == [] or value == {}:
        return None
    if shape == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        return _text(value)
    return _number(value) if shape == "number" else value


def write_cell(shape: str, value: Any) -> str | float | None:
    """The cell that :func:`read_cell` reads back as ``value``; numbers stay numbers."""
    if value is None or value == [] or value == "":
        return None
    if shape == "list":
        return guard(_joined(value))
    if shape == "objects":
        return json.dumps(value, ensure_ascii=False)
    if shape == "flag":
        return "true" if value else "false"
    return guard(value) if shape == "text" else float(value)


def _text(cell: object) -> object:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _list(cell: object) -> object:
    text = str(_text(cell))
    if text.startswith("["):
        listed = _json(text)
        if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
            return listed
    return [item.strip() for item in text.split("|") if item.strip()]


def _joined(items: list[str]) -> str:
    """``a | b``; as JSON where an item would not survive that."""
    plain = all(item and item == item.strip() and "|" not in item for item in items)
    text = " | ".join(items)
    return text if plain and not text.startswith("[") else json.dumps(items, ensure_ascii=False)


def _json(cell: object) -> object:
    try:
        return json.loads(cell) if isinstance(cell, str) else cell
    except (ValueError, RecursionError):
        return cell


def _number(cell: object) -> object:
    if isinstance(cell, str) and not _NUMBER.fullmatch(cell):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return cell
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def _whole(cell: object) -> object:
    number = _number(cell)
    return int(number) if isinstance(number, float) and number.is_integer() else cell


def _flag(cell: object) -> object:
    word = str(cell).casefold().removesuffix(".0")
    return True if word in _YES else False if word in _NO else cell


_CELL_READERS: dict[str, Callable[[object], object]] = {
    "text": _text,
    "list": _list,
    "objects": _json,
    "number": _number,
    "whole": _whole,
    "flag": _flag,
}
