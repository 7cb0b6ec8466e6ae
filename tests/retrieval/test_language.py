"""Which language a question is in, and the folded form in which spellings meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.language import base, clean, detect, fold, parse, simplified, traditional

# Lone surrogates and 薴 have promises of their own below.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="薴"))
hanzi = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF, exclude_characters="薴"))


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("热泵", "zh"),
        ("熱泵", "zh-Hant"),
        ("heat pump", "en"),
        ("VOC治理", "zh"),
        ("CCUS 碳捕集", "zh"),
        ("biogas 牛粪", "zh"),
        ("biogas 牛糞", "zh-Hant"),
        ("who is 解洪兴", "en"),
        ("who is 解洪興", "en"),
        ("tell me about 绿创", "en"),
        ("解洪兴是谁", "zh"),
        ("解洪興是誰", "zh-Hant"),
        ("請問 BCAA 是什麼", "zh-Hant"),
        ("请问 who is 解洪兴", "zh"),
        ("ok 谢谢", "zh"),
        ("xie hongxing", "en"),
        ("北京", "zh"),
        ("香港", "zh"),
        ("乾隆", "zh"),
        ("🌱", "en"),
        ("☀️ 太阳能", "zh"),
        ("☀️ 太陽能", "zh-Hant"),
        ("ｂｉｏｇａｓ", "en"),
        ("ＶＯＣ治理", "zh"),
        ("", "en"),
        ("  ", "en"),
        ("2021", "en"),
    ],
)
def test_detect(text: str, lang: str) -> None:
    """A short or mixed question is answered in the language and script its asker writes in."""
    assert detect(text) == lang


@pytest.mark.parametrize("text", ["污水处理有哪些技术", "谁在治理挥发性有机物", "为乡村选太阳能灯"])
def test_scripts(text: str) -> None:
    """The same sentence is told apart by its script, and both scripts read the Chinese records."""
    assert detect(text) == "zh"
    assert detect(traditional(text)) == "zh-Hant"
    assert {base("zh"), base("zh-Hant")} == {"zh"}
    assert base("en") == "en"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＶＯＣ　治理", "voc 治理"),
        ("ｂｉｏｇａｓ", "biogas"),
        ("ﾊｲﾌﾞﾘｯﾄﾞ", "ハイブリッド"),
        ("H₂O", "h2o"),
        ("①", "1"),
        ("汙水處理", "污水处理"),
        ("誰是解洪興", "谁是解洪兴"),
        ("乾淨空氣", "干净空气"),
        ("乾隆", "乾隆"),
        ("WIPO GREEN", "wipo green"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    """Full width, traditional characters and capitals are folded away."""
    assert fold(text) == folded


@given(texts | hanzi)
def test_fold_is_idempotent(text: str) -> None:
    """Folding what is folded changes nothing."""
    assert fold(fold(text)) == fold(text)


def test_fold_is_idempotent_to_the_last_character() -> None:
    """Folding what is folded changes nothing, whichever the character."""
    assert fold(fold("薴")) == fold("薴")


@given(hanzi)
def test_scripts_fold_together(text: str) -> None:
    """A simplified text and the same in traditional characters differ in script only, not in length."""
    plain = simplified(text)
    assert len(traditional(plain)) == len(plain) == len(text)


@pytest.mark.parametrize("function", [fold, detect, simplified])
def test_half_a_character(function) -> None:
    """A question with half a surrogate pair in it, as JSON and terminals can carry, is read without it."""
    assert function("热\ud800泵")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("heat\u200b pump\ufeff", "heat pump"),
        ("热\u200d泵\u2060", "热泵"),
        ("\u202eheat pump\u202c", "heat pump"),
        ("\u2066熱泵\u2069", "熱泵"),
        ("\u200f热泵\u200e", "热泵"),
        ("bio\u00adgas", "biogas"),
        ("heat\x00pump\x1b", "heat pump"),
        (" 热泵 \r\n\t 供暖 ", "热泵 供暖"),
        ("热泵\u3000供暖", "热泵 供暖"),
        ("\u200b\u200b", ""),
        ("太阳能☀️👩‍🌾", "太阳能☀️👩🌾"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    """Zero-width and direction marks and control characters go, white space is folded, everything visible stays."""
    assert clean(text) == cleaned


def test_clean_the_arabic_letter_mark() -> None:
    """Every direction mark of Unicode goes."""
    assert clean("heat\u061c pump") == "heat pump"


@given(st.text(st.characters()))
def test_clean_never_raises(text: str) -> None:
    """Whatever is typed can be cleaned, and cleaning it again changes nothing."""
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("tag", "lang"),
    [
        ("en", "en"),
        ("en-US", "en"),
        ("EN_gb", "en"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh_SG", "zh"),
        ("zh-Hans", "zh"),
        ("zh-Hant", "zh-Hant"),
        ("zh-hant-CN", "zh-Hant"),
        ("zh_TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-MO", "zh-Hant"),
        ("fr", None),
        ("english", None),
        ("", None),
        (None, None),
    ],
)
def test_parse(tag: str | None, lang: str | None) -> None:
    """A language tag is read as one of the three the assistant speaks, or as none of them."""
    assert parse(tag) == lang


def test_parse_believes_the_script() -> None:
    """Where a tag names script and place, the script counts: zh-Hans-HK is simplified."""
    assert parse("zh-Hans-HK") == "zh"


def test_parse_zhuang() -> None:
    """Zhuang (zha) is not Chinese."""
    assert parse("zha") is None
