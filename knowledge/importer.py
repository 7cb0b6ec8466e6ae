"""Records from files: each row is read, checked and, when it keeps every rule, saved; the others are reported.

The form of the files is described in docs/import-format.md. A file is read once, a thousand rows at a time; rows
without a fault wait in a temporary file until every reference is known to lead somewhere; then all are saved at once.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from knowledge.cells import read_cell, read_json, shapes
from knowledge.dates import PartialDate
from knowledge.errors import ImportRefused
from knowledge.forms import build
from knowledge.records import KINDS, Record
from knowledge.rows import SOURCE_COLUMNS, Row, read_rows
from knowledge.rules import (
    CLOSED,
    DATES,
    URLS,
    Finding,
    country_code,
    faults,
    is_id,
    key_of,
    missing_reference,
    references,
)
from knowledge.store import Changes, KnowledgeBase

__all__ = ["Report", "import_file", "read_rows"]

_CHUNK = 1000
_CHILDREN = ("appearance", "statistic")
_BESIDE = {"listing": ("record", *SOURCE_COLUMNS)}
_ALL_COLUMNS = {column for kind in KINDS for column in shapes(kind)}
# What tells two records of a kind apart beside their name, when the file gives no id.
_APART: dict[str, tuple[str, ...]] = {
    "listing": ("website",),
    "organisation": ("website",),
    "programme": ("website",),
    "event": ("start",),
    "appearance": ("person", "event"),
    "statistic": (
        "metric", "as_of", "period_en", "period_zh", "place", "group",
        "scope_en", "scope_zh", "unit_en", "unit_zh", "sources",
    ),
    "taxon": ("scheme", "code"),
}  # fmt: skip
_FROM_COLUMN = {
    "name_en": "source_title",
    "name_zh": "source_title",
    "url": "source_url",
    "publisher_en": "source_publisher",
    "publisher_zh": "source_publisher",
    "date": "source_date",
}
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass
class Report:
    """What an import did, or would do: how many rows, which records, and what was wrong with the rest."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    same: int = 0
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    dry_run: bool = False
    changes: Changes = field(default_factory=Changes)

    @property
    def ok(self) -> bool:
        """Whether every row was good."""
        return not self.findings


@dataclass
class _Draft:
    """A row on its way to a record: ``given`` holds the columns it fills, None clears one; ``source`` is made along."""

    number: int
    row: Row
    kind: str
    given: dict[str, Any]
    source: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        return key_of(self.kind, self.given)

    def finding(self, name: str, value: object, rule: str, **detail: Any) -> Finding:
        return self.placed(Finding(None, self.key, name, str(value)[:160], rule, detail))

    def placed(self, finding: Finding) -> Finding:
        return _placed(finding, self.row.line, self.row.part)


@dataclass(frozen=True)
class _Link:
    """A column of a row that names a record which is not in the knowledge base yet."""

    number: int
    line: int
    part: str | None
    key: str
    field: str
    named: str


