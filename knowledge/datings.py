"""Dates as texts write them in either language: 2021年4月27日, 27 April 2021, April 27, 2021, 2021-04-27, 5月30日至31日."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from knowledge.dates import MONTHS, PartialDate
from knowledge.numerals import number

_NAMES = {name.lower(): place for place, name in enumerate(MONTHS, 1)} | {
    name[:3].lower(): place for place, name in enumerate(MONTHS, 1)
}
_NAMES["sept"] = 9
_YEAR = r"(?:1[89]|20)\d{2}"
_HAN_YEAR = r"[一二][九〇零][一二三四五六七八九〇零]{2}"
_MONTH = rf"(?:{'|'.join(sorted(_NAMES, key=len, reverse=True))})\b\.?"
_DAY = r"(?<![\d,.])(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_TO = r"\s?(?:-|–|—|to|and|&|/)\s?"
_FORMS = (
    # 2021年4月27日, 2021年4月27日至28日, 2021年4月, 2021年, 4月27日
    rf"(?:(?P<zy>{_YEAR}|{_HAN_YEAR})\s?年\s?)?(?P<zm>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])\s?月份?"
    rf"(?:\s?(?P<zd>[0-3]?\d)\s?日?(?:\s?(?:至|到|-|–|—|、)\s?(?P<ze>[0-3]?\d)\s?日|(?<=日)))?",
    rf"(?P<zo>{_YEAR}|{_HAN_YEAR})\s?年",
    rf"(?P<iy>{_YEAR})(?P<sep>[-/.])(?P<im>1[0-2]|0?[1-9])(?:(?P=sep)(?P<id>[12]\d|3[01]|0?[1-9]))?(?![\d])",
    rf"(?P<ed>{_DAY})(?:{_TO}(?P<ee>{_DAY}))?\s(?:of\s)?(?P<em>{_MONTH}),?(?:\s(?P<ey>{_YEAR}))?",
    rf"\b(?P<am>{_MONTH})\s(?P<ad>{_DAY})(?![\d,.]*\d)(?:{_TO}(?P<ae>{_DAY}))?(?:,?\s(?P<ay>{_YEAR}))?",
    rf"\b(?P<my>{_MONTH}),?\s(?P<yy>{_YEAR})",
    rf"(?<![\d.,])(?P<year>{_YEAR})(?![\d]|[.,]\d|\s?[万亿千百%％]|\s?(?:million|billion|thousand))",
)
_DATE = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)


@dataclass(frozen=True)
class Dating:
    """A date met in a text and where it stands; the year is 0 where none is given (4月27日)."""

    date: PartialDate
    start: int
    end: int


def datings(text: str) -> Iterator[Dating]:
    """Every date of a text, in its order; a span of days (30–31 May 2024) gives both, at the same place."""
    for match in _DATE.finditer(text):
        for year, month, day in _parts({name: found for name, found in match.groupdict().items() if found}):
            if month <= 12 and day <= 31:
                yield Dating(PartialDate(year, month, day), match.start(), match.end())


def _parts(found: dict[str, str]) -> Iterator[tuple[int, int, int]]:
    if "zm" in found:
        whole = (_number(found.get("zy", "0")), _number(found["zm"]))
        for day in _days(found, "zd", "ze"):
            yield *whole, day
    elif "iy" in found:
        yield int(found["iy"]), int(found["im"]), int(found.get("id", 0))
    elif "em" in found or "am" in found:
        kind = "e" if "em" in found else "a"
        for day in _days(found, f"{kind}d", f"{kind}e"):
            yield int(found.get(f"{kind}y", 0)), _NAMES[found[f"{kind}m"].lower().rstrip(".")], day
    elif "my" in found:
        yield int(found["yy"]), _NAMES[found["my"].lower().rstrip(".")], 0
    else:
        yield _number(found.get("zo") or found["year"]), 0, 0


def _days(found: dict[str, str], first: str, last: str) -> list[int]:
    days = [int(re.sub(r"\D", "", found[name])) for name in (first, last) if name in found]
    return days or [0]


def _number(text: str) -> int:
    return int(text) if text.isdigit() and text.isascii() else int(number(text) or _single(text))


def _single(text: str) -> Decimal:
    return Decimal("零一二三四五六七八九十".find(text))
