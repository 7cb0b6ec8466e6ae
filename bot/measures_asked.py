"""What a question about figures asks for: at what time, and to do what with them – before any figure is looked up."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from bot.speech import table
from knowledge.dates import PartialDate
from knowledge.datings import datings
from knowledge.numerals import numerals
from retrieval.language import fold

OPERATIONS = ("value", "check", "conflict", "comparison", "change", "history", "share", "rank")
LATEST, AT, UNTIL, BEFORE, SINCE, BETWEEN = "latest", "at", "until", "before", "since", "between"
# A date stands as two brackets around its place in the list of dates while phrases are matched.
_HELD = r"⟦\d+⟧"
_SPAN = 2


@dataclass(frozen=True)
class Span:
    """A stretch of time: ``kind`` says how it was asked for, ``start`` and ``end`` are as precise as it was; None is open."""

    kind: str = LATEST
    start: PartialDate | None = None
    end: PartialDate | None = None

    def holds(self, date: PartialDate) -> bool:
        """Whether a date lies in it, or may do so as far as it is known."""
        if self.kind == BEFORE and self.end:
            return date.last < self.end.first
        after = self.start is None or date.last >= self.start.first
        return after and (self.end is None or date.first <= self.end.last)

    @property
    def asked(self) -> PartialDate | None:
        """The date that was asked for, the later one of two."""
        return self.end or self.start

    def is_future(self, today: datetime.date) -> bool:
        """Whether none of it has come yet."""
        begin = self.start or (self.end if self.kind == UNTIL else None)
        return begin is not None and begin.first > (today.year, today.month, today.day)


@dataclass(frozen=True)
class MeasureAsked:
    """One of OPERATIONS, over a span of time. ``rest`` is the folded question without the words that said either.

    ``claimed`` is the number that a question wants checked, or may want: any question of yes or no with a number in it.
    """

    operation: str = "value"
    span: Span = Span()
    rest: str = ""
    claimed: Decimal | None = None


def read(text: str, today: datetime.date) -> MeasureAsked:
    """What a question in either language asks of figures; relative dates count from ``today``."""
    dates: list[tuple[PartialDate, PartialDate | None]] = []
    held = _hold_dates(_hold_relative(fold(text), today, dates), dates)
    operation, told = _operation(held)
    span, told = _span(told, dates)
    if operation == "comparison" and span.kind == BETWEEN:
        operation = "change"
    if operation == "value" and span.kind in (SINCE, BETWEEN):
        operation = "history"
    rest, claimed = re.sub(_HELD, " ", told), None
    claims = operation == "value" and any(pattern.search(held) for _, pattern in _patterns("yes_or_no"))
    if operation == "check" or (claims and any(numerals(rest))):
        said = next(numerals(rest))
        claimed = said.value
        rest = f"{rest[: said.start]} {rest[said.end :]}"
    return MeasureAsked(operation, span, " ".join(rest.split()), claimed)


def _hold_relative(text: str, today: datetime.date, dates: list[tuple[PartialDate, PartialDate | None]]) -> str:
    for name, pattern in _patterns("relative"):

        def held(match: re.Match[str], name: str = name) -> str:
            years = next((int(one.value) for group in match.groups() if group for one in numerals(f"{group} 年")), 0)
            dates.append(_relative(name, years, today))
            return f" ⟦{len(dates) - 1}⟧ "

        text = pattern.sub(held, text)
    return text


def _relative(name: str, years: int, today: datetime.date) -> tuple[PartialDate, PartialDate | None]:
    if name == "past_years":
        return PartialDate(today.year - years), PartialDate(today.year)
    if name == "this_month":
        return PartialDate(today.year, today.month), None
    if name == "last_month":
        last = today.replace(day=1) - datetime.timedelta(days=1)
        return PartialDate(last.year, last.month), None
    back = {"last_year": 1, "year_before_last": 2, "years_ago": years}.get(name, 0)
    return PartialDate(today.year - back), None


def _hold_dates(text: str, dates: list[tuple[PartialDate, PartialDate | None]]) -> str:
    parts, done = [], 0
    for dating in datings(text):
        if dating.start < done or not dating.date.year:
            continue
        dates.append((dating.date, None))
        parts += [text[done : dating.start], f"⟦{len(dates) - 1}⟧"]
        done = dating.end
    return "".join([*parts, text[done:]])


def _span(text: str, dates: list[tuple[PartialDate, PartialDate | None]]) -> tuple[Span, str]:
    """The span of time that the dates of a question make, and the text without the words that said so."""
    for kind, pattern in _patterns("spans"):
        match = pattern.search(text)
        if match is None:
            continue
        named = [dates[int(re.sub(r"\D", "", group))][0] for group in match.groups() if group]
        rest = f"{text[: match.start()]} {text[match.end() :]}"
        if len(named) == _SPAN:
            return Span(BETWEEN, min(named), max(named)), rest
        if kind == SINCE:
            return Span(SINCE, named[0], None), rest
        return Span(kind, None, named[0]), rest
    if not dates:
        return Span(), text
    start, end = dates[0]
    if end is not None:
        return Span(BETWEEN, start, end), text
    return Span(AT, start, start), text


def _operation(text: str) -> tuple[str, str]:
    for name, pattern in _patterns("operations"):
        if pattern.search(text) and (name != "check" or any(numerals(re.sub(_HELD, " ", text)))):
            return name, pattern.sub(" ", text) if name in ("check", "change", "history") else text
    return "value", text


@cache
def _compiled(section: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    both: dict[str, list[str]] = {}
    for lang in ("en", "zh"):
        told: Mapping[str, list[str]] = table(lang, "measures")[section]
        for name, patterns in told.items():
            both.setdefault(name, []).extend(patterns)
    numeral = r"(?<!\d)\d{1,2}|[一二两三四五六七八九十]+|two|three|four|five|six|seven|eight|nine|ten"
    return tuple(
        (name, re.compile("|".join(p.replace("(@)", f"({_HELD})").replace("#", numeral) for p in patterns)))
        for name, patterns in both.items()
    )


def _patterns(section: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns of both languages, in the order of the file."""
    yield from _compiled(section)
