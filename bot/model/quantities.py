"""Quantities: numbers with what they measure, and words that set their bounds. 12 tonnes are not 12 kg, and nearly is not over.

Numbers themselves are the business of :mod:`bot.guard`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.numerals import numerals

Quantity = tuple[Decimal, str]

_BEFORE = re.compile(
    r"(?:(?P<HKD>hk\$|hkd)|(?P<USD>us\$|usd|\$)|(?P<EUR>€|eur)|(?P<GBP>£|gbp)|(?P<CNY>rmb|cny|¥|￥|人民币)|(?P<CHF>chf))\s?$",
    re.IGNORECASE,
)
# Words of one qualifier of the statistics ledger, for figures whose qualifier is a field of its own.
_LEDGER = {"more_than": "over", "under": "under", "nearly": "nearly"}


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number of a text that has a unit, with the unit's one name."""
    return tuple((value, unit) for value, unit, _ in _read(text) if unit)


@lru_cache(maxsize=4096)
def bounds(text: str) -> tuple[Quantity, ...]:
    """Every number of a text that is bounded: over, under or nearly."""
    return tuple((value, bound) for value, _, bound in _read(text) if bound)


def ledger_bound(value: float, qualifier: str) -> tuple[Quantity, ...]:
    """The bound that a figure of the ledger has."""
    return ((Decimal(str(value)), _LEDGER[qualifier]),) if qualifier in _LEDGER else ()


def _read(text: str) -> Iterator[tuple[Decimal, str, str]]:
    found = list(numerals(text))
    for place, numeral in enumerate(found):
        before, after = text[max(0, numeral.start - 24) : numeral.start], text[numeral.end :]
        unit = "" if numeral.percent else _unit(before, after)
        if not unit and not numeral.percent and place + 1 < len(found):
            # In "30 to 50 kW" the unit is that of both.
            follower = found[place + 1]
            between = text[numeral.end : follower.start]
            if re.fullmatch(r"\s?(?:-|–|—|~|～|to|and|or|至|到|、|,|和|或)\s?", between) and not follower.percent:
                unit = _unit("", text[follower.end :])
        yield numeral.value, unit, _bound(_BEFORE.sub("", before), after)


def _unit(before: str, after: str) -> str:
    if money := _BEFORE.search(before):
        return str(money.lastgroup)
    found = _unit_pattern().match(after)
    return str(found.lastgroup) if found else ""


def _bound(before: str, after: str) -> str:
    """The bound of a number; what says so may stand behind the unit: 20 years and more."""
    unit = _unit_pattern().match(after)
    behind = (after, after[unit.end() :]) if unit else (after,)
    for name, (front, back) in _bound_patterns().items():
        if front.search(before) or any(back.match(rest) for rest in behind):
            return name
    return ""


@cache
def _tables() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "units.yaml").read_text(encoding="utf-8"))
    return found


@cache
def _unit_pattern() -> re.Pattern[str]:
    units = "|".join(f"(?P<{name}>{words})" for name, words in _tables()["units"].items())
    return re.compile(rf"\s?-?(?:多|余)?(?:{units})", re.IGNORECASE)


@cache
def _bound_patterns() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """For each bound what says so before a number, and behind one."""
    return {
        name: (re.compile(rf"(?:{words['before']})\s?$", re.IGNORECASE), re.compile(rf"\s?(?:{words['behind']})", re.IGNORECASE))
        for name, words in _tables()["bounds"].items()
    }
