"""How many records of a kind there are that say this: counted in the database, so that the number is that of all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, func, literal, or_
from sqlmodel import select

from knowledge.records import KINDS, Organisation
from knowledge.store import KnowledgeBase

Words = Sequence[Sequence[str]]  # ways of saying one thing, each of words that must all be there
_SPOKEN = ("name_en", "name_zh", "summary_en", "summary_zh", "tags_en", "tags_zh")
_BREAKS = ("-", "/", "(", ")", '"', ",", ".")


def count(kb: KnowledgeBase, kind: str, *, equals: Mapping[str, Sequence[str]], about: Sequence[Words] = ()) -> int | None:
    """The number of records of ``kind`` whose fields have one of the values in ``equals`` and that speak of each of ``about``.

    A person is where their organisation is; a field of lists has a value when it holds it. None when records of this kind have
    no such field, so that there is nothing to count by.
    """
    table = KINDS[kind]
    conditions: list[ColumnElement[bool]] = []
    for name, values in equals.items():
        condition = _has(table, name, values)
        if condition is None:
            return None
        conditions.append(condition)
    conditions += [or_(*(and_(*(_speaks(table, word) for word in words)) for words in ways)) for ways in about]
    with kb.session() as session:
        return int(session.exec(select(func.count()).select_from(table).where(*conditions)).one())


def _has(table: Any, name: str, values: Sequence[str]) -> ColumnElement[bool] | None:
    if name not in table.model_fields:
        if name in ("country", "city") and "organisation" in table.model_fields:
            there = select(Organisation.id).where(getattr(Organisation, name).in_(values))
            return _condition(table.organisation.in_(there))
        return None
    column = getattr(table, name)
    if table.model_fields[name].annotation is str or table.model_fields[name].annotation == (str | None):
        return _condition(
            or_(*(column.startswith(value, autoescape=True) for value in values)) if name == "start" else column.in_(values)
        )
    return or_(*(cast(column, Text).contains(json.dumps(value), autoescape=True) for value in values))


def _condition(expression: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = expression
    return found


def _speaks(table: Any, word: str) -> ColumnElement[bool]:
    """Whether a word stands in a record's name, summary or tags: English ones where a word begins, Chinese ones anywhere."""
    fields = [name for name in _SPOKEN if name in table.model_fields]
    return or_(*(_holds(getattr(table, name), word, listed=name.startswith("tags")) for name in fields))


def _holds(column: Any, word: str, *, listed: bool) -> ColumnElement[bool]:
    text: Any = func.lower(cast(column, Text))
    if not word.isascii():
        # Lists are kept as JSON, which writes Chinese characters as escapes.
        needle = json.dumps(word)[1:-1] if listed else word
        return _condition(text.contains(needle, autoescape=True))
    for mark in _BREAKS:
        text = func.replace(text, mark, " ")
    return _condition((literal(" ") + text).contains(f" {word.lower()}", autoescape=True))
