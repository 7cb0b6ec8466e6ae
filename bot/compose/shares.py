"""Shares: a part of a whole, worked out where both were counted the same way on the same day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from bot.compose.figures import figure, in_span, is_share, latest_first, relation_notes, shown
from bot.compose.page import Page
from bot.measures_asked import LATEST, MeasureAsked
from bot.values import Block, Text
from knowledge.records import Metric, Statistic
from knowledge.shares import whole_of

# What a share is when its part and its whole are: more than 9,500 of nearly 130,000 is more than their quotient.
_QUOTIENT = {
    ("exact", "exact"): "exact", ("exact", "nearly"): "more_than", ("exact", "under"): "more_than",
    ("exact", "more_than"): "under", ("more_than", "exact"): "more_than", ("more_than", "nearly"): "more_than",
    ("more_than", "under"): "more_than", ("nearly", "exact"): "under", ("nearly", "more_than"): "under",
    ("under", "exact"): "under", ("under", "more_than"): "under",
}  # fmt: skip
_ROUNDED = {"more_than": ROUND_FLOOR, "under": ROUND_CEILING}


def share_blocks(page: Page, metric: Metric, figures: Sequence[Statistic], asked: MeasureAsked) -> list[Block] | None:
    """The share that a metric's latest figure of the time has in its whole; None when it is a share itself or has no whole."""
    ordered = latest_first(figures)
    if not ordered or is_share(ordered[0]):
        return None
    within = ordered if asked.span.kind == LATEST else in_span(ordered, asked.span)
    pair = next(((part, whole) for part in within if (whole := whole_of(page.kb, part))), None)
    if pair is None:
        return None
    part, whole = pair
    all_of = page.kb.get(f"metric/{whole.metric}")
    assert isinstance(all_of, Metric)
    said, number = _share(page, part, whole)
    told = {"share": said, "part": shown(page, part), "whole": shown(page, whole), "date": page.date(part.as_of)}
    lead = page.say("share_lead", label=page.name(metric), all=page.name(all_of), **told)
    others: list[Block] = [replace(figure(page, metric, one), earlier=True) for one in ordered if one is not part]
    listed: list[Block] = [Text(page.say("other_figures"), "body"), *others]
    return [
        Text(lead, "lead", derived=(number,)),
        figure(page, metric, part),
        figure(page, all_of, whole),
        *(listed if others else []),
        *relation_notes(page, metric, ordered, asked),
    ]


def _share(page: Page, part: Statistic, whole: Statistic) -> tuple[str, str]:
    """The share in words, and as the number it is."""
    qualifier = _QUOTIENT.get((part.qualifier, whole.qualifier), "about")
    exact = Decimal(str(part.value)) * 100 / Decimal(str(whole.value))
    rounded = exact.quantize(Decimal("0.1"), _ROUNDED.get(qualifier, ROUND_HALF_UP))
    if qualifier == "exact" and rounded != exact:
        qualifier = "about"
    number = f"{rounded.normalize():f}%"
    return page.speech.names("qualifiers")[qualifier].format(n=number), number
