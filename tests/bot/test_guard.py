"""The number guard: what no record says is not said, and what a record says passes however it is written."""

from __future__ import annotations

import datetime
import logging
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.compose.figures import number_text
from bot.guard import Evidence, check, guarded, said_by
from bot.values import ANSWERED, NOT_FOUND, Answer, Card, Cited, Figure, Question, Text
from knowledge.dates import PartialDate
from knowledge.forms import build
from knowledge.records import Statistic

FIGURE = Statistic(
    id="s", metric="m", value=4523000, unit_en="patents", unit_zh="件专利", as_of="2021-04-27", note_en="up 21.7% on 2020",
    note_zh="比2020年增长21.7%", digest="one",
)  # fmt: skip
EVIDENCE = Evidence.of_records([FIGURE])
WHOLE = st.integers(min_value=100, max_value=10**11)


@pytest.mark.parametrize(
    "sentence",
    [
        "4523000 patents.", "4,523,000 patents.", "452.3万件专利。", "4.523 million patents",
        "四百五十二万三千件专利", "四百五十二萬三千件",
        "As of 27 April 2021.", "On April 27, 2021", "2021-04-27", "截至2021年4月27日", "April 2021",
        "2021年", "in 2021", "4月27日",
        "up 21.7%", "up 21.7 per cent", "增长百分之二十一点七", "since 2020", "no numbers at all", "没有数字", "CO2 and PM2.5",
    ],
)  # fmt: skip
def test_founded(sentence):
    """A number of the records passes in every way of writing it."""
    assert check(sentence, EVIDENCE) == []


@pytest.mark.parametrize(
    ("sentence", "unfounded"),
    [
        ("4,532,000 patents", "4,532,000"), ("452.3亿件专利", "452.3亿"), ("4.523 billion patents", "4.523 billion"),
        ("452.3 patents", "452.3"), ("四百五十三万三千件", "四百五十三万三千"), ("27 April 2022", "27 April 2022"),
        ("2021年5月27日", "2021年5月27日"), ("26 April 2021", "26 April 2021"), ("March 2021", "March 2021"), ("in 2019", "2019"),
        ("up 21.8%", "21.8%"), ("up 21.7 patents", "21.7"), ("4,523,000%", "4,523,000%"), ("百分之二十", "百分之二十"),
        ("4,523,000 partners", "4,523,000"), ("452.3万家合作伙伴", "452.3万"), ("at COP23", "COP23"), ("three patents", "three"),
    ],
)  # fmt: skip
def test_unfounded(sentence, unfounded):
    """Altered digits, scales, dates, shares and units are named."""
    assert check(sentence, EVIDENCE) == [unfounded]


@given(WHOLE, st.sampled_from(["en", "zh"]))
def test_any_rendering_passes(value, lang):
    """Every number that a record holds passes as either language writes it, with separators and without."""
    evidence = Evidence.of_records([Statistic(id="s", metric="m", value=value, unit_en="kilns", unit_zh="座", digest=str(value))])
    for said in (number_text(value, lang), f"{value:,}", str(value)):
        assert check(f"It is {said} kilns.", evidence) == []


@given(WHOLE, st.data())
def test_any_altered_digit_is_caught(value, data):
    """A number with one digit altered never passes, in either language."""
    digits = list(str(value))
    place = data.draw(st.integers(min_value=0, max_value=len(digits) - 1))
    digits[place] = data.draw(st.sampled_from([d for d in "123456789" if d != digits[place]]))
    altered = int("".join(digits))
    evidence = Evidence.of(f"{value} kilns")
    for lang in ("en", "zh"):
        assert check(f"{number_text(altered, lang)} kilns", evidence)


@given(st.integers(min_value=2, max_value=99_999), st.sampled_from(["", "万", "亿", " million", " billion", "%"]), st.data())
def test_any_altered_scale_is_caught(value, scale, data):
    """A number with another scale, or with a per cent sign more or less, never passes."""
    assume(not 1800 <= value < 2100)
    other = data.draw(st.sampled_from([s for s in ("", "万", "亿", " million", " billion", "%") if s != scale]))
    assert check(f"{value}{scale}", Evidence.of(f"{value}{scale}")) == []
    assert check(f"{value}{other}", Evidence.of(f"{value}{scale}"))


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)), st.integers(min_value=-30, max_value=30))
def test_any_altered_year_is_caught(day, by):
    """A date passes in each language and to each precision; with another year it never does."""
    assume(by and 1900 <= day.year + by < 2100)
    evidence = Evidence.of(day.isoformat())
    right = PartialDate(day.year, day.month, day.day)
    wrong = PartialDate(day.year + by, day.month, min(day.day, 28))
    for lang in ("en", "zh"):
        assert check(right.spoken(lang), evidence) == []
        assert check(PartialDate(right.year, right.month).spoken(lang), evidence) == []
        assert check(wrong.spoken(lang), evidence)
        assert check(PartialDate(wrong.year).spoken(lang), evidence)


@given(st.decimals(min_value=0, max_value=100, places=1))
def test_any_share_passes_in_both_languages(share):
    """A share is one whether it is written 21.7%, 21.7 per cent or 百分之21.7, and no count."""
    evidence = Evidence.of(f"{share}%")
    for said in (f"{share}%", f"{share} per cent", f"百分之{share}"):
        assert check(said, evidence) == []
    assert check(f"{share.normalize():f} kilns", evidence) or 1800 <= share < 2100


