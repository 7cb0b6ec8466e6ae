"""The number guard: every number, date and share in a reply stands in the records it cites, or its sentence is not said.

``check`` judges one sentence, whoever wrote it; ``guarded`` goes through the blocks of a reply. Two ways of writing are one
number: 4,523,000 is 452.3万, 27 April 2021 is 2021年4月27日, 21.7% is 百分之二十一点七. Words that carry digits, such as COP22,
must stand in the records as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bot.values import Block, Card, Cited, Figure, Table, Text
from knowledge.datings import datings
from knowledge.numerals import numerals
from knowledge.records import Record, Statistic

# What is counted, in either language: 9,500 technologies is not 9,500 partners.
_COUNTED = {
    "technologies": r"technolog(?:y|ies)|技术", "partners": r"partners?|合作伙伴|伙伴", "users": r"users?|用户",
    "applications": r"applications?|申请", "patents": r"patents?|专利", "registrations": r"registrations?|登记|注册",
    "countries": r"countr(?:y|ies)|国家", "clusters": r"clusters?|集群", "cities": r"cit(?:y|ies)|城市",
    "listings": r"listings?|条目", "organisations": r"organi[sz]ations?|机构", "projects": r"projects?|项目",
    "experts": r"experts?|专家", "events": r"events?|活动", "kWh": r"kwh|千瓦时", "kg": r"kg|千克|公斤",
    "tonnes": r"tonn?es?|吨", "years": r"years?(?! 20)", "states": r"(?:member )?states|成员国",
}  # fmt: skip
_NOUN = re.compile(
    r"\s?[项家名件个场条位座份组]?\s?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _COUNTED.items()) + r")(?![a-z])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][A-Za-z._-]*\d[\w.-]*", re.ASCII)
_HAS_NUMBER = re.compile(r"[\d〇一二两兩三四五六七八九十]|\b(?:tw|th[ir]|f[io]|s[ie]|eig|nin|ten|elev)", re.IGNORECASE)
_FORMULAS = frozenset(
    {"co2", "co2e", "pm2.5", "pm10", "h2", "n2o", "ch4", "so2", "no2", "o3", "m2", "m3", "km2", "cm2", "cm3", "nm3"}
)
_SENTENCE = re.compile(r"(?<=[。！？!?；\n])|(?<=\.)\s(?=[A-Z“\"])")
_PLAIN = str.maketrans("萬億兩點個項號歲", "万亿两点个项号岁")
_YEARS = range(1800, 2100)
# Columns that name other records or tell how a record is kept, and say nothing of the world.
# What no reader is told. The problems and what is sought are said by those who look for a record, and not by the record.
_BOOKKEEPING = frozenset(
    {"id", "sources", "translated", "origin", "digest", "metric", "group", "person", "event", "organisation", "parent", "about"}
    | {"problems_en", "problems_zh", "sought_en", "sought_zh"}
)
_KEPT = 4096


@dataclass(frozen=True)
class Evidence:
    """The numbers, shares, dates and words with digits that may be said.

    ``nouns`` are (number, what it counts); ``free`` are numbers of ours or the asker's, which may count anything.
    """

    numbers: frozenset[Decimal] = frozenset()
    percents: frozenset[Decimal] = frozenset()
    dates: frozenset[tuple[int, int, int]] = frozenset()
    words: frozenset[str] = frozenset()
    nouns: frozenset[tuple[Decimal, str]] = frozenset()
    free: frozenset[Decimal] = frozenset()

    @classmethod
    def of(cls, *texts: str) -> Evidence:
        """What these texts vouch for."""
        return cls.joined(_evidence(text) for text in texts)

    @classmethod
    def allowed(cls, *texts: str) -> Evidence:
        """What is vouched for by itself: numbers worked out from records, or those of the question."""
        one = cls.of(*texts)
        return replace(one, free=one.numbers)

    @classmethod
    def of_records(cls, records: Iterable[Record]) -> Evidence:
        """What these records vouch for, in both languages."""
        return cls.joined(_vouched(_Kept(record)) for record in records)

    @classmethod
    def joined(cls, parts: Iterable[Evidence]) -> Evidence:
        """All of them together."""
        some = list(parts)
        return cls(
            frozenset().union(*(one.numbers for one in some)),
            frozenset().union(*(one.percents for one in some)),
            frozenset().union(*(one.dates for one in some)),
            frozenset().union(*(one.words for one in some)),
            frozenset().union(*(one.nouns for one in some)),
            frozenset().union(*(one.free for one in some)),
        )


@dataclass(frozen=True)
class _Token:
    """A number, share, date or word with digits, as it stands in a text."""

    text: str
    number: Decimal | None = None
    percent: bool = False
    noun: str = ""
    date: tuple[int, int, int] | None = None


def check(sentence: str, evidence: Evidence) -> list[str]:
    """What a sentence says in numbers that the evidence does not: nothing when it may be said."""
    return [token.text for token in _tokens(sentence) if not _founded(token, evidence)]


def guarded(blocks: Sequence[Block], evidence: Evidence) -> tuple[list[Block], list[str]]:
    """The blocks without what is unfounded, and the numbers for which something was left out."""
    kept: list[Block] = []
    dropped: list[str] = []
    for block in blocks:
        if isinstance(block, Text):
            own = Evidence.joined([evidence, Evidence.allowed(*block.derived)]) if block.derived else evidence
            one: Block | None = _text(block, own, dropped)
        else:
            one = _shown(block, evidence, dropped)
        if one is not None:
            kept.append(one)
    return kept, dropped


def _text(block: Text, evidence: Evidence, dropped: list[str]) -> Text | None:
    said = _sentences(block.text, evidence, dropped)
    return None if not said else block if said == block.text else replace(block, text=said)


def _shown(block: Card | Figure | Table, evidence: Evidence, dropped: list[str]) -> Block | None:
    if isinstance(block, Table):
        return _table(block, evidence, dropped)
    return _card(block, evidence, dropped) if isinstance(block, Card) else _figure(block, evidence, dropped)


def _table(table: Table, evidence: Evidence, dropped: list[str]) -> Table:
    """The table with its unfounded sentences left out; the names of its columns are those of records."""
    rows = tuple((label, tuple(_sentences(cell, evidence, dropped) for cell in cells)) for label, cells in table.rows)
    return replace(table, rows=rows)


def _card(card: Card, evidence: Evidence, dropped: list[str]) -> Card | None:
    unfounded = [token for text in (card.title, card.original or "") for token in check(text, evidence)]
    if unfounded:
        dropped += unfounded
        return None
    lines = tuple((label, said) for label, text in card.lines if (said := _sentences(text, evidence, dropped)))
    contact = _sentences(card.contact, evidence, dropped) if card.contact else card.contact
    sources = tuple(source for source in card.sources if not _unfounded_source(source, evidence, dropped))
    return replace(card, lines=lines, contact=contact, sources=sources)


def _figure(figure: Figure, evidence: Evidence, dropped: list[str]) -> Figure | None:
    date = [] if figure.as_of is None else check(figure.as_of, evidence)
    unfounded = [*check(figure.shown, evidence), *check(figure.scope, evidence), *date]
    if unfounded:
        dropped += unfounded
        return None
    note = _sentences(figure.note, evidence, dropped) or None if figure.note else figure.note
    source = None if figure.source and _unfounded_source(figure.source, evidence, dropped) else figure.source
    return replace(figure, note=note, source=source)


def _unfounded_source(source: Cited, evidence: Evidence, dropped: list[str]) -> bool:
    said = (source.title, source.publisher, source.date, source.url)
    unfounded = [token for text in said if text for token in check(text, evidence)]
    dropped += unfounded
    return bool(unfounded)


def _sentences(text: str, evidence: Evidence, dropped: list[str]) -> str:
    """The text without its unfounded sentences. The usual case, that all is well, costs one reading."""
    if not check(text, evidence):
        return text
    kept = []
    for sentence in _SENTENCE.split(text):
        unfounded = check(sentence, evidence)
        dropped += unfounded
        if not unfounded:
            kept.append(sentence)
    joint = "" if any("\u4e00" <= char <= "\u9fff" for char in text) else " "
    return joint.join(kept).strip()


@lru_cache(maxsize=_KEPT)
def _tokens(text: str) -> tuple[_Token, ...]:
    """The tokens of a text. Most of a reply stands in its records word for word, so what was read once is kept."""
    if not _HAS_NUMBER.search(text):
        return ()
    return tuple(_read(unicodedata.normalize("NFKC", text).translate(_PLAIN)))


def _read(text: str) -> Iterator[_Token]:
    taken: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        taken.append(match.span())
        yield _Token(match[0].rstrip(".-_"))
    for dating in datings(text):
        # A span of days is two dates at one place.
        if (dating.start, dating.end) in taken or not _within(dating.start, dating.end, taken):
            taken.append((dating.start, dating.end))
            date = (dating.date.year, dating.date.month, dating.date.day)
            yield _Token(text[dating.start : dating.end], date=date)
    for numeral in numerals(text):
        if not _within(numeral.start, numeral.end, taken):
            noun = _NOUN.match(text, numeral.end)
            counted = noun.lastgroup or "" if noun else ""
            yield _Token(text[numeral.start : numeral.end], numeral.value, numeral.percent, counted)


def _within(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    return any(start < last and end > first for first, last in taken)


def _founded(token: _Token, evidence: Evidence) -> bool:
    if token.date:
        return _dated(token.date, evidence)
    if token.number is None:
        word = token.text.lower()
        return word in evidence.words or word in _FORMULAS
    if token.percent:
        return token.number in evidence.percents
    if token.number not in evidence.numbers and not (token.number in _YEARS and _dated((int(token.number), 0, 0), evidence)):
        return False
    if not token.noun or token.number in evidence.free:
        return True
    counted = {noun for number, noun in evidence.nouns if number == token.number}
    return not counted or token.noun in counted


def _dated(date: tuple[int, int, int], evidence: Evidence) -> bool:
    year, month, day = date
    return date in evidence.dates or (not month and not day and Decimal(year) in evidence.numbers)


class _Kept:
    """A record, equal to another when both say the same."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.digest = record.digest or record.fingerprint()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and (self.record.key, self.digest) == (other.record.key, other.digest)


