"""Questions with known answers: the files that ``greenask eval answers`` reads, as values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.values import ANSWERED, STATUSES
from retrieval.language import parse

SILENT = frozenset({"not_found", "out_of_scope"})
UNTOLD = "auto"  # the language of a question that names none
_YAML = (".yaml", ".yml")
_FIELDS = frozenset(
    {"id", "text", "ask", "lang", "expected", "forbidden", "answerable", "kind", "items", "not_items", "status", "says", "never"}
)


class BadCases(BotError):
    """A file of questions that does not follow the form: what is the matter (a key of messages), and where."""

    def __init__(self, fault: str, **values: object) -> None:
        super().__init__(fault)
        self.fault = fault
        self.values = values


@dataclass(frozen=True)
class Case:
    """One thing to find out: the question in each language or form, the ids of records that answer it, those that must not be

    shown, and whether there is an answer at all (``None`` when either will do). ``lang`` is a hint given along with the question.
    """

    id: str
    ask: Mapping[str, str]
    expected: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    answerable: bool | None = True
    lang: str | None = None


def load(path: Path) -> list[Case]:
    """The cases of a JSONL or YAML file, all of them checked; raises BadCases."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadCases("file_unreadable", path=path, reason=error.strerror or error) from error
    except UnicodeDecodeError as error:
        raise BadCases("line_not_utf8") from error
    rows = _yaml_rows(text) if path.suffix.lower() in _YAML else _json_rows(text)
    cases: dict[str, Case] = {}
    for place, row in rows:
        case = _case(place, row)
        if case.id in cases:
            raise BadCases("case_twice", place=place, id=case.id)
        cases[case.id] = case
    if not cases:
        raise BadCases("cases_none", path=path)
    return list(cases.values())


def _json_rows(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield str(number), json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadCases("case_not_json", place=number, reason=error) from error


def _yaml_rows(text: str) -> Iterator[tuple[str, Any]]:
    import yaml

    try:
        rows = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe loaders)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadCases("cases_not_yaml", reason=" ".join(str(error).split())) from error
    if not isinstance(rows, list):
        raise BadCases("cases_no_list")
    yield from ((str(number), row) for number, row in enumerate(rows, 1))


def _case(place: str, row: Any) -> Case:
    if not isinstance(row, Mapping):
        raise BadCases("case_no_mapping", place=place)
    if unknown := sorted(map(str, set(row) - _FIELDS)):
        raise BadCases("case_fields", place=place, fields=", ".join(unknown))
    if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool) or not str(row["id"]).strip():
        raise BadCases("case_no_id", place=place)
    lang = row.get("lang")
    if lang is not None and (not isinstance(lang, str) or parse(lang) is None):
        raise BadCases("case_lang", place=place, value=lang)
    expected = _ids(place, row, "expected", "items")
    answerable = _answerable(place, row)
    if expected and answerable is False:
        raise BadCases("case_contradicts", place=place)
    return Case(str(row["id"]), _ask(place, row), expected, _ids(place, row, "forbidden", "not_items"), answerable, lang)


def _ask(place: str, row: Mapping[str, Any]) -> Mapping[str, str]:
    if ("text" in row) == ("ask" in row):
        raise BadCases("case_asks", place=place)
    ask = row["ask"] if "ask" in row else {row.get("lang") or UNTOLD: row["text"]}
    if not isinstance(ask, Mapping) or not ask or not all(isinstance(text, str) for text in ask.values()):
        raise BadCases("case_asks", place=place)
    return {str(form): text for form, text in ask.items()}


def _ids(place: str, row: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        ids = row.get(name) or []
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise BadCases("case_ids", place=place, field=name)
        found += ids
    return tuple(found)


def _answerable(place: str, row: Mapping[str, Any]) -> bool | None:
    if "answerable" in row:
        if not isinstance(row["answerable"], bool):
            raise BadCases("case_answerable", place=place)
        return bool(row["answerable"])
    status = row.get("status", ANSWERED)
    wanted = {status} if isinstance(status, str) else set(map(str, status)) if isinstance(status, list) else set()
    if not wanted or wanted - set(STATUSES):
        raise BadCases("case_status", place=place, value=status)
    if wanted & SILENT:
        return False if wanted <= SILENT else None
    return True
