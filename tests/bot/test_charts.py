"""Charts: honest axes, gaps as gaps, both languages, and a text that says the same."""

from __future__ import annotations

import io
import struct
from xml.etree import ElementTree

import pytest

from bot import charts
from bot.charts import FORMATS, can_write, draw, drawable, font
from bot.values import ANSWERED, Answer, Cited, Figure, Question, Text
from retrieval.language import HAN

SVG = "{http://www.w3.org/2000/svg}"
ASKED = {
    "en": "WIPO GREEN partners since 2014",
    "zh": "WIPO GREEN合作伙伴数量历年变化",
    "zh-Hant": "WIPO GREEN合作夥伴數量歷年變化",
}


def _figure(value: float, as_of: str | None, **more: object) -> Figure:
    said = {
        "qualifier": "exact",
        "unit": "kilns",
        "scope": "world",
        "group": "g",
        "metric": "kilns",
        "label": "Kilns sold",
        **more,
    }
    return Figure(value=value, as_of=as_of, shown=f"{value:g} kilns", source=Cited("The kiln report", date="2024"), **said)


def _answer(*figures: Figure, lang: str = "en") -> Answer:
    return Answer("kilns?", lang, ANSWERED, (Text("Kilns.", "lead"), *figures))


def _axes(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list:
    """The axes of a chart as matplotlib has them."""
    seen: list = []
    file = charts._Sheet.file

    def looked_at(self, form, alt):
        seen.extend(self.canvas.axes)
        return file(self, form, alt)

    monkeypatch.setattr(charts._Sheet, "file", looked_at)
    draw(answer)
    return seen


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
@pytest.mark.parametrize("form", FORMATS)
def test_of_a_real_answer(assistant, lang, form):
    """The chart of an answer is a whole file with its text inside, in the script of the question."""
    answer = assistant.answer_now(Question(ASKED[lang]))
    chart = draw(answer, form)
    assert all(figure.shown.split()[-1] for figure in answer.figures)
    assert ("more than 150" in chart.alt) is (lang == "en")
    if form == "svg":
        tree = ElementTree.fromstring(chart.data)
        assert tree.find(f"{SVG}title").text
        assert tree.find(f"{SVG}desc").text == chart.alt
        assert b"<text" not in chart.data  # letters are drawn, so no font is needed to see them
    else:
        width, height = struct.unpack(">II", chart.data[16:24])
        assert chart.data.startswith(b"\x89PNG")
        assert width > height / 2 > 100
        assert len(chart.data) < 300_000


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "2014年12月18日53家合作伙伴"), ("zh-Hant", "53家合作夥伴"), ("en", "53 partners")]
)
def test_alt(assistant, lang, said):
    """The text tells every point with its date, in the reader's script."""
    alt = draw(assistant.answer_now(Question(ASKED[lang]))).alt
    assert said.replace("夥", "伙") in alt.replace("夥", "伙")
    assert bool(HAN.search(alt)) is (lang != "en")


def test_zero_and_gaps(monkeypatch):
    """The axis begins at zero, near figures are joined, and where nothing was counted for long there is no line."""
    answer = _answer(_figure(100, "2020"), _figure(110, "2021"), _figure(120, "2024"))
    (axes,) = _axes(monkeypatch, answer)
    assert axes.get_ylim()[0] == 0
    joined = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] != line.get_ydata()[1]]
    assert [tuple(line.get_ydata()) for line in joined] == [(100, 110)]


@pytest.mark.parametrize("more", [{"qualifier": "more_than"}, {"unit": "ovens"}, {"scope": "Asia"}])
def test_nothing_unlike_is_joined(monkeypatch, more):
    """A bound, another unit or another scope is not joined with the figure before it."""
    (axes,) = _axes(monkeypatch, _answer(_figure(100, "2020-06-01"), _figure(110, "2021-06-01", **more)))
    assert not [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] != line.get_ydata()[1]]


