"""Quantities: numbers with what they measure, and words that set their bounds. 12 tonnes are not 12 kg, and nearly is not over.

Numbers themselves are the business of :mod:`bot.guard`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from knowledge.numerals import numerals

Quantity = tuple[Decimal, str]

# Units by one name each, however a language writes them. Longer ones come before those they begin with.
_UNITS: dict[str, str] = {
    "kWh": r"kwh|kilowatt[- ]?hours?|千瓦时|度电", "MWh": r"mwh|megawatt[- ]?hours?|兆瓦时", "GWh": r"gwh|吉瓦时", "Wh": r"wh\b|瓦时",
    "kW": r"kwp?\b|kilowatts?|千瓦", "MW": r"mwp?\b|megawatts?|兆瓦", "GW": r"gw\b|gigawatts?|吉瓦", "W": r"w\b|watts?|瓦",
    "kPa": r"kpa\b|千帕", "MPa": r"mpa\b|兆帕", "bar": r"bars?\b|巴\b", "V": r"volts?\b|v\b|伏", "mg": r"mg\b|毫克", "kg": r"kg\b|kilograms?|kilos?\b|公斤|千克",
    "t": r"tonn?es?|tons?\b|t\b|吨", "g": r"grams?\b|g\b|克", "ml": r"ml\b|毫升", "l": r"lit(?:re|er)s?\b|l\b|升", "m3": r"m3\b|m³|cubic met(?:re|er)s?|立方米|立方\b|方\b",
    "km2": r"km2\b|km²|square kilomet(?:re|er)s?|平方公里|平方千米", "m2": r"m2\b|m²|sqm\b|square met(?:re|er)s?|平方米|平米", "ha": r"hectares?|ha\b|公顷", "mu": r"mu\b|亩",
    "km": r"kilomet(?:re|er)s?|km\b|公里|千米", "cm": r"centimet(?:re|er)s?|cm\b|厘米", "mm": r"millimet(?:re|er)s?|mm\b|毫米", "um": r"microns?|[µμ]m\b|um\b|微米", "nm": r"nm\b|纳米",
    "m": r"met(?:re|er)s?\b|m\b|米", "C": r"(?:°|º|degrees? )\s?(?:c\b|celsius)|℃|摄氏度", "s": r"seconds?\b|s\b|秒", "min": r"min(?:ute)?s?\b|分钟", "h": r"hours?\b|hrs?\b|h\b|小时",
    "day": r"days?\b|天", "week": r"weeks?\b|周\b|星期", "month": r"months?\b|个月", "year": r"years?\b(?! (?:19|20)\d\d)|年(?!\d|[初末底代度间来前后起内里])", "USD": r"us ?dollars?|usd\b|美元|dollars?\b|美金",
    "EUR": r"euros?\b|eur\b|欧元", "GBP": r"gbp\b|pounds?\b|英镑", "HKD": r"hkd\b|港元|港币", "JPY": r"jpy\b|yen\b|日元", "CHF": r"chf\b|瑞士法郎|swiss francs?",
    "CNY": r"yuan\b|rmb\b|cny\b|人民币|元", "people": r"people\b|persons?\b|participants?\b|attendees?\b|人", "employees": r"employees?\b|staff\b|员工|名职工",
    "times": r"times\b|倍", "ppm": r"ppm\b", "Hz": r"hz\b|赫兹", "households": r"households?\b|户",
}  # fmt: skip
_UNIT = re.compile(r"\s?-?(?:多|余)?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _UNITS.items()) + ")", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?:(?P<HKD>hk\$|hkd)|(?P<USD>us\$|usd|\$)|(?P<EUR>€|eur)|(?P<GBP>£|gbp)|(?P<CNY>rmb|cny|¥|￥|人民币)|(?P<CHF>chf))\s?$",
    re.IGNORECASE,
)
_BOUNDS: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "over": (
        re.compile(r"(?:more than|over|above|exceed(?:s|ing|ed)?|upwards of|at least|no (?:less|fewer) than|超过|超|逾|多于|高于|大于|至少|不少于|不低于|[>≥])\s?$", re.I),
        re.compile(r"^\s?(?:\+|or more|and (?:more|above|over)|多|余|以上)", re.I),
    ),
    "under": (
        re.compile(r"(?:less than|fewer than|under|below|at most|up to|no more than|within|max(?:imum|\.)?(?: of)?|不到|不足|低于|少于|小于|不超过|最多|至多|[<≤])\s?$", re.I),
        re.compile(r"^\s?(?:or less|or fewer|以下|以内)", re.I),
    ),
    "nearly": (re.compile(r"(?:nearly|almost|close to|just under|近|将近|接近|几乎)\s?$", re.I), re.compile(r"(?!)")),
}  # fmt: skip
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
    found = _UNIT.match(after)
    return str(found.lastgroup) if found else ""


def _bound(before: str, after: str) -> str:
    return next((name for name, (front, back) in _BOUNDS.items() if front.search(before) or back.search(after)), "")
