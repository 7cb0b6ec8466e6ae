"""The rules a record keeps, and what is said when it does not.

``check`` takes one record, or its fields with ``record`` naming the kind, and returns a :class:`Finding` for each rule
it breaks. What a rule says to a reader stands in ``locales/en.yaml`` and ``locales/zh.yaml``, under the id of the rule.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as column
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from knowledge import vocabulary
from knowledge.cells import shapes
from knowledge.dates import PartialDate
from knowledge.records import EVENT_ROLES, KINDS, LANGUAGES, LISTING_KINDS, MACHINE, QUALIFIERS, SECTORS, STAGES, Record
from knowledge.starter import read_yaml

LOCALES = Path(__file__).parent / "locales"
LONGEST = 20_000
SHOWN = 80

CLOSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("listing", "kind"): LISTING_KINDS,
    ("listing", "sector"): SECTORS,
    ("listing", "stage"): STAGES,
    ("statistic", "qualifier"): QUALIFIERS,
}
DATES = ("date", "listed_date", "start", "end", "as_of", "partner_since")
URLS = ("website", "listing_url", "url", "public_url")
# Columns that hold the id, or the ids, of another record, and of what kind.
REFERENCES: dict[tuple[str, str], str] = {
    ("listing", "organisation"): "organisation",
    ("person", "organisation"): "organisation",
    ("appearance", "person"): "person",
    ("appearance", "event"): "event",
    ("appearance", "organisation"): "organisation",
    ("programme", "parent"): "programme",
    ("programme", "organisations"): "organisation",
    ("statistic", "metric"): "metric",
    ("taxon", "parent"): "taxon",
    **{(kind, "sources"): "source" for kind in KINDS},
}
# An appearance is named by its person, a figure by its metric; a source is one, and a metric's figures have theirs.
NAMELESS = ("appearance", "statistic")
UNSOURCED = ("source", "metric")

_BLANK = re.compile(r"\s")
_WIDE_BLANKS = "\u00a0\u2009\u202f\u3000"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", re.ASCII)
# Codes that are set aside beside ISO 3166, not countries of it.
_RESERVED = ("AC", "CP", "CQ", "DG", "EA", "IC", "TA", "XK")

Broken = tuple[str, object, str, dict[str, Any]]  # field, value, rule, detail


@dataclass(frozen=True)
class Finding:
    """One value that breaks one rule: where it stands, what it is, which rule."""

    line: int | None
    key: str
    field: str
    value: str
    rule: str
    detail: dict[str, Any] = column(default_factory=dict, hash=False)

    def message(self, lang: str) -> str:
        """What was met, which rule it breaks and what to do, in ``lang`` (en or zh)."""
        words = _words(lang if lang in LANGUAGES else "en")
        detail = {name: _said(name, value, words) for name, value in self.detail.items()}
        said = words["findings"][self.rule].format(value=shown(self.value), **detail)
        return f"{self._where(words['where'])}{said}"

    def _where(self, words: Mapping[str, str]) -> str:
        parts = [
            shown(self.detail.get("part") or ""),
            words["line"].format(line=self.line) if self.line is not None else "",
            shown(self.key),
            shown(self.field),
        ]
        place = words["comma"].join(part for part in parts if part)
        return place + words["end"] if place else ""


def check(item: Record | Mapping[str, Any], known: Container[str], *, line: int | None = None) -> list[Finding]:
    """Every rule a record breaks. ``known`` holds the keys that references may name, such as ``organisation/bcaa``."""
    kind, fields = _taken_apart(item)
    found = faults(item, line=line)
    if kind not in KINDS:
        return found
    own = key_of(kind, fields)
    lost = [(name, key) for name, key in references(kind, fields) if key not in known]
    return found + [missing_reference(own, name, key, line) for name, key in lost]


def faults(item: Record | Mapping[str, Any], *, line: int | None = None) -> list[Finding]:
    """Every rule that a record breaks by itself, whatever else there is."""
    kind, fields = _taken_apart(item)
    if kind not in KINDS:
        return [Finding(line, _cut(kind), "record", _cut(kind), "one_of", {"allowed": list(KINDS)})]
    return [
        Finding(line, key_of(kind, fields), name, _cut(value), rule, detail)
        for broken in _RULES
        for name, value, rule, detail in broken(kind, fields)
    ]


def references(kind: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The columns that name other records, with the key each names."""
    for name, value in fields.items():
        named = REFERENCES.get((kind, name))
        ids = [value] if isinstance(value, str) else _items(value)
        yield from ((name, f"{named}/{id_}") for id_ in ids if named and id_)
    if kind == "article":
        yield from (("about", key) for key in _items(fields.get("about")))
    if kind == "event":
        for entry in _entries(fields.get("organisations")):
            if isinstance(entry.get("organisation"), str):
                yield "organisations", f"organisation/{entry['organisation']}"


def missing_reference(key: str, name: str, named: str, line: int | None = None) -> Finding:
    """What is said of the record ``key`` when its column names a record that is not there."""
    kind, _, id_ = named.partition("/")
    return Finding(line, key, name, _cut(id_), "reference", {"kind": kind})


def key_of(kind: str, fields: Mapping[str, Any]) -> str:
    """The key of a record that may still be without an id."""
    return f"{kind}/{_cut(fields['id'])}" if fields.get("id") else kind


