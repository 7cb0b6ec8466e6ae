"""Figures: the value with its qualifier, scope, as-of date and source; earlier and disagreeing ones beside it.

Nothing is added up, and nothing is set against what was counted in another way: see :mod:`bot.compose.changes` for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.compose.page import Page
from bot.measures_asked import AT, BEFORE, BETWEEN, LATEST, SINCE, MeasureAsked, Span
from bot.values import Block, Figure, Text
from knowledge.dates import PartialDate
from knowledge.records import SHARES, Metric, Statistic

_YI, _WAN = Decimal(100_000_000), Decimal(10_000)
_BILLION = Decimal(1_000_000_000)


def metric_blocks(page: Page, metric: Metric, figures: Sequence[Statistic], asked: MeasureAsked) -> list[Block]:
    """The figure asked for first – the latest, or that of the time asked for –, then the others, then how they relate."""
    ordered = latest_first(figures)
    if not ordered:
        return [Text(page.say("no_figure", metric=page.name(metric)), "lead")]
    first = _meant(page, ordered, asked.span)
    blocks: list[Block] = [Text(lead_text(page, metric, first), "lead")]
    if asked.claimed is not None:
        blocks.append(Text(_checked(page, ordered, first, asked.claimed), "body"))
    if note := _time_note(page, ordered, asked.span):
        blocks.append(Text(note, "note", derived=(period(page, asked.span),)))
    blocks.append(figure(page, metric, first))
    others = [one for one in ordered if one is not first]
    blocks += _others(page, metric, first, others, asked)
    notes = relation_notes(page, metric, ordered, asked)
    age = _age_note(page, ordered[0]) if first is ordered[0] else None
    return [*blocks, *notes, *([Text(age, "note")] if age else [])]


def latest_first(figures: Sequence[Statistic]) -> list[Statistic]:
    """The figures by date, those without one last."""
    return sorted(figures, key=lambda one: one.as_of or "", reverse=True)


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
        group=one.group,
        kind=_kind(one),
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
        key = {"year": "year_value", **dict.fromkeys(SHARES, "percent_value")}.get(unit, "unit_value")
        counted = page.say(key, n=number, unit=page.text(one, "unit") or "")
    return page.speech.names("qualifiers")[one.qualifier].format(n=counted.strip())


def lead_text(page: Page, metric: Metric, one: Statistic) -> str:
    """A figure as a sentence: what, how many, of where, as of when, according to whom."""
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


def number_text(value: float | Decimal, lang: str) -> str:
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


def _kind(one: Statistic) -> str:
    unit = one.exactly("unit", "en") or ""
    return "share" if unit in SHARES else unit if unit in ("rank", "year") else "count"


def is_share(one: Statistic) -> bool:
    """Whether a figure is a share or a rate, such as a growth rate that a source gives."""
    return (one.exactly("unit", "en") or "") in SHARES


def relation_notes(page: Page, metric: Metric, figures: Sequence[Statistic], asked: MeasureAsked) -> list[Block]:
    """How the figures relate: the metric's own note, or that they were counted in different ways."""
    if note := page.text(metric, "note"):
        return [Text(note, "note")]
    if len({one.group for one in figures}) > 1:
        return [Text(page.say("not_comparable"), "note")]
    return [Text(page.say("no_reason"), "note")] if asked.operation == "conflict" else []


def no_figure_blocks(page: Page, names: Sequence[str], nearest: Sequence[tuple[Metric, Sequence[Statistic]]]) -> list[Block]:
    """No figure for what was asked; the latest of each of the nearest metrics instead."""
    lead = page.say("no_figure_of", names=page.speech.join(list(names))) if names else page.say("no_figure_asked")
    blocks: list[Block] = [Text(lead, "lead")]
    for metric, figures in nearest:
        if figures:
            blocks.append(Text(lead_text(page, metric, latest_first(figures)[0]), "step"))
    return blocks


def _others(page: Page, metric: Metric, first: Statistic, others: Sequence[Statistic], asked: MeasureAsked) -> list[Block]:
    """Those that disagree side by side with the first, the others in a line each."""
    disagreeing = [one for one in others if _disagrees(first, one)] if asked.operation != "conflict" else list(others)
    rest = [one for one in others if one not in disagreeing]
    blocks: list[Block] = []
    if disagreeing:
        heading = page.say("side_by_side" if asked.operation == "conflict" else "other_sources")
        blocks += [Text(heading, "body"), *(figure(page, metric, one) for one in disagreeing)]
    if rest:
        blocks += [Text(page.say("other_figures"), "body"), *(replace(figure(page, metric, one), earlier=True) for one in rest)]
    return blocks


def _disagrees(one: Statistic, other: Statistic) -> bool:
    """Whether two figures say different things of the same day, or of no day that is known."""
    return one.as_of == other.as_of and one.value != other.value


def _meant(page: Page, ordered: Sequence[Statistic], span: Span) -> Statistic:
    """The latest figure of the time asked for, else the latest before it, else the first after."""
    if span.kind == LATEST or span.is_future(page.today):
        return ordered[0]
    within = in_span(ordered, span)
    if within:
        return within[0]
    begin = span.start or span.end
    assert begin is not None
    before = [one for one in ordered if one.as_of and PartialDate.parse(one.as_of).last < begin.first]
    after = [one for one in ordered if one.as_of and one not in before]
    return before[0] if before else after[-1] if after else ordered[-1]


def in_span(figures: Sequence[Statistic], span: Span) -> list[Statistic]:
    """The figures whose date lies in the time asked for."""
    return [one for one in figures if one.as_of and span.holds(PartialDate.parse(one.as_of))]


def period(page: Page, span: Span) -> str:
    """The time asked for, in words."""
    start, end = (str(date) if date else None for date in (span.start, span.end))
    if span.kind == AT:
        return page.date(start)
    key = {BETWEEN: "period_between", SINCE: "period_since", BEFORE: "period_before"}.get(span.kind, "period_until")
    return page.say(key, start=page.date(start), end=page.date(end))


def _time_note(page: Page, ordered: Sequence[Statistic], span: Span) -> str | None:
    if span.kind == LATEST or not span.asked:
        return None
    if span.is_future(page.today):
        return page.say("no_figure_future", date=period(page, span))
    if in_span(ordered, span):
        return None
    return page.say("no_figure_then", date=period(page, span))


def _checked(page: Page, ordered: Sequence[Statistic], first: Statistic, claimed: Decimal) -> str:
    equal = next((one for one in (first, *ordered) if Decimal(str(one.value)) == claimed), None)
    if equal is first:
        return page.say("figure_agrees")
    if equal is not None and equal.as_of:
        return page.say("figure_agrees_earlier", date=page.date(equal.as_of))
    return page.say("figure_disagrees")


def _age_note(page: Page, latest: Statistic) -> str | None:
    if not latest.as_of or (latest.exactly("unit", "en") or "") == "year":
        return None
    known = PartialDate.parse(latest.as_of)
    months = (page.today.year - known.year) * 12 + page.today.month - (known.month or 12)
    return page.say("figure_age", date=page.date(latest.as_of)) if months > 12 else None


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
