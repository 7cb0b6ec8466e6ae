"""Figures set against each other: only what was counted the same way."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from bot.compose.changes import change_blocks, comparison_blocks, history_blocks
from bot.compose.page import Page
from bot.measures_asked import MeasureAsked, read
from bot.values import Block, Figure, Text
from knowledge.records import Metric, Statistic
from knowledge.store import KnowledgeBase

TODAY = datetime.date(2026, 11, 22)
KILNS = Metric(id="kilns", name_en="Kilns sold", name_zh="窑炉销量")
CHANGE = MeasureAsked("change")


@pytest.fixture(scope="module")
def kb() -> Iterator[KnowledgeBase]:
    """A knowledge base in memory, empty."""
    kb = KnowledgeBase.open("sqlite://")
    yield kb
    kb.close()


def _figure(value: float, as_of: str | None, qualifier: str = "exact", **more: Any) -> Statistic:
    said = {"unit_en": "kilns", "unit_zh": "座窑炉", "scope_en": "worldwide", "scope_zh": "全球", "group": "sold", **more}
    return Statistic(id=f"{value}-{as_of}-{qualifier}", metric="kilns", value=value, as_of=as_of, qualifier=qualifier, **said)


def _lead(blocks: list[Block] | None) -> str:
    assert blocks is not None
    assert isinstance(blocks[0], Text)
    return blocks[0].text


def _values(blocks: list[Block] | None) -> list[float]:
    return [block.value for block in blocks or () if isinstance(block, Figure)]


@pytest.mark.parametrize(
    ("first", "last", "english", "chinese"),
    [
        ((118, "exact"), (145, "exact"), "27 more (22.9%)", "增加27（22.9%）"),
        ((118, "exact"), (150, "more_than"), "more than 32 more (more than 27.1%)", "增加超过32（超过27.1%）"),
        ((200, "exact"), (150, "exact"), "50 fewer (25%)", "减少50（25%）"),
        ((1400, "more_than"), (2500, "more_than"), "cannot be given", "无法给出差额"),
        ((100, "more_than"), (118, "exact"), "under 18 more.", "增加不到18。"),
        ((400000, "under"), (1100000, "more_than"), "more than 700,000 more.", "增加超过70万。"),
        ((7, "exact"), (7, "exact"), "are the same", "相同"),
        ((0, "exact"), (7, "exact"), "7 more.", "增加7。"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_difference(kb, lang, first, last, english, chinese):
    """A difference stands with both figures and dates, and is a bound when one of them is."""
    known = [_figure(first[0], "2020", first[1]), _figure(last[0], "2024", last[1])]
    said = _lead(change_blocks(Page(kb, lang, today=TODAY), KILNS, known, CHANGE))
    assert (english if lang == "en" else chinese) in said
    assert "2020" in said
    assert "2024" in said


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "no growth is worked out"), ("zh", "不计算其间的增长"), ("zh-Hant", "不计算其间的增长")]
)
@pytest.mark.parametrize(
    "more",
    [{"group": "counted otherwise"}, {"unit_en": "ovens"}, {"scope_en": "Asia"}, {"place": "JP"}],
    ids=lambda more: next(iter(more)),
)
def test_not_comparable(kb, lang, said, more):
    """Between figures of other groups, units, scopes or places no number is worked out, and the reply says so."""
    known = [_figure(700, "2021"), _figure(130000, "2024", **more)]
    asked = read("between 2021 and 2024", TODAY)
    blocks = change_blocks(Page(kb, lang, today=TODAY), KILNS, known, asked)
    assert said in _lead(blocks)
    assert _values(blocks) == [130000, 700]
    assert not [block for block in blocks or () if isinstance(block, Text) and block.derived]
    assert "129,300" not in _lead(blocks)


def test_ends(kb):
    """Asked between two dates, the figures are those of the dates, else the last known before; what is missing is said."""
    known = [
        _figure(value, date) for value, date in ((1, "2018"), (2, "2020-03-01"), (3, "2020-12-09"), (4, "2022"), (5, "2024"))
    ]
    page = Page(kb, "en", today=TODAY)
    assert _values(change_blocks(page, KILNS, known, read("between 2020 and 2022", TODAY)))[:2] == [4, 3]
    missed = change_blocks(page, KILNS, known, read("between 2019 and 2023", TODAY))
    assert _values(missed)[:2] == [4, 1]
    notes = " ".join(block.text for block in missed or () if isinstance(block, Text) and block.role == "note")
    assert "2019" in notes
    assert "2023" in notes
    assert _values(change_blocks(page, KILNS, known, read("since 2020", TODAY)))[:2] == [5, 3]


def test_latest_run(kb):
    """Asked without dates, growth is that of the latest figures that compare."""
    known = [_figure(700, "2020", group="old"), _figure(800, "2021", group="old"), _figure(9000, "2023"), _figure(9500, "2024")]
    blocks = change_blocks(Page(kb, "en", today=TODAY), KILNS, known, CHANGE)
    assert _values(blocks) == [9500, 9000, 800, 700]
    assert "500 more" in _lead(blocks)


def test_one_figure(kb):
    """Of one figure, or of undated ones, no change is told."""
    page = Page(kb, "en", today=TODAY)
    assert change_blocks(page, KILNS, [_figure(7, "2024")], CHANGE) is None
    assert change_blocks(page, KILNS, [_figure(7, None), _figure(9, None)], CHANGE) is None


@pytest.mark.parametrize(
    ("unit", "first", "last", "english", "chinese"),
    [
        ("rank", 12, 10, "2 places higher", "上升2位"), ("rank", 3, 4, "1 places lower", "下降1位"),
        ("per cent", 31.9, 36.8, "4.9 percentage points more", "上升4.9个百分点"),
    ],
)  # fmt: skip
def test_other_units(kb, unit, first, last, english, chinese):
    """Ranks change by places and shares by percentage points."""
    known = [_figure(first, "2023", unit_en=unit), _figure(last, "2024", unit_en=unit)]
    assert english in _lead(change_blocks(Page(kb, "en", today=TODAY), KILNS, known, CHANGE))
    assert chinese in _lead(change_blocks(Page(kb, "zh", today=TODAY), KILNS, known, CHANGE))


def test_history(kb):
    """A history holds the figures of its time and no others, latest first, all but the latest in a line."""
    known = [_figure(value, date) for value, date in ((1, "2018"), (2, "2020"), (3, "2022"), (4, "2024"), (5, None))]
    blocks = history_blocks(Page(kb, "en", today=TODAY), KILNS, known, read("since 2020", TODAY))
    figures = [block for block in blocks or () if isinstance(block, Figure)]
    assert [(figure.value, figure.earlier) for figure in figures] == [(4, False), (3, True), (2, True)]
    assert history_blocks(Page(kb, "en", today=TODAY), KILNS, known, read("since 2023", TODAY)) is None


def _of(place: str, *figures: tuple[float, str], **more: Any) -> tuple[Metric, list[Statistic]]:
    metric = Metric(id=place.lower(), name_en=f"Kilns of {place}", name_zh=f"{place}窑炉")
    return metric, [_figure(value, date, scope_en=place, scope_zh=place, **more) for value, date in figures]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_comparison(kb, lang):
    """Places are compared by figures of one group and one day, the largest first."""
    compared = [_of("X", (5, "2023"), (9, "2024")), _of("Y", (30, "2023")), _of("Z", (7, "2023"), (1, "2022"))]
    blocks = comparison_blocks(Page(kb, lang, today=TODAY), compared, [], MeasureAsked("comparison"))
    assert _values(blocks) == [30, 7, 5]
    assert "2023" in _lead(blocks)
    assert ("counted the same way" if lang == "en" else "口径相同") in _lead(blocks)


@pytest.mark.parametrize(
    ("lang", "said", "missing"), [("en", "not compared", "No figure on record for W"), ("zh", "不作比较", "没有W的数字")]
)
def test_comparison_of_unlike(kb, lang, said, missing):
    """Places whose figures were counted in different ways stand side by side, uncompared; a place without a figure is named."""
    compared = [_of("X", (5, "2023")), _of("Y", (30, "2023"), group="otherwise")]
    blocks = comparison_blocks(Page(kb, lang, today=TODAY), compared, ["W"], MeasureAsked("comparison"))
    assert said in _lead(blocks)
    assert _values(blocks) == [5, 30]
    assert missing in " ".join(block.text for block in blocks if isinstance(block, Text))


def test_comparison_of_days(kb):
    """Figures counted the same way at different dates each carry their date."""
    blocks = comparison_blocks(Page(kb, "en", today=TODAY), [_of("X", (5, "2023")), _of("Y", (30, "2024"))], [], MeasureAsked())
    assert "different dates" in _lead(blocks)
    assert "5 kilns as of 2023" in _lead(blocks)


def test_ranks_are_compared_by_place(kb):
    """The first comes first."""
    compared = [_of("X", (12, "2023"), unit_en="rank"), _of("Y", (3, "2023"), unit_en="rank")]
    assert _values(comparison_blocks(Page(kb, "en", today=TODAY), compared, [], MeasureAsked())) == [3, 12]