def is_id(value: object) -> bool:
    """Whether this may be the id of a record."""
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def shown(value: object) -> str:
    """A value as a message may quote it: control characters escaped, 80 characters at most."""
    text = str(value)[: SHOWN + 1]
    text = "".join(char if char.isprintable() or char in _WIDE_BLANKS else _escaped(char) for char in text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


@cache
def countries() -> dict[str, str]:
    """The code for each name of a country, English or Chinese, and each code; names in lower case."""
    from babel import Locale

    traditional = Locale.parse("zh_Hant").territories
    codes: dict[str, str] = {}
    for code, term in vocabulary.load().countries.items():
        if code not in _RESERVED:
            names = {code, *term.spellings(), str(traditional.get(code, code))}
            codes.update({_folded(name): code for name in names})
    return codes


def country_code(text: str) -> str | None:
    """The ISO 3166 code of a country given by code or name: ``China``, ``中国``, ``cn`` → ``CN``."""
    return countries().get(_folded(text))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _taken_apart(item: Record | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if isinstance(item, Record):
        return item.KIND, item.model_dump(exclude={"origin", "digest"})
    fields = dict(item)
    return str(fields.pop("record", "")), fields


def _identity(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    id_ = fields.get("id")
    if id_ and not is_id(id_):
        yield "id", id_, "id", {}


def _required(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    needed: list[tuple[str, ...]] = [(name,) for name, about in KINDS[kind].model_fields.items() if about.is_required()]
    if kind not in NAMELESS:
        needed.append(("name_en", "name_zh"))
    if kind == "listing":
        needed.append(("summary_en", "summary_zh"))
    if kind not in UNSOURCED:
        needed.append(("sources",))
    for names in needed:
        if not any(_given(fields.get(name)) for name in names):
            yield names[0], "", "required", {"fields": list(names), "kind": kind}


def _known_fields(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for name in fields:
        if name not in shapes(kind):
            yield name, fields[name], "unknown_field", {"kind": kind}


def _shapes(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for name, shape in shapes(kind).items():
        value = fields.get(name)
        if value is None or _HAS_SHAPE[shape](value):
            continue
        if shape == "number":
            yield name, value, "number", {}
        else:
            yield name, value, "type", {"shape": shape}


def _closed(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for (of, name), allowed in CLOSED.items():
        if of == kind and fields.get(name) and fields[name] not in allowed:
            yield name, fields[name], "one_of", {"allowed": list(allowed)}
    for entry in _entries(fields.get("organisations")) if kind == "event" else ():
        if entry.get("role") not in EVENT_ROLES:
            yield "organisations", entry.get("role", ""), "one_of", {"allowed": list(EVENT_ROLES)}


def _dates(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    dates = {name: _date(fields.get(name)) for name in DATES if isinstance(fields.get(name), str) and fields[name]}
    yield from ((name, fields[name], "date", {}) for name, date in dates.items() if date is None)
    start, end = dates.get("start"), dates.get("end")
    if start and end and end < start and not end.covers(start):
        yield "end", fields["end"], "date_order", {"start": fields["start"]}


def _urls(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for name in URLS:
        value = fields.get(name)
        if isinstance(value, str) and value and not _is_url(value):
            yield name, value, "url", {}


def _country(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    value = fields.get("country")
    if isinstance(value, str) and value and not (len(value) == 2 and country_code(value) == value):
        yield "country", value, "country", {}


def _texts(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for name, value in fields.items():
        for text in _strings(value):
            if len(text) > LONGEST:
                yield name, text, "too_long", {"length": len(text), "limit": LONGEST}
            if not text.isprintable() and any(map(_is_control, text)):
                yield name, text, "control_characters", {}


def _event_parts(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for name in ("sessions", "outcomes") if kind == "event" else ():
        for entry in _entries(fields.get(name)):
            if not (set(entry) <= set(LANGUAGES) and all(isinstance(text, str) for text in entry.values())):
                yield name, entry, "type", {"shape": "bilingual"}
    for entry in _entries(fields.get("organisations")) if kind == "event" else ():
        if not (isinstance(entry.get("organisation"), str) or isinstance(entry.get("name"), dict)):
            yield "organisations", entry, "type", {"shape": "taking_part"}


def _translated(kind: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    for entry in _items(fields.get("translated")):
        name, _, lang = entry.removesuffix(MACHINE).rpartition(".")
        if lang not in LANGUAGES or not (f"{name}_{lang}" in shapes(kind) or shapes(kind).get(name) == "objects"):
            yield "translated", entry, "language", {"kind": kind}


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Reading the port is what makes a wrong one known.
        there = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return there and parts.scheme in ("http", "https") and not _BLANK.search(text)


def _date(text: Any) -> PartialDate | None:
    try:
        date = PartialDate.parse(text)
    except ValueError:
        return None
    return date if str(date) == text else None


def _given(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value not in (None, [], {})


def _items(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _entries(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield str(name)
            yield from _strings(below)
    elif isinstance(value, list):
        for below in value:
            yield from _strings(below)


def _is_control(char: str) -> bool:
    return char not in "\n\t" and (unicodedata.category(char) in ("Cc", "Cs") or char in "\ufffe\uffff")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _cut(value: object) -> str:
    return str(value)[: SHOWN * 2]


def _said(name: str, value: Any, words: Mapping[str, Any]) -> str:
    if name == "shape":
        return str(words["shapes"][value])
    if name == "fields":
        return str(words["where"]["or"].join(value))
    return str(words["where"]["list"].join(value)) if isinstance(value, list) else shown(value)


@cache
def _words(lang: str) -> dict[str, Any]:
    words: dict[str, Any] = read_yaml(LOCALES / f"{lang}.yaml")
    return words


_HAS_SHAPE: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "objects": lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    "whole": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "flag": lambda value: isinstance(value, bool),
}
_RULES: tuple[Callable[[str, Mapping[str, Any]], Iterator[Broken]], ...] = (
    _identity, _required, _known_fields, _shapes, _closed, _dates, _urls, _country, _texts, _event_parts, _translated,
)  # fmt: skip