def test_only_the_sentence_goes():
    """Of a text only the sentence with the unfounded number is left out, and what was left out is told."""
    blocks, dropped = guarded([Text("There are 4,523,000. There were 17 in 2021. It grew.", "lead")], EVIDENCE)
    assert blocks == [Text("There are 4,523,000. It grew.", "lead")]
    assert dropped == ["17"]
    blocks, dropped = guarded([Text("共452.3万件。此前有17件。在增长。")], EVIDENCE)
    assert blocks == [Text("共452.3万件。在增长。")]


def test_lines_of_cards():
    """On a card the line, the contact or the source with an unfounded number goes; a wrong name takes the card along."""
    card = Card(
        "listing/a", "technology", "Kiln 4523000", lines=(("What", "It makes 4,523,000."), ("Note", "Since 1999.")),
        contact="call 555", sources=(Cited("A source", date="2021"), Cited("Another", url="https://example.org/2018")),
    )  # fmt: skip
    (kept,), dropped = guarded([card], EVIDENCE)
    assert isinstance(kept, Card)
    assert kept.lines == (("What", "It makes 4,523,000."),)
    assert not kept.contact
    assert [source.title for source in kept.sources] == ["A source"]
    assert dropped == ["1999", "555", "2018"]
    assert guarded([Card("listing/a", "technology", "Kiln 17")], EVIDENCE) == ([], ["17"])


def test_figures():
    """A figure with another number or date than its record goes altogether."""
    right = Figure("m", "Patents", 4523000, "exact", "patents", "world", "2021-04-27", "4,523,000 patents")
    assert guarded([right], EVIDENCE) == ([right], [])
    wrong = Figure("m", "Patents", 4523000, "exact", "patents", "world", "2022-04-27", "4,523,000 patents")
    assert guarded([wrong], EVIDENCE) == ([], ["2022-04-27"])


def test_derived():
    """What was worked out passes where it is declared, and nowhere else."""
    declared = Text("17 patents more.", derived=("17",))
    assert guarded([declared], EVIDENCE) == ([declared], [])
    assert guarded([Text("17 patents more.")], EVIDENCE)[0] == []
    assert guarded([Text("18 patents more.", derived=("17",))], EVIDENCE)[0] == []


def test_echo():
    """Numbers of the question may be said again."""
    assert check("Not 9,999 patents.", Evidence.joined([EVIDENCE, Evidence.allowed("Are there 9999?")])) == []


@pytest.mark.parametrize(
    "question", ["how many partners does WIPO GREEN have?", "WIPO GREEN有多少合作伙伴？", "WIPO GREEN有多少合作夥伴？"]
)
def test_what_is_slipped_in_does_not_leave(assistant, monkeypatch, caplog, question):
    """Whatever writes the reply, a number that no cited record has is left out; one line is logged, without the question."""
    from bot.compose import replies as module

    told = module._COMPOSERS["metric"]

    def lying(*given):
        return [*told(*given), Text("By 2031 there will be 777 partners.", "note")]

    monkeypatch.setitem(module._COMPOSERS, "metric", lying)
    with caplog.at_level(logging.WARNING, logger="greenask"):
        answer = assistant.answer_now(Question(question))
    assert "777" not in " ".join(block.text for block in answer.blocks if isinstance(block, Text))
    assert len(answer.figures) == 6
    (record,) = caplog.records
    assert "777" in record.getMessage()
    assert question not in record.getMessage()


def test_nothing_is_left(assistant, monkeypatch):
    """When nothing that may be said is left, the reply says that nothing was found."""
    from bot.compose import replies as module

    monkeypatch.setitem(module._COMPOSERS, "metric", lambda *_: [Text("There are 777 partners.", "lead")])
    answer = assistant.answer_now(Question("how many partners does WIPO GREEN have?"))
    assert isinstance(answer, Answer)
    assert answer.status == NOT_FOUND != ANSWERED


def test_recorded_numbers_as_shown(assistant):
    """Every figure on record passes as it is shown in every language."""
    from bot.compose.figures import shown
    from bot.compose.page import Page

    for one in assistant.kb.all(Statistic):
        evidence = Evidence.of_records([one])
        for lang in ("en", "zh"):
            said = shown(Page(assistant.kb, lang), one)
            if one.unit_en != "rank":
                assert check(said, evidence) == [], said
        assert Decimal(str(one.value)) in evidence.numbers | {Decimal(date[0]) for date in evidence.dates}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("kind", "field"), [("listing", "problems"), ("programme", "sought"), ("organisation", "sought")])
def test_what_seekers_say_vouches_for_nothing(kind: str, field: str, lang: str) -> None:
    """A number in the words of those who look for a record is none that the record gives."""
    words = {"en": ["a third of our 400 kW is wasted"], "zh": ["400千瓦有三分之一白费了"]}
    fields = {"id": "x", "name": {"en": "Kiln"}, "sources": ["s"]}
    fields |= {"kind": "technology", "sector": "energy"} if kind == "listing" else {}
    summary = {"en": "Fires bricks at 900 °C."}
    record = build(kind, {**fields, field: {lang: words[lang]}, "summary": summary})
    said = " ".join(said_by(record))
    assert "900" in said
    assert "400" not in said
