"""Messages are never too long, never cut inside a tag, and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telegram import page
from bot.values import Answer, Card, Cited, Figure, Table, Text
from tests.telegram.bot_api import Markup

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)
LONG = st.builds(
    lambda text, times: text * times,
    st.text(st.sampled_from("a<&>\"' 。，中😀\n.…"), min_size=1, max_size=80),
    st.integers(1, 200),
)
ANY = st.one_of(TEXTS, LONG)


def seen(sheet: str) -> str:
    return Markup.read(sheet).text


@settings(max_examples=120, deadline=None)
@given(st.lists(ANY, max_size=6), st.sampled_from(["lead", "body", "note", "step"]), st.sampled_from(["en", "zh", "zh-Hant"]))
def test_any_text(texts, role, lang):
    """Whatever the blocks say, each message is HTML that closes what it opens, of 4,096 units at most."""
    blocks = tuple(Text(text, role) for text in texts)
    for sheet in page.screen(Answer("q", lang, "answered", blocks)):
        Markup.read(sheet)
        assert page.units(sheet) <= page.LIMIT


@settings(max_examples=60, deadline=None)
@given(ANY, ANY, ANY, st.integers(1, 3), st.sampled_from(["technology", "organisation", "person"]))
def test_any_card(title, line, contact, count, kind):
    """The same for cards, one or several, their details, contacts and sources."""
    cited = Cited(title[:500], line[:200], "2024-05", "https://example.org/?a=1&b=%22")
    card = Card("listing/x", kind, title[:1500], original=line[:200], lines=(("What it does", line), ("Place", contact)),
                contact=contact, sources=(cited,) * 4)  # fmt: skip
    answer = Answer("q", "en", "answered", (Text("lead", "lead"), *[card] * count))
    for sheet in [*page.screen(answer), *page.contacts(answer), *page.sources(answer)]:
        Markup.read(sheet)
        assert page.units(sheet) <= page.LIMIT


def test_nothing_lost():
    """What was split reads as before when put together."""
    text = "".join(f"Sentence number {n} & <so> on. " for n in range(600))
    sheets = page.screen(Answer("q", "en", "answered", (Text(text, "body"),)))
    assert len(sheets) > 3
    assert "".join("".join(seen(sheet).split()) for sheet in sheets) == "".join(text.split())


def test_block_borders():
    """Messages end where a block ends, as long as blocks fit."""
    blocks = tuple(Text(f"{n} " + "x" * 1500, "body") for n in range(5))
    sheets = page.screen(Answer("q", "en", "answered", blocks))
    assert [seen(sheet).split()[0] for sheet in sheets] == ["0", "2", "4"]


def test_units():
    """Lengths are counted as Telegram counts them: an emoji is two."""
    assert page.units("中😀a") == 4
    sheets = page.screen(Answer("q", "zh", "answered", (Text("😀" * 5000, "body"),)))
    assert all(page.units(seen(sheet)) <= 4096 for sheet in sheets)
    assert sum(seen(sheet).count("😀") for sheet in sheets) == 5000


def test_plain():
    """Without formatting a message says the same, a link behind its text."""
    assert page.plain('<b>A &amp; B</b> <a href="https://x.example/?a=1&amp;b=2">c</a>') == "A & B c (https://x.example/?a=1&b=2)"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "tg://user?id=1", 'https://x" onclick="', "ftp://x.example", None])
def test_links(url):
    """Only addresses of the web become links."""
    assert page.link(url, "t") == "t"


def test_compared():
    """Records side by side stand one under the other, each with every row."""
    table = Table(("listing/a", "listing/b"), ("A", "B"), (("Country", ("China", "Japan")), ("Stage", ("lab", "field"))))
    text = seen(page.screen(Answer("q", "en", "answered", (Text("lead", "lead"), table)))[0])
    assert text.index("A") < text.index("China") < text.index("lab") < text.index("Japan") < text.index("field")


def test_figure():
    """A figure has its value, scope, date, note and source in it."""
    figure = Figure(
        "m", "Listings", 5.0, "exact", "x", "world", "2024-05", "5 <x>", "a note", Cited("S", url="https://s.example")
    )
    text = seen(page.screen(Answer("q", "en", "answered", (figure,)))[0])
    assert all(part in text for part in ("5 <x>", "world", "May 2024", "a note", "S"))
