"""Charts of the figures in an answer: a series over time, or a comparison in bars, as PNG or SVG with a text that says the same.

What was counted in different ways stands in panels of its own and is never joined by a line; bars begin at zero; a gap of more
than eighteen months stays a gap. Drawn by matplotlib, which is loaded when a chart is asked for.
"""

from __future__ import annotations

import datetime
import io
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bot.compose.figures import number_text
from bot.speech import Speech
from bot.values import Answer, Figure
from knowledge.dates import PartialDate

FORMATS = ("png", "svg")
GAP_DAYS = 548  # eighteen months
BUNDLED = "notojp_matplotlib"
# Fonts with Chinese characters that systems bring along, the best first.
INSTALLED = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans CJK JP", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Droid Sans Fallback",
)  # fmt: skip
_WIDTH, _PANEL, _ROW = 8.0, 3.0, 0.45  # inches
_CAPTION_CELLS, _TITLE_CELLS = 128, 78
_BESIDE = 0.09  # share of the axes within which two labels would cover each other
_INK, _SOFT, _LINE = "#1b1b1b", "#5c5c5c", "#0b6e4f"
# How a point looks: filled when exact, open and turned when it is a bound.
_MARKERS: Mapping[str, tuple[str, bool]] = {
    "exact": ("o", True), "more_than": ("^", False), "about": ("o", False), "nearly": ("v", False), "under": ("v", False),
}  # fmt: skip
# matplotlib keeps its settings in one place for all threads.
DRAWING = threading.Lock()


@dataclass(frozen=True)
class Chart:
    """A chart as a file has it, and the same in words for those who do not see it."""

    data: bytes
    alt: str


@dataclass(frozen=True)
class _Panel:
    """Figures that may be looked at together, being of one group."""

    figures: tuple[Figure, ...]

    @property
    def is_rank(self) -> bool:
        return self.figures[0].kind == "rank"


def drawable(answer: Answer) -> bool:
    """Whether an answer has figures that a chart can show; the year something was founded is none."""
    return any(figure.kind != "year" for figure in answer.figures)


def draw(answer: Answer, form: str = "png") -> Chart:
    """The chart of an answer's figures. ``form`` is one of FORMATS; the answer must be :func:`drawable`."""
    speech = Speech(answer.lang, "charts")
    figures = [figure for figure in answer.figures if figure.kind != "year"]
    series = len({figure.metric for figure in figures}) == 1 and any(figure.as_of for figure in figures)
    if series:
        figures = sorted((one for one in figures if one.as_of), key=lambda one: one.as_of or "")
    else:
        figures = [one for one in figures if not one.earlier]
    panels = _panels(figures)
    alt = _alt(speech, figures, len(panels), series=series)
    with DRAWING:
        data = _Sheet(speech, panels, series).file(form, alt)
    return Chart(data, alt)


def can_write(lang: str) -> bool:
    """Whether there is a font for the characters of a language; without one for Chinese, draw the English answer."""
    return not lang.startswith("zh") or font() is not None


@cache
def font() -> Path | None:
    """A font with Chinese characters: the one that comes with a package, else one that the system has, else none."""
    spec = find_spec(BUNDLED)
    if spec is not None and spec.origin:
        # Found without importing: the package would change matplotlib's settings for the whole process.
        bundled = sorted((Path(spec.origin).parent / "fonts").glob("*.otf"))
        if bundled:
            return bundled[0]
    from matplotlib.font_manager import fontManager

    plain = [entry for entry in fontManager.ttflist if entry.style == "normal" and entry.weight in (400, "normal", "regular")]
    known = {entry.name: entry.fname for entry in plain if entry.stretch == "normal"}
    return next((Path(known[name]) for name in INSTALLED if name in known), None)


def _panels(figures: Sequence[Figure]) -> list[_Panel]:
    grouped: dict[tuple[str | None, str], list[Figure]] = {}
    for figure in figures:
        grouped.setdefault((figure.group, figure.kind), []).append(figure)
    return [_Panel(tuple(each)) for each in grouped.values()]


def _joined(one: Figure, later: Figure) -> bool:
    """Whether a line may lead from a figure to the next: both exact, counted alike, and no gap between them.

    A line from 118 down to "more than 100" would show a fall that nobody reported.
    """
    alike = one.unit == later.unit and one.scope == later.scope and one.qualifier == later.qualifier == "exact"
    return alike and (_middle(later) - _middle(one)).days <= GAP_DAYS


