"""Which language and script a text is in, and one folded form for matching.

Folding makes spellings equal that mean the same: full width and half width (NFKC), traditional and simplified
characters (OpenCC), upper and lower case.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

EN = "en"
ZH = "zh"
HANT = "zh-Hant"

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)?")
# Words that carry a sentence rather than a topic: they tell which language the asker is writing in.
_EN_FRAME = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "to",
        "about",
        "who",
        "whom",
        "whose",
        "what",
        "when",
        "where",
        "which",
        "why",
        "how",
        "is",
        "are",
        "was",
        "were",
        "be",
        "do",
        "does",
        "did",
        "can",
        "could",
        "will",
        "would",
        "should",
        "has",
        "have",
        "had",
        "tell",
        "show",
        "give",
        "find",
        "list",
        "me",
        "my",
        "we",
        "our",
        "us",
        "you",
        "your",
        "i",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "any",
        "some",
        "many",
        "much",
        "please",
        "and",
        "or",
        "not",
    ]
)
_ZH_FRAME = re.compile(
    "[的了吗呢吧么谁哪是有在和与对把被从]|什么|怎么|怎样|如何|多少|几个|哪些|为什么|请问|介绍|联系|可以|能否|需要|想要|我们|你们"
)
_INVISIBLE = re.compile(r"[\u061c\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")


@cache
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)


def _convert(name: str, text: str) -> str:
    # JSON can carry lone surrogates, which are no characters and which OpenCC refuses.
    return str(_converter(name).convert(text.encode("utf-8", "replace").decode("utf-8")))


def clean(text: str) -> str:
    """The text without invisible direction and zero-width marks and control characters, white space folded."""
    text = _INVISIBLE.sub("", text)
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())


def simplified(text: str) -> str:
    """The text in simplified characters."""
    if not HAN.search(text):
        return text
    once = _convert("t2s", text)
    # A few characters are simplified in two steps (薴, 苧, 苎).
    return once if once == text else _convert("t2s", once)


def traditional(text: str) -> str:
    """The text in traditional characters, in the forms usual in Hong Kong."""
    return _convert("s2hk", text) if HAN.search(text) else text


def fold(text: str) -> str:
    """The form used for matching: NFKC, simplified, lower case."""
    return simplified(unicodedata.normalize("NFKC", text)).lower()


def detect(text: str) -> str:
    """The language a reply should be in: ``en``, ``zh`` or ``zh-Hant``.

    A text without Chinese characters is read as English. In a mixed one the words that frame the sentence decide: "who is 解洪兴"
    is English, "VOC治理" and "biogas 牛粪" are Chinese.
    """
    han = HAN.findall(text)
    if not han:
        return EN
    plain = simplified(text)
    framed = sum(word.lower() in _EN_FRAME for word in _LATIN_WORD.findall(text))
    if framed and not _ZH_FRAME.search(plain):
        return EN
    latin = sum(len(word) for word in _LATIN_WORD.findall(text))
    if framed >= 3 and latin > 3 * len(han):
        return EN
    return HANT if _is_traditional(text, plain) else ZH


def _is_traditional(text: str, plain: str) -> bool:
    if plain == text:
        return False
    changed = sum(a != b for a, b in zip(text, plain, strict=False))
    # Only simplified characters speak against it: 溫 is written 温 in Hong Kong and is traditional all the same.
    back = traditional(text)
    kept = sum(a != b and a == c for a, b, c in zip(text, back, plain, strict=False))
    return changed > kept


def parse(hint: str | None) -> str | None:
    """A language tag as one of ours: zh-TW, zh_HK and zh-Hant are traditional, any other zh simplified; None if neither."""
    if not hint:
        return None
    language, *parts = hint.replace("_", "-").lower().split("-")
    if language == "zh":
        if "hans" in parts:
            return ZH
        return HANT if {"hant", "tw", "hk", "mo"} & set(parts) else ZH
    return EN if language == "en" else None


def base(lang: str) -> str:
    """The language of the records to read from: both Chinese scripts are ``zh``."""
    return ZH if lang.startswith("zh") else EN
