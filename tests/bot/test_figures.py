"""How figures read, and in which order they stand."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from bot.compose.figures import figure, metric_blocks, number_text, shown
from bot.compose.page import Page
from bot.measures_asked import MeasureAsked, read
from bot.values import Figure, Text
from knowledge.records import QUALIFIERS, Metric, Statistic
from knowledge.store import KnowledgeBase

PageIn = Callable[..., Page]
TODAY = datetime.date(2025, 6, 30)
KILNS = Metric(id="kilns", name_en="Kilns sold", name_zh="窑炉销量")


@pytest.fixture(scope="module")
def kb() -> Iterator[KnowledgeBase]:
    """A knowledge base in memory, empty."""
    kb = KnowledgeBase.open("sqlite://")
    yield kb
    kb.close()


@pytest.fixture
def page(kb: KnowledgeBase) -> PageIn:
    """A reply in the making, in a language, on a day."""
    return lambda lang, today=TODAY: Page(kb, lang, today=today)


def _figure(value: float, as_of: str | None = None, unit: tuple[str, str] = ("kilns", "座窑炉"), **more: Any) -> Statistic:
    id_ = f"{value}-{as_of}-{more.get('group')}"
    scope = {"scope_en": "worldwide", "scope_zh": "全球", **more}
    return Statistic(id=id_, metric="kilns", value=value, as_of=as_of, unit_en=unit[0], unit_zh=unit[1], **scope)


def _values(blocks: list[Any]) -> list[float]:
    return [block.value for block in blocks if isinstance(block, Figure)]


def _notes(blocks: list[Any]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, Text) and block.role == "note")


def _lead(blocks: list[Any]) -> str:
    assert isinstance(blocks[0], Text)
    assert blocks[0].role == "lead"
    return blocks[0].text


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (336000, "336,000", "33.6万"),
        (4310000000, "4.31 billion", "43.1亿"),
        (155.8, "155.8", "155.8"),
        (9500, "9,500", "9500"),
        (0, "0", "0"),
        (7, "7", "7"),
        (0.05, "0.05", "0.05"),
        (10000, "10,000", "1万"),
        (12345, "12,345", "1.2345万"),
        (130000, "130,000", "13万"),
        (100000000, "100,000,000", "1亿"),
        (1000000000, "1 billion", "10亿"),
        (1234567.5, "1,234,567.5", "123.45675万"),
        (-20000, "-20,000", "-2万"),
    ],
)
def test_numbers(value, english, chinese):
    """A number is written as each language writes it, and none of its digits is lost."""
    assert number_text(value, "en") == english
    assert number_text(value, "zh") == chinese


@pytest.mark.parametrize(
    ("qualifier", "english", "chinese"),
    [
        ("exact", "130,000 kilns", "13万座窑炉"),
        ("more_than", "more than 130,000 kilns", "超过13万座窑炉"),
        ("about", "about 130,000 kilns", "约13万座窑炉"),
        ("nearly", "nearly 130,000 kilns", "近13万座窑炉"),
        ("under", "under 130,000 kilns", "不到13万座窑炉"),
    ],
)
def test_qualifiers(page, qualifier, english, chinese):
    """A figure is never shown without its qualifier."""
    one = _figure(130000, qualifier=qualifier)
    assert [shown(page(lang), one) for lang in ("en", "zh", "zh-Hant")] == [english, chinese, chinese]


def test_all_qualifiers_are_tried():
    """The promise above covers every qualifier there is."""
    assert QUALIFIERS == ("exact", "more_than", "about", "nearly", "under")


@pytest.mark.parametrize(
    ("unit", "value", "english", "chinese"),
    [
        (("rank", "位"), 1, "1st", "第1位"),
        (("rank", "位"), 2, "2nd", "第2位"),
        (("rank", "位"), 3, "3rd", "第3位"),
        (("rank", "位"), 11, "11th", "第11位"),
        (("rank", "位"), 22, "22nd", "第22位"),
        (("year", "年"), 2013, "2013", "2013年"),
        (("percent", "%"), 36.8, "36.8%", "36.8%"),
        (("patents", "件专利"), 155.8, "155.8 patents", "155.8件专利"),
    ],
)
def test_units(page, unit, value, english, chinese):
    """Ranks, years and shares read as such, and anything else has its unit after it."""
    one = _figure(value, unit=unit)
    assert shown(page("en"), one) == english
    assert shown(page("zh"), one) == chinese


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_latest_first(page, lang):
    """The latest figure answers, the others follow by date, and those without a date come last."""
    known = [_figure(1, "2014"), _figure(2), _figure(3, "2024-05-30"), _figure(4, "2021-04"), _figure(5, "2024")]
    blocks = metric_blocks(page(lang), KILNS, known, MeasureAsked())
    assert _values(blocks) == [3, 5, 4, 1, 2]
    assert "3" in _lead(blocks)
    assert ("30 May 2024" if lang == "en" else "2024年5月30日") in _lead(blocks)


@pytest.mark.parametrize(
    ("at", "first"), [("2021", 4), ("2021-04", 4), ("2021-04-27", 4), ("2014", 1), ("2024", 3), ("2019", 1), ("2010", 1)]
)
def test_as_of(page, at, first):
    """Asked as of a date, the figure of that date answers, else the one known before it, else the earliest after."""
    known = [_figure(1, "2014"), _figure(3, "2024-05-30"), _figure(4, "2021-04")]
    blocks = metric_blocks(page("en"), KILNS, known, read(at, TODAY))
    assert _values(blocks)[0] == first
    assert set(_values(blocks)) == {1, 3, 4}


@pytest.mark.parametrize(("lang", "said"), [("en", "No figure is on record for 2019"), ("zh", "没有2019年当时的数字")])
def test_no_figure_of_that_date(page, lang, said):
    """When nothing was counted at that date, the reply says so."""
    blocks = metric_blocks(page(lang), KILNS, [_figure(1, "2014"), _figure(3, "2024")], read("2019", TODAY))
    assert said in _notes(blocks)
    assert said not in _notes(metric_blocks(page(lang), KILNS, [_figure(3, "2024")], read("2024", TODAY)))


@pytest.mark.parametrize(("lang", "said"), [("en", "no growth is worked out"), ("zh", "不计算其间的增长")])
def test_other_groups(page, lang, said):
    """Figures that count different things stand side by side with a note that they do not compare, and no growth."""
    known = [_figure(700, "2021", group="listings"), _figure(130000, "2024", group="database")]
    blocks = metric_blocks(page(lang), KILNS, known, MeasureAsked("conflict"))
    assert said in _notes(blocks)
    assert _values(blocks) == [130000, 700]
    assert said not in _notes(metric_blocks(page(lang), KILNS, known[:1], MeasureAsked()))


def test_own_note(page):
    """A metric that explains its figures is heard rather than the general note."""
    metric = Metric(id="kilns", name_en="Kilns sold", note_en="The count changed in 2022.")
    known = [_figure(700, "2021", group="a"), _figure(900, "2024", group="b")]
    blocks = metric_blocks(page("en"), metric, known, MeasureAsked())
    assert _notes(blocks).count("The count changed in 2022.") == 1
    assert "no growth" not in _notes(blocks)


@pytest.mark.parametrize(("lang", "said"), [("en", "more than a year old"), ("zh", "已逾一年")])
@pytest.mark.parametrize(
    ("as_of", "today", "old"),
    [
        ("2024-05-30", datetime.date(2025, 6, 30), True),
        ("2024-05-30", datetime.date(2025, 5, 30), False),
        ("2024-05-30", datetime.date(2024, 6, 1), False),
        ("2014", datetime.date(2025, 6, 30), True),
        ("2024", datetime.date(2025, 6, 30), False),
    ],
)
def test_age(page, lang, said, as_of, today, old):
    """When the latest figure is more than a year old, the reply says so."""
    blocks = metric_blocks(page(lang, today=today), KILNS, [_figure(3, as_of)], MeasureAsked())
    assert (said in _notes(blocks)) is old


def test_age_of_an_old_figure_asked_for(page):
    """Whoever asks for an old figure is not told that it is old."""
    known = [_figure(1, "2014"), _figure(3, "2024")]
    assert "year old" not in _notes(metric_blocks(page("en"), KILNS, known, read("2014", TODAY)))


@pytest.mark.parametrize(("lang", "said"), [("en", "No figure on record for Kilns sold"), ("zh", "没有“窑炉销量”的数字")])
def test_no_figure(page, lang, said):
    """A metric without a figure is named, and no number is given."""
    blocks = metric_blocks(page(lang), KILNS, [], MeasureAsked())
    assert said in _lead(blocks)
    assert not _values(blocks)


@pytest.mark.parametrize(("lang", "said"), [("en", "2030 is yet to come"), ("zh", "2030年尚未到来")])
def test_future(page, lang, said):
    """A date to come is said to be one, and the latest figure is given."""
    blocks = metric_blocks(page(lang), KILNS, [_figure(1, "2014"), _figure(3, "2024")], read("in 2030", TODAY))
    assert said in _notes(blocks)
    assert _values(blocks)[0] == 3


@pytest.mark.parametrize(("lang", "said"), [("en", "Another source has a different figure"), ("zh", "另有来源的数字不同")])
def test_disagreeing(page, lang, said):
    """Figures of one day that differ stand in full side by side; the others in a line each."""
    known = [_figure(300, "2021-04-27", group="a"), _figure(200, "2021-04-27", group="b"), _figure(100, "2020")]
    blocks = metric_blocks(page(lang), KILNS, known, MeasureAsked())
    assert [(block.value, block.earlier) for block in blocks if isinstance(block, Figure)] == [
        (300, False),
        (200, False),
        (100, True),
    ]
    assert any(isinstance(block, Text) and said in block.text for block in blocks)


@pytest.mark.parametrize(
    ("claimed", "english", "chinese"),
    [(300, "agrees with", "一致"), (100, "as of 2020", "截至2020年"), (301, "not the figure", "不一致")],
)
def test_claimed(page, claimed, english, chinese):
    """A number that is to be checked agrees with the latest figure, with an earlier one, or with none."""
    known = [_figure(300, "2021"), _figure(100, "2020")]
    for lang, said in (("en", english), ("zh", chinese)):
        blocks = metric_blocks(page(lang), KILNS, known, MeasureAsked("check", claimed=Decimal(claimed)))
        assert any(isinstance(block, Text) and said in block.text for block in blocks)


def test_figure(page):
    """A figure carries all that it takes to quote it, in the reader's language."""
    one = figure(page("zh"), KILNS, _figure(130000, "2024-05", qualifier="nearly"))
    assert (one.metric, one.label, one.value, one.qualifier) == ("kilns", "窑炉销量", 130000, "nearly")
    assert (one.unit, one.scope, one.as_of, one.shown) == ("座窑炉", "全球", "2024-05", "近13万座窑炉")
    assert one.as_dict()["value"] == 130000
    assert isinstance(one.as_dict()["value"], int)
