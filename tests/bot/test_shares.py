"""Shares: a part set against its whole, only where both were counted the same way on the same day."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from bot.compose.page import Page
from bot.compose.shares import share_blocks
from bot.measures_asked import MeasureAsked, read
from bot.values import Block, Figure, Text
from knowledge.forms import build
from knowledge.records import Metric, Statistic
from knowledge.store import KnowledgeBase

TODAY = datetime.date(2026, 11, 22)
SHARE = MeasureAsked("share")
SOLD = Metric(id="sold", name_en="Kilns sold", name_zh="窑炉销量", sources=["gazette"])
KENYA = Metric(id="kenya", name_en="Kilns sold in Kenya", name_zh="肯尼亚窑炉销量", sources=["gazette"])


@pytest.fixture
def kb() -> Iterator[KnowledgeBase]:
    """A knowledge base in memory with two metrics."""
    kb = KnowledgeBase.open("sqlite://")
    kb.save([build("source", {"id": "gazette", "name": {"en": "The gazette", "zh": "公报"}}), SOLD, KENYA], origin="test")
    yield kb
    kb.close()


def _of(metric: str, value: float, as_of: str, qualifier: str = "exact", **more: Any) -> Statistic:
    place = (
        {"scope_en": "worldwide", "scope_zh": "全球"}
        if metric == "sold"
        else {"scope_en": "Kenya", "scope_zh": "肯尼亚", "place": "KE"}
    )
    said = {"unit_en": "kilns", "unit_zh": "座窑炉", "group": "sold", "sources": ["gazette"], **place, **more}
    return Statistic(id=f"{metric}-{as_of}-{value}", metric=metric, value=value, as_of=as_of, qualifier=qualifier, **said)


def _told(kb: KnowledgeBase, *figures: Statistic, lang: str = "en", asked: MeasureAsked = SHARE) -> list[Block] | None:
    kb.save(figures, origin="test")
    parts = [one for one in figures if one.metric == "kenya"]
    return share_blocks(Page(kb, lang, today=TODAY), KENYA, parts, asked)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Kilns sold in Kenya: 25% of “Kilns sold”. Worked out from 50 kilns and 200 kilns, both as of 1 May 2024."),
        ("zh", "肯尼亚窑炉销量占“窑炉销量”的比重：25%。由50座窑炉和200座窑炉算出，均截至2024年5月1日。"),
    ],
)
def test_a_share(kb: KnowledgeBase, lang: str, said: str) -> None:
    """A share is told with both its figures, which follow with their sources."""
    blocks = _told(kb, _of("sold", 200, "2024-05-01"), _of("kenya", 50, "2024-05-01"), lang=lang)
    assert blocks is not None
    assert isinstance(blocks[0], Text)
    assert blocks[0].text == said
    assert [block.value for block in blocks if isinstance(block, Figure)] == [50, 200]


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        ("more_than", "nearly", "more than 33.3%"),
        ("more_than", "exact", "more than 33.3%"),
        ("nearly", "exact", "under 33.4%"),
        ("exact", "more_than", "under 33.4%"),
        ("more_than", "more_than", "about 33.3%"),
        ("exact", "exact", "about 33.3%"),
    ],
)
def test_rounded_figures(kb: KnowledgeBase, part: str, whole: str, said: str) -> None:
    """A share of rounded figures says on which side of its number it lies, and is rounded to that side."""
    blocks = _told(kb, _of("sold", 300, "2024-05-01", whole), _of("kenya", 100, "2024-05-01", part))
    assert blocks is not None
    assert isinstance(blocks[0], Text)
    assert f": {said} of" in blocks[0].text


@pytest.mark.parametrize(
    "whole",
    [
        _of("sold", 200, "2024-05-02"),
        _of("sold", 200, "2024-05-01", group="made"),
        _of("sold", 200, "2024-05-01", unit_en="kilns and ovens"),
        _of("sold", 200, "2024-05-01", place="CN"),
        _of("sold", 40, "2024-05-01"),
    ],
    ids=["another day", "another way", "another unit", "another place", "smaller than its part"],
)
def test_no_whole(kb: KnowledgeBase, whole: Statistic) -> None:
    """No share is worked out of a figure that is not the whole: of another day, count or unit, of a place, or too small."""
    assert _told(kb, whole, _of("kenya", 50, "2024-05-01")) is None


def test_the_time_asked_for(kb: KnowledgeBase) -> None:
    """Asked for a year, the share is that of the year, though there is a later one."""
    both = [
        _of(metric, value, f"{year}-05-01")
        for year, *pair in ((2023, 20, 100), (2024, 50, 200))
        for metric, value in zip(("kenya", "sold"), pair, strict=True)
    ]
    blocks = _told(kb, *both, asked=read("what share of kilns was sold in Kenya in 2023", TODAY))
    assert blocks is not None
    assert isinstance(blocks[0], Text)
    assert "20% of" in blocks[0].text
