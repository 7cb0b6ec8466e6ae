"""Views: the texts that are encoded for a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.documents import Document
from retrieval.views import LONG, Views, sentences, size, views_of

ENGLISH = "The plant digests two tonnes of manure a day and feeds a small engine with the gas."
CHINESE = "该装置每天处理两吨粪便，并把产生的沼气供给一台小型发动机使用，余热用于温室。"


def document(lang: str, *passages: str, title: str = "") -> Document:
    """A document of these passages."""
    return Document("listing/a", lang, title, passages)


def test_views() -> None:
    """A document is seen by its title with its first passage and by each further passage, each once, simplified."""
    assert views_of(document("zh", "供暖", "熱水", "供暖", title="熱泵")) == Views(("热泵 供暖", "热水", "供暖"))
    assert views_of(document("en", "warms", "cools", "cools", title="Pump")) == Views(("Pump warms", "cools"))
    assert views_of(document("zh")) == Views(("listing/a",))


@pytest.mark.parametrize(("lang", "text"), [("en", f"{ENGLISH} It rests in winter."), ("zh", f"{CHINESE}冬季停机检修。")])
def test_short_texts_have_one_view(lang: str, text: str) -> None:
    """A text that one vector can hold has one view, however many sentences it has."""
    assert size(text) <= LONG
    assert views_of(document(lang, text)) == Views((text,))


@pytest.mark.parametrize(("lang", "sentence", "joint"), [("en", ENGLISH, " "), ("zh", CHINESE, "")])
def test_long_texts_add_their_sentences(lang: str, sentence: str, joint: str) -> None:
    """A text that says more has itself as a head and its sentences beside the heads; so has a later passage."""
    parts = [f"{number}{sentence}" for number in range(8)]
    text = joint.join(parts)
    assert views_of(document(lang, text)) == Views((text,), tuple(parts))
    assert views_of(document(lang, "short", text, title="T")) == Views(("T short", text), tuple(parts))
    assert views_of(document(lang, text)).all == (text, *parts)


@pytest.mark.parametrize(("lang", "sentence", "joint"), [("en", ENGLISH, " "), ("zh", CHINESE, "")])
def test_the_title_goes_with_the_first_sentence(lang: str, sentence: str, joint: str) -> None:
    """Of a long text the title stands before its first sentence and not before the others."""
    text = joint.join([sentence] * 8)
    assert views_of(document(lang, text, title="Kiln 窑")).sentences == (f"Kiln 窑 {sentence}", sentence)


def test_traditional_sentences_are_simplified() -> None:
    """The sentences of a traditional text are views in simplified characters."""
    views = views_of(document("zh", "該裝置每天處理兩噸糞便，並把產生的沼氣供給一台小型發動機使用，餘熱用於溫室。" * 6))
    assert views.sentences == (CHINESE,)


@given(st.text(st.sampled_from("aB .!?1“。！？；热泵"), max_size=400))
def test_no_word_is_lost(text: str) -> None:
    """The sentences of a text, put together, are the text; none of several is too short to mean something alone."""
    found = sentences(text)
    if found:
        assert "".join("".join(found).split()) == "".join(text.split())
        assert len(found) > 1


def test_short_sentences_stay_together() -> None:
    """A sentence too short to mean something alone stays with its neighbour; a point in a number or a name ends none."""
    assert sentences(f"{ENGLISH} Yes. {ENGLISH}") == [f"{ENGLISH} Yes.", ENGLISH]
    assert sentences(f"{CHINESE}是。{CHINESE}") == [f"{CHINESE} 是。", CHINESE]
    assert sentences("It takes 3.5 kW, e.g. from a roof of twenty square metres that faces the south of the town.") == []