@lru_cache(maxsize=_KEPT)
def _vouched(kept: _Kept) -> Evidence:
    return Evidence.of(*said_by(kept.record))


def _evidence(text: str) -> Evidence:
    numbers: set[Decimal] = set()
    percents: set[Decimal] = set()
    dates: set[tuple[int, int, int]] = set()
    words: set[str] = set()
    nouns: set[tuple[Decimal, str]] = set()
    for token in _tokens(text):
        if token.date:
            year, month, day = token.date
            dates |= {token.date, (year, month, 0), (year, 0, 0), (0, month, day), (0, month, 0)}
        elif token.number is None:
            words.add(token.text.lower())
        elif token.percent:
            percents.add(token.number)
        else:
            numbers.add(token.number)
            if token.noun:
                nouns.add((token.number, token.noun))
    dates.discard((0, 0, 0))
    return Evidence(frozenset(numbers), frozenset(percents), frozenset(dates), frozenset(words), frozenset(nouns))


def said_by(record: Record) -> Iterator[str]:
    """The texts that a record says; a figure with its units."""
    if isinstance(record, Statistic):
        value = f"{Decimal(str(record.value)).normalize():f}"
        yield f"{value} {record.unit_en or ''}"
        yield f"{value}{record.unit_zh or ''}"
        yield value
    for name in type(record).model_fields:
        if name not in _BOOKKEEPING:
            yield from _strings(getattr(record, name, None))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _BOOKKEEPING:
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
