"""What a question about figures asks for."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from bot.measures_asked import OPERATIONS, Span, read
from knowledge.dates import PartialDate

TODAY = datetime.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "kind", "start", "end"),
    [
        ("how many partners?", "latest", None, None),
        ("最新的合作伙伴数量", "latest", None, None),
        ("how many partners last year?", "at", "2025", "2025"),
        ("去年有多少合作伙伴", "at", "2025", "2025"),
        ("去年有多少合作夥伴", "at", "2025", "2025"),
        ("前年有多少用户", "at", "2024", "2024"),
        ("how many users two years ago", "at", "2024", "2024"),
        ("三年前有多少用户", "at", "2023", "2023"),
        ("users last month", "at", "2026-10", "2026-10"),
        ("上个月的用户数", "at", "2026-10", "2026-10"),
        ("partners in April 2021", "at", "2021-04", "2021-04"),
        ("截至2021年收录多少技术", "until", None, "2021"),
        ("截至2021年收錄多少技術", "until", None, "2021"),
        ("listings as of the end of 2021", "until", None, "2021"),
        ("2020年底有多少件专利", "until", None, "2020"),
        ("partners since 2019", "since", "2019", None),
        ("2019年以来的合作伙伴", "since", "2019", None),
        ("自2019年4月以来的合作伙伴", "since", "2019-04", None),
        ("2020年以前有多少合作伙伴", "before", None, "2020"),
        ("users before 2020", "before", None, "2020"),
        ("between 2019 and 2023", "between", "2019", "2023"),
        ("从2019年到2023年", "between", "2019", "2023"),
        ("in the last five years", "between", "2021", "2026"),
        ("近五年来", "between", "2021", "2026"),
        ("from 2023 back to 2019: between 2023 and 2019", "between", "2019", "2023"),
    ],
)
def test_span(text, kind, start, end):
    """The time of a question is understood in both languages, and relative ones count from today."""
    span = read(text, TODAY).span
    assert (span.kind, span.start and str(span.start), span.end and str(span.end)) == (kind, start, end)


def test_span_at_new_year():
    """Last month and last year are those before today, also in January."""
    january = datetime.date(2027, 1, 1)
    assert str(read("last month", january).span.start) == "2026-12"
    assert str(read("去年", january).span.start) == "2026"


@pytest.mark.parametrize(
    ("operation", "texts"),
    [
        ("value", ["how many partners are there?", "有多少合作伙伴", "what is climate change?", "气候变化技术有哪些"]),
        ("change", ["how much did partners grow between 2020 and 2024?", "从2020年到2024年增长了多少", "2020 vs 2024 partners"]),
        ("history", ["partner count over the years", "合作伙伴数量历年变化", "partners since 2019", "合作夥伴數量歷年變化"]),
        (
            "comparison",
            ["compare China and the US", "中国和美国哪个多", "比较中国和美国", "which has more clusters, China or the US?"],
        ),
        ("conflict", ["why do the sources differ?", "为什么数字不一样", "which figure is right?", "哪个数字才对"]),
        ("share", ["what share is Chinese?", "中国占比多少", "占全球的比重"]),
        ("rank", ["where does China rank?", "中国排第几"]),
        ("check", ["is it true that there are 336,000?", "有33.6万件，对吗", "有33.6萬件，對嗎"]),
    ],
)
def test_operation(operation, texts):
    """What is to be done with the figures is understood in both languages and scripts."""
    assert operation in OPERATIONS
    assert [read(text, TODAY).operation for text in texts] == [operation] * len(texts)


@pytest.mark.parametrize(
    "text", ["is 33.6万 right?", "三十三万六千件，对吗", "is it true that there are 336,000?", "336k patents, correct?"]
)
def test_claimed(text):
    """A number that is to be checked is read however it is written, and taken out of what is searched for."""
    asked = read(text, TODAY)
    assert asked.claimed == Decimal(336000)
    assert "336" not in asked.rest
    assert "33.6" not in asked.rest


def test_nothing_claimed():
    """Without a number there is nothing to check."""
    assert read("is it true?", TODAY).operation == "value"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("in 2021", ["2021", "2021-04", "2021-04-27"], ["2020-12-31", "2022"]),
        ("until 2021", ["2021-12-31", "2014"], ["2022"]),
        ("before 2021", ["2020-12-31"], ["2021", "2021-01-01"]),
        ("since April 2021", ["2021-04-01", "2021", "2024"], ["2021-03-31", "2020"]),
        ("between 2019 and 2021", ["2019", "2021-12-31"], ["2018", "2022-01-01"]),
    ],
)
def test_holds(text, inside, outside):
    """A time holds the dates that lie in it, or may do so as far as they are known."""
    span = read(text, TODAY).span
    assert [date for date in (*inside, *outside) if span.holds(PartialDate.parse(date))] == inside


def test_future():
    """A time that has not come is known as such; one that has begun is not."""
    assert read("in 2030", TODAY).span.is_future(TODAY)
    assert read("2030年有多少", TODAY).span.is_future(TODAY)
    assert not read("in 2026", TODAY).span.is_future(TODAY)
    assert not Span().is_future(TODAY)
