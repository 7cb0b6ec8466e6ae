"""Numbers as texts write them in either language: 336,000, 33.6万, 三十三万六千, 0.336 million, 336k, 21.7%, 百分之二十一点七.

Traditional characters are to be folded first. A character such as 一 or 三 alone counts as a number only before a measure word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = {
    char: number
    for number, chars in enumerate(("零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = (("亿", Decimal(10**8)), ("万", Decimal(10**4)))
_SCALES = {
    "k": 10**3, "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
_WORDS = {
    word: number
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
         "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
        2,
    )
}  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_ONES = {"one": 1, **{word: number for word, number in _WORDS.items() if number < 10}}

_WESTERN = r"\d{1,3}(?:[,，]\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d+)?"
_HAN_DIGIT = "零〇一二两三四五六七八九"
_MEASURES = "千[瓦克米]|兆瓦|公斤|公里|小时|分钟|升|成员|城市"
_MEASURE = _MEASURES + "|[个家项件名位座种届版次份条组所倍大国人年月日天类批场期套台吨]"
# 千瓦 and 千克 are units; their 千 is no part of the number before it.
_SIZE = "(?:[十百万亿]|千(?![瓦克米帕焦伏赫卡升]))"
_CHINESE = rf"(?:[{_HAN_DIGIT}]|{_SIZE})+(?:点[{_HAN_DIGIT}]+)?[万亿]*"
_NUMBER = re.compile(
    rf"(?P<hundredths>百分之)?(?:"
    rf"(?P<mixed>(?:{_WESTERN})\s*{_SIZE}+(?:(?:\d+(?:\.\d+)?|[{_HAN_DIGIT}]){_SIZE}*)*)"
    rf"|(?P<western>{_WESTERN})(?:\s?(?P<scale>thousand|million|billion|trillion|bn|mn|k)(?![a-z]))?"
    rf"|(?P<chinese>{_CHINESE})"
    rf"|\b(?P<words>(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?|{'|'.join(_WORDS)})\b"
    rf"(?:\s(?P<scaled>thousand|million|billion))?"
    rf")(?P<percent>\s?(?:%|％|per\s?cent(?!age of)|个百分点))?",
    re.IGNORECASE,
)
_AFTER_ONE = re.compile(rf"\s?(?:{_MEASURE})")
_SECTION = re.compile(
    rf"(?:(?P<t>[{_HAN_DIGIT}]|\d+(?:\.\d+)?)千)?零?(?:(?P<h>[{_HAN_DIGIT}]|\d+(?:\.\d+)?)百)?零?(?:(?P<d>[{_HAN_DIGIT}]|\d+)?(?P<ten>十))?零?(?P<o>[{_HAN_DIGIT}]|\d+(?:\.\d+)?)?"
)


@dataclass(frozen=True)
class Numeral:
    """A number met in a text: its value, whether it is a share of a hundred, and where it stands."""

    value: Decimal
    percent: bool
    start: int
    end: int


def numerals(text: str) -> Iterator[Numeral]:
    """Every number of a text, in its order. Digits that belong to a word (CO2, PM2.5, COP22) are no numbers."""
    for match in _NUMBER.finditer(text):
        before = text[match.start() - 1 : match.start()]
        if match["western"] and before and before.isascii() and before.isalpha():
            continue
        value = _value(match, text)
        if value is not None:
            percent = bool(match["hundredths"] or match["percent"])
            yield Numeral(value, percent, match.start(), match.end())


def number(text: str) -> Decimal | None:
    """The one number that a text is: ``33.6万`` → 336000; None when it is anything else."""
    found = list(numerals(text.strip()))
    return found[0].value if len(found) == 1 and (found[0].start, found[0].end) == (0, len(text.strip())) else None


def _value(match: re.Match[str], text: str) -> Decimal | None:
    if match["mixed"]:
        return _large(re.sub(r"[,，\s]", "", match["mixed"]))
    if match["western"]:
        plain = Decimal(re.sub("[,，]", "", match["western"]))
        return plain * _SCALES[match["scale"].lower()] if match["scale"] else plain
    if match["chinese"]:
        return _chinese(match["chinese"], text[match.end("chinese") :], bool(match["hundredths"]))
    words = re.split(r"[- ]", match["words"].lower())
    plain = Decimal(sum(_TENS.get(word) or _WORDS.get(word) or _ONES[word] for word in words))
    return plain * _SCALES[match["scaled"].lower()] if match["scaled"] else plain


def _chinese(word: str, after: str, hundredths: bool) -> Decimal | None:
    """A number written in characters; none where they are part of a word (万一, 十分, 百强, 统一)."""
    if not any(char in _DIGITS for char in word) and not word.startswith("十"):
        return None
    if len(word) == 1 and not hundredths and (word in "一零〇" or not _AFTER_ONE.match(after)):
        return None
    whole, point, rest = word.partition("点")
    if point:
        decimals = rest.rstrip("万亿")
        value = _large(whole)
        if value is None:
            return None
        value += Decimal("0." + "".join(str(_DIGITS[char]) for char in decimals))
        for char in rest[len(decimals) :]:
            value *= dict(_LARGE)[char]
        return value
    if len(word) > 1 and all(char in _DIGITS for char in word):
        return Decimal("".join(str(_DIGITS[char]) for char in word))
    return _large(word)


def _large(word: str) -> Decimal | None:
    """A number with 亿 and 万: each is a section times its size; 三万六 is short for 三万六千."""
    for name, size in _LARGE:
        head, found, tail = word.rpartition(name)
        if not found:
            continue
        front, back = _large(head) if head else None, _large(tail) if tail else Decimal(0)
        if front is None or back is None:
            return None
        return front * size + (back * size / 10 if len(tail) == 1 and tail in _DIGITS else back)
    return _section(word)


def _section(word: str) -> Decimal | None:
    """A number below 万; 一百五 is short for 一百五十."""
    match = _SECTION.fullmatch(word)
    if not word or match is None:
        return None
    short = re.search(rf"([百千])([{_HAN_DIGIT}])$", word)
    last = _digit(match["o"])
    if short:
        last *= _SMALL[short[1]] // 10
    tens = (_digit(match["d"]) or Decimal(1)) * 10 if match["ten"] else Decimal(0)
    return _digit(match["t"]) * 1000 + _digit(match["h"]) * 100 + tens + last


def _digit(text: str | None) -> Decimal:
    return Decimal(0) if not text else Decimal(_DIGITS[text]) if text in _DIGITS else Decimal(text)