def test_groups_apart(monkeypatch):
    """What was counted in different ways stands in panels of its own, each with its own axis, and both say so."""
    answer = _answer(_figure(3800, "2021", group="a"), _figure(130000, "2024", group="b"))
    axes = _axes(monkeypatch, answer)
    assert len(axes) == 2
    assert all("not comparable" in each.get_title(loc="left") for each in axes)
    assert axes[0].get_ylim()[1] < 10_000 < axes[1].get_ylim()[1]
    assert "separate panels" in draw(answer).alt


@pytest.mark.parametrize(
    ("qualifier", "mark"), [("exact", "7"), ("more_than", "> 7"), ("about", "~ 7"), ("nearly", "≲ 7"), ("under", "< 7")]
)
def test_qualifiers_are_marked(monkeypatch, qualifier, mark):
    """A number that is not exact is marked on the chart, over time and in bars."""
    for figures in ([_figure(7, "2020", qualifier=qualifier)], [_figure(7, None, qualifier=qualifier)]):
        (axes,) = _axes(monkeypatch, _answer(*figures))
        assert mark in [text.get_text() for text in axes.texts]


def test_bars(monkeypatch):
    """A comparison is bars from zero, one for each metric; an earlier figure is none."""
    figures = [_figure(24, "2025", metric="a", scope="X"), _figure(7, "2025", metric="b", scope="Y")]
    (axes,) = _axes(monkeypatch, _answer(*figures, _figure(99, "2020", metric="a", scope="X", earlier=True)))
    assert axes.get_xlim()[0] == 0
    assert sorted(bar.get_width() for bar in axes.patches) == [7, 24]


def test_rank(monkeypatch):
    """The first rank is at the top."""
    (axes,) = _axes(monkeypatch, _answer(_figure(12, "2023", kind="rank"), _figure(10, "2024", kind="rank")))
    low, high = axes.get_ylim()
    assert low > 12
    assert high < 1


def test_date_precision(monkeypatch):
    """A date known to the year is shown as wide as the year."""
    (axes,) = _axes(monkeypatch, _answer(_figure(7, "2020"), _figure(9, "2021-03-01")))
    widths = [
        (line.get_xdata()[1] - line.get_xdata()[0]).days
        for line in axes.lines
        if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2
    ]
    assert widths == [365]


def test_untrusted_text(monkeypatch):
    """Text of records is drawn as it stands: no formula, no control character, no markup in the file."""
    label = r"$\frac{1}{0}$ \x07" + "\x07 <script>&"
    answer = _answer(_figure(7, "2020", label=label, unit="$x$"), _figure(8, "2021", label=label, unit="$x$"))
    (axes,) = _axes(monkeypatch, answer)
    assert axes.get_title(loc="left") == "$x$"
    tree = ElementTree.fromstring(draw(answer, "svg").data)
    assert "<script>&" in tree.find(f"{SVG}desc").text
    assert not [each for each in tree.iter() if each.tag.endswith("script")]


def test_nothing_to_draw():
    """The year of a founding, or no figure at all, makes no chart."""
    assert not drawable(_answer())
    assert not drawable(_answer(_figure(2013, "2013", kind="year")))
    assert drawable(_answer(_figure(7, None)))


def test_font_without_package(monkeypatch, tmp_path):
    """Without the package and without a font of the system, Chinese cannot be written, and English can."""
    assert can_write("zh-Hant")
    monkeypatch.setattr(charts, "find_spec", lambda _: None)
    monkeypatch.setattr(charts, "INSTALLED", ())
    font.cache_clear()
    try:
        assert font() is None
        assert not can_write("zh")
        assert can_write("en")
        assert draw(_answer(_figure(7, "2020"))).data
    finally:
        font.cache_clear()


def test_font_of_the_system(monkeypatch):
    """Without the package a font that the system has is taken."""
    monkeypatch.setattr(charts, "find_spec", lambda _: None)
    monkeypatch.setattr(charts, "INSTALLED", ("No Such Font", "DejaVu Sans"))
    font.cache_clear()
    try:
        assert font() is not None
        assert font().name == "DejaVuSans.ttf"
    finally:
        font.cache_clear()


def test_png_has_its_text():
    """The text travels inside the PNG, too."""
    data = draw(_answer(_figure(7, "2020"))).data
    assert b"Description" in io.BytesIO(data).getvalue()
