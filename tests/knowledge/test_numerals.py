"""Numbers and dates as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dates import PartialDate
from knowledge.datings import datings
from knowledge.numerals import number, numerals

DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("33.6万", "336000"), ("三十三万六千", "336000"), ("13 万", "130000"), ("1.2亿", "120000000"), ("336,000", "336000"),
        ("336k", "336000"), ("0.3 million", "300000"), ("4.31 billion", "4310000000"), ("1亿2000万", "120000000"),
        ("33万6千", "336000"), ("2千万", "20000000"), ("三万六", "36000"), ("一百五", "150"), ("一千零五", "1005"),
        ("一百五十五点八", "155.8"), ("二十一点七亿", "2170000000"), ("十二", "12"), ("二〇二一", "2021"), ("twenty-one", "21"),
        ("two million", "2000000"), ("1,005,000", "1005000"), ("1万亿", "1000000000000"), ("0.05", "0.05"),
    ],
)  # fmt: skip
def test_number(text, value):
    """A number is the same number in digits, in characters, in words, and with any of its units."""
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["万一", "百强集群", "十分好", "统一", "一起", "CO2", "PM2.5", "COP22", "千万不要", "三峡", "one of them"]
)
def test_no_number(text):
    """Characters and digits that belong to a word are no numbers."""
    assert list(numerals(text)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("21.7%", "21.7"), ("百分之二十一点七", "21.7"), ("60 per cent", "60"), ("1.5个百分点", "1.5"), ("34％", "34")],
)
def test_percent(text, value):
    """A share is told apart from a count."""
    (found,) = numerals(text)
    assert (found.value, found.percent) == (Decimal(value), True)


def _section(value: int) -> str:
    said, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // size % 10
        if digit:
            said += ("零" if gap and said else "") + DIGITS[digit] + name
            gap = False
        else:
            gap = True
    return said


def _chinese(value: int) -> str:
    """The number in characters, written from its digits."""
    said = ""
    for size, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part, value = divmod(value, size)
        if part:
            said += ("零" if said and part < 1000 else "") + _section(part) + name
    return said


@given(st.integers(min_value=10, max_value=10**12 - 1))
def test_characters(value):
    """Every whole number written in characters is read as itself."""
    assert number(_chinese(value)) == value


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(["{:,}", "{}"]))
def test_digits(value, form):
    """Every whole number is read with and without separators."""
    assert number(form.format(value)) == value


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("2021年4月27日", ["2021-04-27"]), ("April 27, 2021", ["2021-04-27"]), ("27 April 2021", ["2021-04-27"]),
        ("the 27th of April 2021", ["2021-04-27"]), ("2021-04-27", ["2021-04-27"]), ("2021/4/27", ["2021-04-27"]),
        ("2021.4.27", ["2021-04-27"]), ("April 2021", ["2021-04"]), ("2021年4月", ["2021-04"]), ("二〇二一年四月", ["2021-04"]),
        ("in 2021", ["2021"]), ("2014–2017", ["2014", "2017"]), ("2016至2022年", ["2016", "2022"]),
        ("30-31 May 2024", ["2024-05-30", "2024-05-31"]), ("2024年5月30日至31日", ["2024-05-30", "2024-05-31"]),
        ("30 May 2024 to 2 June 2024", ["2024-05-30", "2024-06-02"]), ("Sept. 2024", ["2024-09"]),
        ("4月27日", ["0000-04-27"]), ("2020 万", []), ("3,800", []), ("32021", []), ("2021 million", []),
    ],
)  # fmt: skip
def test_datings(text, dates):
    """A date is the same date however it is written, and a count is none."""
    assert [str(found.date) for found in datings(text)] == dates


@given(st.dates(), st.sampled_from(["en", "zh"]))
def test_spoken_dates(day, lang):
    """A date as we say it is read as itself, to the year, the month and the day."""
    if not 1800 <= day.year < 2100:
        day = day.replace(year=1900 + day.year % 200, day=min(day.day, 28))
    for date in (PartialDate(day.year), PartialDate(day.year, day.month), PartialDate(day.year, day.month, day.day)):
        assert [found.date for found in datings(date.spoken(lang))] == [date]
