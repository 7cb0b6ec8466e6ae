"""Usage as a picture: questions a day, by channel and by language, as PNG or SVG."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.charts import DRAWING
from bot.errors import BadInput
from bot.speech import Speech
from bot.staff.usage import Usage

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMS = (".png", ".svg")
# Fonts with Chinese characters, as systems name them.
CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC",
    "Microsoft YaHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC", "Arial Unicode MS",
)  # fmt: skip
_COLOURS = ("#1b7837", "#2c7fb8", "#d95f02", "#7570b3", "#e7298a", "#6b6b6b")
_CHINESE_FILE = re.compile("NotoSans(CJK|SC)|SourceHanSans|PingFang|msyh|wqy|simhei", re.IGNORECASE)
_TICKS = 10


def chinese_font() -> str | None:
    """A font on this machine that has Chinese characters, if there is one."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    # What matplotlib remembers of the machine's fonts may be older than the font.
    known = {Path(font.fname) for font in fontManager.ttflist}
    for path in map(Path, findSystemFonts()):
        if path not in known and _CHINESE_FILE.search(path.name):
            fontManager.addfont(path)
    there = {font.name for font in fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in there), None)


def draw(usage: Usage, path: Path, speech: Speech) -> Speech:
    """Draw the chart into a file; returns the words it speaks, which are English where no font has Chinese characters."""
    if path.suffix.lower() not in FORMS:
        raise BadInput(speech.say("file_form", path=path, forms=" ".join(FORMS)))
    # Not pyplot: it keeps what it draws and is not made for threads.
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = chinese_font()
    speaks = speech if speech.base == "en" or font else Speech("en", "staff")
    families = [name for name in (font, "DejaVu Sans") if name]
    settings: Any = {"font.sans-serif": families, "font.family": "sans-serif", "svg.fonttype": "path"}
    with DRAWING, matplotlib.rc_context(settings):
        figure = Figure(figsize=(9, 6), layout="constrained")
        FigureCanvasAgg(figure)
        word = speaks.names("usage")
        days = usage.period.days
        for place, (attribute, title) in enumerate((("channel", word["by_channel"]), ("lang", word["by_language"])), 1):
            axes = figure.add_subplot(2, 1, place)
            _bars(axes, usage, days, attribute, speaks)
            axes.set_title(speaks.script(title), loc="left")
            axes.set_ylabel(speaks.script(word["questions"]))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(
                path, format=path.suffix.lower().lstrip("."), dpi=150, metadata={"Title": speaks.script(word["chart"])}
            )
        except OSError as error:
            raise BadInput(speech.say("file_refused", path=path, reason=error.strerror or error)) from error
    return speaks


def _bars(axes: Axes, usage: Usage, days: Sequence[date], attribute: str, speech: Speech) -> None:
    """A bar a day, one part of it for each channel or language; a day without a question has none."""
    from matplotlib.ticker import MaxNLocator

    counts: Counter[tuple[str, date]] = Counter()
    for each in usage.days:
        counts[getattr(each, attribute), each.day] += each.questions
    names = speech.names("channels" if attribute == "channel" else "languages")
    below = [0] * len(days)
    for number, value in enumerate(sorted({value for value, _ in counts})):
        heights = [counts[value, day] for day in days]
        label = speech.script(names.get(value, value))
        axes.bar(range(len(days)), heights, bottom=below, width=0.8, label=label, color=_COLOURS[number % len(_COLOURS)])
        below = [low + height for low, height in zip(below, heights, strict=True)]
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    every = max(1, math.ceil(len(days) / _TICKS))
    marked = range(0, len(days), every)
    axes.set_xticks(list(marked), [days[number].isoformat() if number == 0 else f"{days[number]:%m-%d}" for number in marked])
    axes.spines[["top", "right"]].set_visible(False)
    if counts:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
