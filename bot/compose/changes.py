"""Figures set against each other: between two dates, or between places or programmes, if they were counted the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from bot.compose.figures import figure, in_span, latest_first, lead_text, number_text, period, relation_notes, shown
from bot.compose.page import Page
from bot.measures_asked import LATEST, MeasureAsked, Span
from bot.values import Block, Text
from knowledge.dates import PartialDate
from knowledge.records import SHARES, Metric, Statistic

# What a difference is when the first figure and the last one are: from exactly 118 to more than 150 is more than 32.
_DIFFERENCE = {
    ("exact", "exact"): "exact", ("exact", "more_than"): "more_than", ("exact", "about"): "about", ("exact", "nearly"): "nearly",
    ("exact", "under"): "under", ("more_than", "exact"): "under", ("nearly", "exact"): "more_than",
    ("under", "exact"): "more_than", ("under", "more_than"): "more_than", ("nearly", "more_than"): "more_than",
    ("more_than", "nearly"): "under", ("more_than", "under"): "under", ("about", "exact"): "about", ("about", "about"): "about",
}  # fmt: skip
_ROUNDED = {"more_than": ROUND_FLOOR, "under": ROUND_CEILING, "nearly": ROUND_CEILING}


def history_blocks(page: Page, metric: Metric, figures: Sequence[Statistic], asked: MeasureAsked) -> list[Block] | None:
    """All figures of a time, latest first, a line each but for the latest; None when there are none to list."""
    ordered = latest_first(figures)
    within = ordered if asked.span.kind == LATEST else in_span(ordered, asked.span)
    if len(within) < 2:
        return None
    listed = [figure(page, metric, one) for one in within]
    time = period(page, asked.span)
    heading = page.say("other_figures") if asked.span.kind == LATEST else page.say("period_figures", period=time)
    return [
        Text(lead_text(page, metric, within[0]), "lead"),
        listed[0],
        Text(heading, "body", derived=(time,)),
        *(replace(one, earlier=True) for one in listed[1:]),
        *relation_notes(page, metric, within, asked),
    ]


def change_blocks(page: Page, metric: Metric, figures: Sequence[Statistic], asked: MeasureAsked) -> list[Block] | None:
    """From one figure to a later one: both with their dates, and the difference when they compare; None if there are no two."""
    ordered = [one for one in latest_first(figures) if one.as_of]
    ends = _ends(ordered, asked.span)
    if ends is None:
        return None
    first, last = ends
    said = {
        "label": page.name(metric),
        "first": shown(page, first),
        "first_date": page.date(first.as_of),
        "last": shown(page, last),
        "last_date": page.date(last.as_of),
    }
    if not comparable(first, last):
        lead: list[Block] = [Text(page.say("change_not_comparable", **said), "lead")]
    else:
        told, derived = _difference(page, first, last)
        joint = page.speech.names("sentence")["join"]
        lead = [Text(joint.join([page.say("change_lead", **said), told]), "lead", derived=derived)]
    missed = [date for date, one in ((asked.span.start, first), (asked.span.end, last)) if date and not _near(date, one)]
    dates = [page.date(str(date)) for date in missed]
    notes: list[Block] = [Text(page.say("no_figure_then", date=date), "note", derived=(date,)) for date in dates]
    others = [one for one in ordered if one not in ends]
    listed: list[Block] = [
        Text(page.say("other_figures"), "body"),
        *(replace(figure(page, metric, one), earlier=True) for one in others),
    ]
    return [
        *lead, *notes, figure(page, metric, last), figure(page, metric, first), *(listed if others else []),
        *relation_notes(page, metric, ordered, asked),
    ]  # fmt: skip


def comparison_blocks(
    page: Page, metrics: Sequence[tuple[Metric, Sequence[Statistic]]], missing: Sequence[str], asked: MeasureAsked
) -> list[Block]:
    """Figures of several metrics side by side, ranked by value when they were counted the same way."""
    rows, alike = _aligned(metrics, asked.span)
    missed: list[Block] = [Text(page.say("comparison_missing", names=page.speech.join(list(missing))), "note")] if missing else []
    joint = page.say("semicolon")
    if not alike or len(rows) < 2:
        said = joint.join(_row(page, metric, one, dated=True) for metric, one in rows)
        key = "comparison_not_comparable" if len(rows) > 1 else "figure_lead_alone"
        lead = page.say(key, rows=said)
    else:
        rows.sort(key=lambda row: row[1].value if _unit(row[1]) == "rank" else -row[1].value)
        same_day = len({one.as_of for _, one in rows}) == 1 and rows[0][1].as_of
        said = joint.join(_row(page, metric, one, dated=not same_day) for metric, one in rows)
        key = "comparison_lead" if same_day else "comparison_dated"
        lead = page.say(key, rows=said, date=page.date(rows[0][1].as_of))
    notes = dict.fromkeys(note for metric, _ in rows if (note := page.text(metric, "note")))
    return [
        Text(lead, "lead"), *missed, *(figure(page, metric, one) for metric, one in rows),
        *(Text(note, "note") for note in notes),
    ]  # fmt: skip


def comparable(one: Statistic, other: Statistic) -> bool:
    """Whether two figures of a metric were counted the same way: one group, unit, scope and place."""
    return (one.group, _unit(one), one.scope_en, one.scope_zh, one.place) == (
        other.group, _unit(other), other.scope_en, other.scope_zh, other.place,
    )  # fmt: skip


def _ends(ordered: Sequence[Statistic], span: Span) -> tuple[Statistic, Statistic] | None:
    """The first and the last figure of a change: at or nearest to the dates asked for, or of the latest comparable run."""
    if span.kind == LATEST:
        run = [one for one in ordered if comparable(one, ordered[0])]
        return (run[-1], run[0]) if len(run) > 1 else (ordered[-1], ordered[0]) if len(ordered) > 1 else None
    within = in_span(ordered, span)
    first = _known(ordered, span.start) if span.start else None
    last = _known(ordered, span.end) if span.end else None
    first, last = first or (within[-1] if within else None), last or (within[0] if within else None)
    if first is None or last is None or first is last:
        return None
    return first, last


def _known(ordered: Sequence[Statistic], date: PartialDate) -> Statistic | None:
    """The figure of a date: the latest within it, else the latest before it."""
    at = [one for one in ordered if one.as_of and _near(date, one)]
    before = [one for one in ordered if one.as_of and PartialDate.parse(one.as_of).last < date.first]
    return at[0] if at else before[0] if before else None


def _near(date: PartialDate, one: Statistic) -> bool:
    known = PartialDate.parse(one.as_of or "")
    return date.covers(known) or known.covers(date)


def _difference(page: Page, first: Statistic, last: Statistic) -> tuple[str, tuple[str, ...]]:
    """The difference in words, and the numbers in it that were worked out."""
    by = Decimal(str(last.value)) - Decimal(str(first.value))
    unit = _unit(last)
    up, down = (first, last) if by >= 0 else (last, first)
    qualifier = _DIFFERENCE.get((up.qualifier, down.qualifier))
    if first.qualifier == last.qualifier == "exact" and by == 0:
        return page.say("change_none"), ()
    if qualifier is None or by == 0 or unit == "year":
        return page.say("change_rounded"), ()
    size = number_text(abs(by), page.base)
    if unit == "rank":
        return page.say("change_up" if by < 0 else "change_down", n=size), (size,)
    if unit in SHARES:
        n = page.speech.names("qualifiers")[qualifier].format(n=size)
        return page.say("change_points_up" if by > 0 else "change_points_down", n=n), (size, f"{size}%")
    n = page.speech.names("qualifiers")[qualifier].format(n=size)
    key = "change_more" if by > 0 else "change_fewer"
    if first.qualifier != "exact" or not first.value:
        return page.say(key, n=n), (size,)
    exact = abs(by) * 100 / Decimal(str(first.value))
    share = f"{exact.quantize(Decimal('0.1'), _ROUNDED.get(qualifier, ROUND_HALF_UP)).normalize():f}%"
    said = page.speech.names("qualifiers")[qualifier].format(n=share)
    return page.say(f"{key}_share", n=n, share=said), (size, share)


def _aligned(metrics: Sequence[tuple[Metric, Sequence[Statistic]]], span: Span) -> tuple[list[tuple[Metric, Statistic]], bool]:
    """One figure of each metric, of one group and day where there is one; and whether all were counted the same way."""
    pools = [(metric, in_span(found, span) if span.kind != LATEST else list(found)) for metric, found in metrics]
    pools = [(metric, latest_first(found or whole)) for (metric, found), (_, whole) in zip(pools, metrics, strict=True)]
    pools = [(metric, found) for metric, found in pools if found]
    ways = [{(one.group, _unit(one)) for one in found if one.group} for _, found in pools]
    common = set.intersection(*ways) if ways else set()
    if not common:
        return [(metric, found[0]) for metric, found in pools], False
    chosen = max(
        common, key=lambda way: max(one.as_of or "" for _, found in pools for one in found if (one.group, _unit(one)) == way)
    )
    same = [(metric, [one for one in found if (one.group, _unit(one)) == chosen]) for metric, found in pools]
    days = set.intersection(*({one.as_of or "" for one in found} for _, found in same))
    if days:
        day = max(days)
        return [(metric, next(one for one in found if (one.as_of or "") == day)) for metric, found in same], True
    return [(metric, found[0]) for metric, found in same], True


def _row(page: Page, metric: Metric, one: Statistic, *, dated: bool) -> str:
    scope = page.text(one, "scope") or page.name(metric)
    if dated and one.as_of:
        return page.say("comparison_dated_row", scope=scope, value=shown(page, one), date=page.date(one.as_of))
    return page.say("comparison_row", scope=scope, value=shown(page, one))


def _unit(one: Statistic) -> str:
    return one.exactly("unit", "en") or one.exactly("unit", "zh") or ""
