"""Dates as precise as their source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dates import PartialDate


@pytest.mark.parametrize("text", ["2021", "2021-04", "2021-04-27", "2024-02-29", "2000-02-29"])
def test_a_date_is_written_as_it_was_read(text: str) -> None:
    """A date keeps the precision it came with."""
    assert str(PartialDate.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "21", "2021-4", "2021-13", "2021-00", "2021-04-31", "2021-02-29", "1900-02-29", "27/04/2021", "2021年"]
)
def test_what_is_no_date_is_refused_by_name(text: str) -> None:
    """Whatever is no date is a ValueError that quotes it."""
    with pytest.raises(ValueError, match=repr(text) if text else "is not a date"):
        PartialDate.parse(text)


@pytest.mark.parametrize(
    ("text", "precision", "english", "chinese"),
    [
        ("2021", "year", "2021", "2021年"),
        ("2021-04", "month", "April 2021", "2021年4月"),
        ("2021-04-27", "day", "27 April 2021", "2021年4月27日"),
    ],
)
def test_a_date_is_spoken_in_both_languages(text: str, precision: str, english: str, chinese: str) -> None:
    """A date is written out as readers of each language write it, and no more precisely than it is known."""
    date = PartialDate.parse(text)
    assert (date.precision, date.spoken("en"), date.spoken("zh")) == (precision, english, chinese)


@given(st.dates())
def test_every_day_of_the_calendar_is_a_date(day: object) -> None:
    """Each ISO day is read, and lies within its month and its year."""
    date = PartialDate.parse(str(day))
    assert str(date) == str(day)
    assert PartialDate(date.year, date.month).covers(date)
    assert PartialDate(date.year).covers(date)
    assert not date.covers(PartialDate(date.year))


def test_dates_sort_from_vague_to_precise() -> None:
    """In a list, a year comes before its months and a month before its days."""
    texts = ["2021-04-27", "2022", "2021", "2021-04"]
    assert [str(date) for date in sorted(map(PartialDate.parse, texts))] == ["2021", "2021-04", "2021-04-27", "2022"]