def import_file(
    kb: KnowledgeBase,
    path: str | Path,
    *,
    kind: str | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Import the good rows of a file, all in one transaction, and report the others.

    ``kind`` is the kind of rows that do not name one (a listing unless told); ``progress`` hears how many are read.
    A file that cannot be read at all is :class:`ImportRefused`.
    """
    if kind is not None and kind not in KINDS:
        raise ImportRefused(f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
    report = Report(dry_run=dry_run)
    rows = read_rows(path, report.warnings)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as waiting:
        check = _Check(kb, report, waiting)
        while chunk := list(islice(rows, _CHUNK)):
            check.take([_draft(report.rows + number, row, kind) for number, row in enumerate(chunk)])
            report.rows += len(chunk)
            if progress:
                progress(report.rows)
        check.follow_references()
        write = kb.compare if dry_run else kb.save
        report.changes = write(_good(waiting, check.bad), origin="import")
    _count(report, check.made)
    return report


class _Check:
    """The rows of one import: which are bad, which keys they bring, and the references still to be followed."""

    def __init__(self, kb: KnowledgeBase, report: Report, waiting: IO[str]) -> None:
        self.kb = kb
        self.report = report
        self.waiting = waiting
        self.bad: set[int] = set()
        self.made: set[str] = set()
        self.rows: dict[str, tuple[int, int]] = {}  # key → number and line of the row that brings it
        self.links: list[_Link] = []
        self.warned: set[tuple[str, str]] = set()

    def take(self, drafts: list[_Draft]) -> None:
        """Check each row by itself; one without a fault goes to the waiting file."""
        keys = [draft.key for draft in drafts if is_id(draft.given.get("id"))]
        keys += [f"source/{draft.source['id']}" for draft in drafts if draft.source]
        present = {record.key: record for record in self.kb.fetch(keys)}
        links: list[_Link] = []
        for draft in drafts:
            self._warn(draft)
            fields = _stated(draft.kind, draft.given, present)
            source = _named(_stated("source", draft.source, present)) if draft.source else None
            found = [*self._first_of_its_key(draft), *_faults(draft, fields, source)]
            if found:
                self.report.findings += found
                self.bad.add(draft.number)
                continue
            links += _links(draft, fields)
            if source:
                self.made.add(f"source/{source['id']}")
            self.waiting.write(json.dumps([draft.number, draft.kind, fields, source]) + "\n")
        self._follow_later(links)

    def follow_references(self) -> None:
        """Refuse the rows that name a record no one has, then those that name a refused row, and so on."""
        named_by: dict[int, list[_Link]] = defaultdict(list)
        for link in self.links:
            if link.named in self.rows:
                named_by[self.rows[link.named][0]].append(link)
            else:
                self._refuse(link, missing_reference(link.key, link.field, link.named))
        refused = list(self.bad)
        while refused:
            for link in named_by[refused.pop()]:
                if link.number not in self.bad:
                    refused.append(link.number)
                detail = {"other": self.rows[link.named][1]}
                id_ = link.named.partition("/")[2]
                self._refuse(link, Finding(None, link.key, link.field, id_, "reference_row", detail))
        self.report.findings.sort(key=lambda finding: (finding.detail.get("part") or "", finding.line or 0))

    def _refuse(self, link: _Link, finding: Finding) -> None:
        self.bad.add(link.number)
        self.report.findings.append(_placed(finding, link.line, link.part))

    def _first_of_its_key(self, draft: _Draft) -> Iterator[Finding]:
        if not draft.given.get("id"):
            return
        number, line = self.rows.setdefault(draft.key, (draft.number, draft.row.line))
        if number != draft.number:
            yield draft.finding("id", draft.given["id"], "duplicate_id", other=line)

    def _follow_later(self, links: list[_Link]) -> None:
        there = self.kb.existing(link.named for link in links)
        self.links += (link for link in links if link.named not in there)

    def _warn(self, draft: _Draft) -> None:
        """Report each column that this kind does not have, once."""
        for name, cell in draft.row.cells.items() if draft.kind in KINDS else ():
            known = name in shapes(draft.kind) or name in _BESIDE.get(draft.kind, ("record",))
            if known or (draft.kind, name) in self.warned or (name in _ALL_COLUMNS and _empty(cell)):
                continue
            self.warned.add((draft.kind, name))
            self.report.warnings.append(draft.finding(name, cell, "unknown_field", kind=draft.kind))


def _draft(number: int, row: Row, kind: str | None) -> _Draft:
    read = read_json if row.is_json else read_cell
    named = read("text", row.cells.get("record"))
    kind = str(named).strip().lower() if named else row.kind or kind or "listing"
    if kind not in KINDS:
        return _Draft(number, row, kind, {})
    of = shapes(kind)
    given = {name: _tidied(kind, name, read(of[name], cell)) for name, cell in row.cells.items() if name in of}
    if not given.get("id"):
        given["id"] = derived_id(kind, given)
    source = _source(row) if kind == "listing" else None
    if source:
        listed = given.get("sources") or []
        # A wrong value stays, for the rules to report.
        given["sources"] = list(dict.fromkeys([*listed, source["id"]])) if isinstance(listed, list) else listed
    return _Draft(number, row, kind, given, source)


def derived_id(kind: str, fields: Mapping[str, Any]) -> str | None:
    """The id of a record that comes without one, the same at each import; None when nothing tells it apart."""
    page = fields.get("listing_url") or fields.get("url")
    name = fields.get("name_en") or fields.get("name_zh")
    beside = [fields.get(column) for column in _APART.get(kind, ())]
    if not (page or name or any(beside)):
        return None
    text = json.dumps([page] if page else [name, *beside], ensure_ascii=False)
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return f"{kind}-{hashlib.sha256(plain.encode(errors='replace')).hexdigest()[:16]}"


def _tidied(kind: str, name: str, value: object) -> object:
    """A value as the rules want it: dates and closed values in their one form, a country by its code."""
    if not isinstance(value, str):
        return value
    if name == "country":
        return country_code(value) or value
    if (kind, name) in CLOSED:
        return value.strip().lower()
    if name in DATES:
        return _date(value.strip())
    return value.strip() if name in URLS or name == "id" else value


def _date(text: str) -> str:
    try:
        return str(PartialDate.parse(text))
    except ValueError:
        return text


def _source(row: Row) -> dict[str, Any] | None:
    """The source a listing's own row describes."""
    read = read_json if row.is_json else read_cell
    title, url, publisher, date = (read("text", row.cells.get(name)) for name in SOURCE_COLUMNS)
    if not (title or url or publisher or date):
        return None
    fields = {
        "id": derived_id("source", {"url": url, "name_en": title or publisher or date}),
        _in_its_language("name", title): title,
        _in_its_language("publisher", publisher): publisher,
        "url": url,
        "date": _tidied("source", "date", date),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _named(source: dict[str, Any]) -> dict[str, Any]:
    """The source, called by its address or publisher when it has no title."""
    name = source.get("url") or source.get("publisher_en") or source.get("publisher_zh")
    if name and not (source.get("name_en") or source.get("name_zh")):
        source[_in_its_language("name", name)] = name
    return source


def _in_its_language(name: str, text: object) -> str:
    return f"{name}_zh" if _CHINESE.search(str(text)) else f"{name}_en"


def _stated(kind: str, given: Mapping[str, Any], present: Mapping[str, Record]) -> dict[str, Any]:
    """What the record says after this row: the columns of the row, and what stands in the others now."""
    before = present.get(key_of(kind, given))
    fields = {**(before.content() if before else {}), **given}
    return {name: value for name, value in fields.items() if value is not None}


def _faults(draft: _Draft, fields: Mapping[str, Any], source: Mapping[str, Any] | None) -> Iterator[Finding]:
    if draft.row.fault:
        yield draft.row.fault
        return
    found = faults({"record": draft.kind, **fields})
    # An id may be left out; a row with nothing to make one from has other faults to mend.
    without_id = [finding for finding in found if (finding.field, finding.rule) != ("id", "required")]
    yield from map(draft.placed, without_id or found)
    for finding in faults({"record": "source", **source}) if source else ():
        yield draft.placed(replace(finding, key=draft.key, field=_FROM_COLUMN.get(finding.field, "source_title")))


def _links(draft: _Draft, fields: Mapping[str, Any]) -> Iterator[_Link]:
    own = f"source/{draft.source['id']}" if draft.source else None
    for name, key in references(draft.kind, fields):
        if key != own:
            yield _Link(draft.number, draft.row.line, draft.row.part, draft.key, name, key)


def _placed(finding: Finding, line: int, part: str | None) -> Finding:
    return replace(finding, line=line, detail={**finding.detail, **({"part": part} if part else {})})


def _good(waiting: IO[str], bad: set[int]) -> Iterator[Record]:
    """The records of the rows that are not bad; those that name others by foreign key come last."""
    made: set[str] = set()
    for children in (False, True):
        waiting.seek(0)
        for line in waiting:
            number, kind, fields, source = json.loads(line)
            if number in bad or (kind in _CHILDREN) is not children:
                continue
            if source and source["id"] not in made:
                made.add(source["id"])
                yield build("source", source)
            yield build(kind, fields)


def _count(report: Report, made: set[str]) -> None:
    """Count the records that have a row; the sources made along with them are in ``changes``."""
    for what in ("added", "changed", "same"):
        setattr(report, what, sum(key not in made for key in getattr(report.changes, what)))


def _empty(cell: Any) -> bool:
    return cell is None or not str(cell).strip() or cell in ([], {})