def _alt(speech: Speech, figures: Sequence[Figure], panels: int, *, series: bool) -> str:
    messages = Speech(speech.lang)

    def date(figure: Figure) -> str:
        return PartialDate.parse(figure.as_of).spoken(speech.base) if figure.as_of else messages.say("undated")

    if series:
        points = [speech.say("alt_point", value=figure.shown, date=date(figure)) for figure in figures]
        said = speech.say("alt_series", label=figures[0].label, points=messages.say("semicolon").join(points))
    else:
        points = [speech.say("alt_bar", label=one.label, value=one.shown, date=date(one)) for one in figures]
        said = speech.say("alt_bars", points=messages.say("semicolon").join(points))
    joint = messages.names("sentence")["join"]
    return speech.script(_printable(joint.join([said, speech.say("alt_apart")]) if panels > 1 else said))


class _Sheet:
    """One chart in the making."""

    def __init__(self, speech: Speech, panels: Sequence[_Panel], series: bool) -> None:
        from matplotlib.figure import Figure as Canvas
        from matplotlib.font_manager import FontProperties

        self.speech = speech
        self.panels = panels
        self.series = series
        path = font()
        self._font = FontProperties(fname=str(path)) if path else FontProperties()
        self._lang = {"zh": "zh-Hans", "zh-Hant": "zh-Hant"}.get(speech.lang, "en")
        heights = [_PANEL if series else _ROW * len(panel.figures) + 0.9 for panel in panels]
        labels = dict.fromkeys(figure.label for panel in panels for figure in panel.figures)
        self.title = _wrapped(self._script(Speech(speech.lang).say("semicolon").join(labels)), _TITLE_CELLS if series else 100)
        self.caption = [line for text in self._caption() for line in _wrapped(self._script(text), _CAPTION_CELLS)]
        top, bottom = 0.35 + 0.27 * len(self.title), 0.25 + 0.19 * len(self.caption)
        height = sum(heights) + top + bottom + 0.35 * (len(panels) - 1)
        self.canvas = Canvas(figsize=(_WIDTH, height), facecolor="white")
        grid = self.canvas.add_gridspec(
            len(panels), 1, height_ratios=heights, hspace=0.55, left=0.1 if series else self._margin(), right=0.95,
            top=1 - (top + 0.25) / height, bottom=(bottom + 0.45) / height,
        )  # fmt: skip
        for number, panel in enumerate(panels):
            axes = self.canvas.add_subplot(grid[number])
            (self._over_time if series else self._bars)(axes, panel)
        for line, text in enumerate(self.title):
            self._say(self.canvas, 0.03, 1 - (0.3 + 0.27 * line) / height, text, size=12 if series else 10, color=_INK)
        for line, text in enumerate(self.caption):
            self._say(self.canvas, 0.03, (bottom - 0.22 - 0.19 * line) / height, text, size=8, color=_SOFT)

    def file(self, form: str, alt: str) -> bytes:
        """The chart as PNG or SVG."""
        import matplotlib

        out = io.BytesIO()
        title = self.title[0] if self.title else alt
        with matplotlib.rc_context({"svg.hashsalt": "greenask", "svg.fonttype": "path"}):
            if form == "svg":
                self.canvas.savefig(out, format="svg", metadata={"Date": None, "Title": title, "Creator": None})
                described = f"<desc>{escape(alt)}</desc>\n <metadata>"
                return out.getvalue().decode().replace("<metadata>", described, 1).encode()
            about = {"Title": title, "Description": alt, "Software": None}
            self.canvas.savefig(out, format="png", dpi=144, metadata=about)
        return out.getvalue()

    def _over_time(self, axes: Any, panel: _Panel) -> None:
        points = [(_middle(figure), figure) for figure in panel.figures]
        for (day, figure), (later, following) in pairwise(points):
            if _joined(figure, following):
                axes.plot([day, later], [figure.value, following.value], color=_LINE, linewidth=1.2, alpha=0.6, zorder=1)
        for number, (day, figure) in enumerate(points):
            shape, filled = _MARKERS[figure.qualifier]
            first, last = _extent(figure)
            if (last - first).days > 1:
                axes.plot(
                    [first, last], [figure.value] * 2, color=_SOFT, linewidth=2.2, alpha=0.45, zorder=1, solid_capstyle="butt"
                )
            face = _LINE if filled else "white"
            axes.plot([day], [figure.value], shape, color=_LINE, markerfacecolor=face, markersize=7, zorder=3)
            self._note(axes, (day, figure.value), self._marked(figure), above=not self._crowded(panel, points, number))
        if panel.is_rank:
            axes.set_ylim(max(figure.value for figure in panel.figures) + 1, 0.5)
            self._ticks(axes, sorted({1.0, *(figure.value for figure in panel.figures)}))
        else:
            most = max(figure.value for figure in panel.figures) or 1.0
            axes.set_ylim(0, most * 1.25)
            self._ticks(axes, [tick for tick in axes.get_yticks() if 0 <= tick <= most * 1.25])
        self._years(axes)
        self._dress(axes, panel)

    def _bars(self, axes: Any, panel: _Panel) -> None:
        figures = list(panel.figures)
        places = range(len(figures) - 1, -1, -1)
        most = max(figure.value for figure in figures) or 1.0
        for place, figure in zip(places, figures, strict=True):
            filled = _MARKERS[figure.qualifier][1]
            axes.barh(place, figure.value, height=0.6, color=_LINE, alpha=0.9 if filled else 0.55)
            self._say(axes, figure.value + most * 0.015, place, self._marked(figure), size=9, va="center", ha="left", data=True)
        axes.set_xlim(0, most * 1.3)
        axes.set_ylim(-0.6, len(figures) - 0.4)
        axes.set_yticks(list(places))
        axes.set_yticklabels(["\n".join(_wrapped(self._named(one), 34)) for one in figures], **self._style(8.5))
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= most * 1.3])
        axes.set_xticklabels([self._script(number_text(tick, self.speech.base)) for tick in axes.get_xticks()], **self._style(8))
        self._dress(axes, panel)

    def _dress(self, axes: Any, panel: _Panel) -> None:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="y" if self.series else "x", color="#e3e3e3", linewidth=0.7)
        axes.set_axisbelow(True)
        units = Speech(self.speech.lang).say("semicolon").join(dict.fromkeys(figure.unit for figure in panel.figures))
        said = self.speech.say("rank_axis") if panel.is_rank else units
        if len(self.panels) > 1:
            said = f"{said} – {self.speech.say('apart')}"
        axes.set_title(self._script(said), loc="left", color=_SOFT, pad=8, parse_math=False, **self._style(9))

    def _years(self, axes: Any) -> None:
        # One span of time for all panels, so that they can be read one under another.
        first, last = self._span()
        axes.set_xlim(first, last)
        step = max(1, (last.year - first.year) // 8)
        years = list(range(first.year, last.year + 1, step))
        axes.set_xticks([datetime.date(year, 1, 1) for year in years])
        axes.set_xticklabels([str(year) for year in years], **self._style(8))

    def _ticks(self, axes: Any, ticks: Sequence[float]) -> None:
        axes.set_yticks(ticks)
        axes.set_yticklabels([self._script(number_text(round(tick, 6), self.speech.base)) for tick in ticks], **self._style(8))

    def _note(self, axes: Any, point: tuple[datetime.date, float], text: str, *, above: bool) -> None:
        axes.annotate(
            self._script(text), point, xytext=(0, 8 if above else -17), textcoords="offset points", ha="center", color=_INK,
            parse_math=False, **self._style(8.5),
        )  # fmt: skip

    def _crowded(self, panel: _Panel, points: Sequence[tuple[datetime.date, Figure]], number: int) -> bool:
        """Whether every second label has to go below its point, for the one before is too near to stand beside."""
        if not number:
            return False
        first, last = self._span()
        (before, one), (day, other) = points[number - 1], points[number]
        near = (day - before).days < _BESIDE * (last - first).days
        most = max(figure.value for figure in panel.figures) or 1.0
        level = abs(one.value - other.value) < _BESIDE * most
        return near and level and not self._crowded(panel, points, number - 1)

    def _span(self) -> tuple[datetime.date, datetime.date]:
        extents = [_extent(figure) for panel in self.panels for figure in panel.figures]
        first, last = min(day for day, _ in extents), max(day for _, day in extents)
        return datetime.date(first.year, 1, 1), datetime.date(last.year + 1, 2, 1)

    def _say(self, where: Any, x: float, y: float, text: str, *, size: float, data: bool = False, **more: Any) -> None:
        style = {"color": _INK, **more, **self._style(size)}
        if not data:
            style |= {"ha": "left", "va": "center"}
        where.text(x, y, self._script(text), parse_math=False, **style)

    def _style(self, size: float) -> dict[str, Any]:
        """How any text is set: in the reader's forms of characters, and never as a formula."""
        sized = self._font.copy()
        sized.set_size(size)
        return {"fontproperties": sized, "language": self._lang}

    def _marked(self, figure: Figure) -> str:
        return self.speech.names("marks")[figure.qualifier].format(n=_number(figure, self.speech.base))

    def _named(self, figure: Figure) -> str:
        return self._script(
            figure.label if len({one.scope for each in self.panels for one in each.figures}) == 1 else figure.scope
        )

    def _caption(self) -> Iterator[str]:
        figures = [figure for panel in self.panels for figure in panel.figures]
        messages = Speech(self.speech.lang)
        used = {figure.qualifier for figure in figures}
        legend = [text for name, text in self.speech.names("legend").items() if name in used]
        days = {figure.as_of for figure in figures}
        notes: list[str] = []
        if legend:
            yield self.speech.say("legend_joint").join(legend)
        if self.series:
            pairs = [pair for panel in self.panels for pair in pairwise(panel.figures)]
            notes += [self.speech.say("joined")] if any(_joined(*pair) for pair in pairs) else []
            notes += [self.speech.say("precision")] if any(len(day or "") < 10 for day in days) else []
        elif days != {None}:
            dated = sorted({day for day in days if day})
            spoken = [PartialDate.parse(day).spoken(self.speech.base) for day in dated]
            notes.append(self.speech.say("as_of", date=messages.join(spoken)))
        if notes:
            yield messages.names("sentence")["join"].join(notes)
        sources = dict.fromkeys(_source(figure, self.speech.base) for figure in figures if figure.source)
        if sources:
            yield self.speech.say("sources", sources=messages.say("semicolon").join(sources))

    def _margin(self) -> float:
        """The room that the names beside bars take, as a share of the width."""
        longest = max(_cells(line) for panel in self.panels for one in panel.figures for line in _wrapped(self._named(one), 34))
        return 0.06 + 0.0078 * longest

    def _script(self, text: str) -> str:
        return self.speech.script(_printable(text))


def _number(figure: Figure, lang: str) -> str:
    if figure.kind == "rank":
        return str(int(figure.value))
    return number_text(figure.value, lang) + ("%" if figure.kind == "share" else "")


def _source(figure: Figure, lang: str) -> str:
    assert figure.source is not None
    date = PartialDate.parse(figure.source.date).spoken(lang) if figure.source.date else None
    said = [figure.source.publisher or figure.source.title, date]
    return (", " if lang == "en" else "，").join(part for part in said if part)


def _extent(figure: Figure) -> tuple[datetime.date, datetime.date]:
    """The first and the last day that the as-of date may mean."""
    date = PartialDate.parse(figure.as_of or "")
    year, month, _ = date.last
    after = datetime.date(year + month // 12, month % 12 + 1, 1)
    last = datetime.date(date.year, date.month, date.day) if date.day else after - datetime.timedelta(days=1)
    return datetime.date(*date.first), last


def _middle(figure: Figure) -> datetime.date:
    first, last = _extent(figure)
    return first + (last - first) / 2


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable() or char == "\n")


def _wrapped(text: str, cells: int) -> list[str]:
    """The text in lines of at most so many cells; a Chinese character takes two, and lines break between any of them."""
    lines, line, width = [], "", 0
    for piece in _pieces(text):
        size = _cells(piece)
        if line and width + size > cells:
            lines.append(line.rstrip())
            line, width = "", 0
            piece = piece.lstrip()
        line += piece
        width += size
    return [*lines, line.rstrip()] if line.strip() else lines


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _pieces(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        wide = unicodedata.east_asian_width(char) in "WF"
        if wide or char == " ":
            if word:
                yield word
            word = ""
            yield char
        else:
            word += char
    if word:
        yield word
