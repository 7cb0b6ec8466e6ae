"""Dates as sources give them: a year, a month or a day, and never more precise than that."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class PartialDate:
    """A date known to the year, the month or the day. Unknown parts are 0, so that plain ordering puts them first."""

    year: int
    month: int = 0
    day: int = 0

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read ``2021``, ``2021-04`` or ``2021-04-27``; anything else is a ValueError that names the text."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a date; write 2021, 2021-04 or 2021-04-27")
        year, month, day = (int(part) if part else 0 for part in match.groups())
        if match.group(2) and not 1 <= month <= 12:
            raise ValueError(f"{text!r} has no month {month}")
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if match.group(3) and not 1 <= day <= _DAYS[month - 1] - (month == 2 and not leap):
            raise ValueError(f"{text!r} has no day {day}")
        return cls(year, month, day)

    @property
    def precision(self) -> str:
        """``year``, ``month`` or ``day``."""
        return "day" if self.day else "month" if self.month else "year"

    def __str__(self) -> str:
        parts = [f"{self.year:04d}"] + [f"{part:02d}" for part in (self.month, self.day) if part]
        return "-".join(parts)

    def spoken(self, lang: str) -> str:
        """The date as a reader of ``lang`` (en or zh) writes it: 27 April 2021 / 2021年4月27日."""
        if lang == "zh":
            return f"{self.year}年" + (f"{self.month}月" if self.month else "") + (f"{self.day}日" if self.day else "")
        parts = [str(self.day)] if self.day else []
        if self.month:
            parts.append(MONTHS[self.month - 1])
        return " ".join([*parts, str(self.year)])

    @property
    def first(self) -> tuple[int, int, int]:
        """The first day it may mean, as year, month and day."""
        return self.year, self.month or 1, self.day or 1

    @property
    def last(self) -> tuple[int, int, int]:
        """The last day it may mean; every month is given 31 days."""
        return self.year, self.month or 12, self.day or 31

    def covers(self, other: PartialDate) -> bool:
        """Whether ``other`` lies inside this date: 2021 covers 2021-04-27."""
        return (
            self.year == other.year and (not self.month or self.month == other.month) and (not self.day or self.day == other.day)
        )
