"""Figures: the value with its qualifier, scope, as-of date and source; earlier and disagreeing ones beside it.

Nothing is added up or divided here: figures of one metric may count different things, and a growth rate nobody published is none.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from decimal import Decimal

from bot.compose.page import Page
from bot.values import Block, Figure, Text
from knowledge.dates import PartialDate
from knowledge.records import Metric, Statistic

_YI, _WAN = Decimal(100_000_000), Decimal(10_000)
_BILLION = Decimal(1_000_000_000)


def metric_blocks(page: Page, metric: Metric, figures: Sequence[Statistic], aspects: Set[str], at: str | None) -> list[Block]:
    """The figure asked for first – the latest, or the one known ``at`` a date –, then the others, then how they relate."""
    ordered = sorted(figures, key=lambda one: one.as_of or "", reverse=True)
    if not ordered:
        return [Text(page.say("no_figure", metric=page.name(metric)), "lead")]
    first = _known_at(ordered, at) or ordered[0]
    blocks: list[Block] = [Text(_lead(page, metric, first), "lead")]
    if at and first not in _within(ordered, at):
        blocks.append(Text(page.say("no_figure_then", date=page.date(at)), "note"))
    blocks.append(figure(page, metric, first))
    others = [one for one in ordered if one is not first]
    if others:
        blocks.append(Text(page.say("other_figures"), "body"))
        blocks += [figure(page, metric, one) for one in others]
    if len({one.group for one in ordered}) > 1 or aspects & {"trend", "conflict"}:
        blocks.append(Text(page.text(metric, "note") or page.say("not_comparable"), "note"))
    elif note := page.text(metric, "note"):
        blocks.append(Text(note, "note"))
    age = _age_note(page, ordered[0]) if first is ordered[0] else None
    return [*blocks, Text(age, "note")] if age else blocks


def figure(page: Page, metric: Metric, one: Statistic) -> Figure:
    """A figure with everything needed to quote it."""
    cited = page.cited(one)
    return Figure(
        metric=metric.id,
        label=page.name(metric),
        value=one.value,
        qualifier=one.qualifier,
        unit=page.text(one, "unit") or "",
        scope=page.text(one, "scope") or "",
        as_of=one.as_of,
        shown=shown(page, one),
        note=page.text(one, "note"),
        source=cited[0] if cited else None,
    )


def shown(page: Page, one: Statistic) -> str:
    """The figure as it reads in a sentence: nearly 130,000 technologies / 近13万项技术."""
    unit = one.exactly("unit", "en") or ""
    number = number_text(one.value, page.base)
    if unit == "year":
        number = str(int(one.value))
    if unit == "rank":
        counted = page.say("rank_value", n=_ordinal(int(one.value)) if page.base == "en" else int(one.value))
    else:
        key = {"year": "year_value", "percent": "percent_value"}.get(unit, "unit_value")
        counted = page.say(key, n=number, unit=page.text(one, "unit") or "")
    return page.speech.names("qualifiers")[one.qualifier].format(n=counted.strip())


def number_text(value: float, lang: str) -> str:
    """A number as the language writes it: 336,000 / 33.6万, 4.31 billion / 43.1亿."""
    exact = Decimal(str(value)).normalize()
    if lang == "zh":
        for size, name in ((_YI, "亿"), (_WAN, "万")):
            if abs(exact) >= size:
                scaled = (exact / size).normalize()
                return f"{scaled:f}{name}"
        return f"{exact:f}"
    if abs(exact) >= _BILLION:
        return f"{(exact / _BILLION).normalize():f} billion"
    return f"{exact:,f}"


def _lead(page: Page, metric: Metric, one: Statistic) -> str:
    cited = page.cited(one)
    scope = page.text(one, "scope") or ""
    said = page.say("figure_lead", label=page.name(metric), value=shown(page, one))
    parts = [said]
    if scope and scope not in page.name(metric):
        parts.append(page.say("figure_scope", scope=scope))
    if one.as_of:
        parts.append(page.say("figure_as_of", date=page.date(one.as_of)))
    if cited:
        parts.append(page.say("figure_source", source=cited[0].publisher or cited[0].title))
    return page.say("figure_joint").join(parts) + page.speech.names("sentence")["end"]


def _within(ordered: Sequence[Statistic], at: str) -> list[Statistic]:
    asked = PartialDate.parse(at)
    return [one for one in ordered if one.as_of and _overlap(asked, PartialDate.parse(one.as_of))]


def _overlap(asked: PartialDate, known: PartialDate) -> bool:
    return asked.covers(known) or known.covers(asked)


def _known_at(ordered: Sequence[Statistic], at: str | None) -> Statistic | None:
    """The latest figure of that date, else the latest before it, else the first after."""
    if at is None:
        return None
    within = _within(ordered, at)
    if within:
        return within[0]
    before = [one for one in ordered if one.as_of and one.as_of < at]
    return before[0] if before else ordered[-1]


def _age_note(page: Page, latest: Statistic) -> str | None:
    if not latest.as_of or (latest.exactly("unit", "en") or "") == "year":
        return None
    known = PartialDate.parse(latest.as_of)
    months = (page.today.year - known.year) * 12 + page.today.month - (known.month or 12)
    return page.say("figure_age", date=page.date(latest.as_of)) if months > 12 else None


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
