"""Plain text of texts that others wrote: what the model reads of records and questions, and what is kept of its replies.

A reader sees neither markup nor marks of direction, so the model gets none either. What in a record speaks to a model rather than
about green technology is left out of what it reads; the record itself stays as it is.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml

from retrieval.language import clean, fold

# Elements whose content nobody sees, then all tags. Attributes are as long as they are; a tag is not.
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|$)|<(script|style|template|noscript|title|head|svg|iframe|object)\b[^>]{0,2000}>.*?(?:</\1\s*>|$)"
    r"|<(\w+)\b[^>]{0,2000}?(?:\bhidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d])"
    r"|color\s*:\s*(?:#fff(?:fff)?\b|white))[^>]{0,2000}>.*?(?:</\2\s*>|$)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"</?[a-z!][^<>]{0,2000}>", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\]]{0,500}\]\([^()\s]{0,2000}[^()]{0,200}\)")
_LINKED = re.compile(r"\[([^\]\[]{1,300})\]\((?:[^()\s]|\([^()]*\)){1,2000}[^()]{0,200}\)")
_REFERENCE = re.compile(r"^\s*\[[^\]]{1,100}\]:\s*\S+.*$", re.MULTILINE)
_MARKS = re.compile(r"(?:\*\*|__|~~|`+)|^\s{0,3}(?:#{1,6}\s+|[-*+•]\s+|>\s?)", re.MULTILINE)
# Tags of Unicode, selectors of variants, fillers: characters that nobody sees and models read.
_INVISIBLE = re.compile(
    "[\U000e0000-\U000e0fff\ufe00-\ufe0f\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2028\u2029\u3164\uffa0\ufff9-\ufffc]"
)
# What is written against the direction of reading shows another text than it holds.
_OVERRIDDEN = re.compile("[\u202d\u202e][^\u202c\n]*\u202c?")
_FENCES = re.compile(r"<{2,}|>{2,}|<\|.*?\|>|\[/?INST\]|={4,}|-{4,}|#{4,}", re.IGNORECASE)
_ROLES = re.compile(
    r"<\|.{0,30}?\|>|\[/?INST\]|</?(?:system|assistant|user|record|question|instructions?)>|<</?\w*", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[。！？!?；;\n])|(?<=[.:：])\s+")
_SPELT = re.compile(r"(?<![a-z])(?:[a-z][\W_]){4,}[a-z](?![a-z])")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}|(?:%[0-9a-f]{2}){6,}|(?:\\u[0-9a-f]{4}){4,}", re.IGNORECASE)
# Letters of other scripts that look like Latin ones.
_LOOKALIKES = str.maketrans("аеорсухіѕԁјһԛѡΑΒΕΖΗΙΚΜΝΟΡΤΥΧοѵ", "aeopcyxisdjhqwABEZHIKMNOPTYXov")


def plain(text: str) -> str:
    """The text as a reader sees it on one line: no markup, no links, nothing invisible."""
    for _ in range(3):
        before = text
        text = html.unescape(text)
        text = _INVISIBLE.sub("", _OVERRIDDEN.sub(" ", text))
        text = _UNSEEN.sub(" ", text)
        text = _TAG.sub(" ", text)
        if text == before:
            break
    text = _IMAGE.sub(" ", text)
    text = _LINKED.sub(r"\1", text)
    text = _REFERENCE.sub(" ", text)
    text = _MARKS.sub("", text)
    return clean(unicodedata.normalize("NFC", text))


def material(text: str, most: int = 1500) -> str:
    """A text of a record as the model may read it: plain and without fences, as far as it does not speak to a model.

    What follows an order belongs to it, so the text ends there.
    """
    kept: list[str] = []
    for part in _SENTENCE.split(plain(text)):
        if commands(part) or commands(" ".join([*kept[-2:], part])):
            break
        kept.append(part.strip())
    return _cut(clean(_FENCES.sub(" ", " ".join(kept))), most)


def question(text: str, most: int = 2000) -> str:
    """A question as the model may read it: plain and without fences; what it asks is judged by what comes back."""
    return _cut(clean(_FENCES.sub(" ", plain(text))), most)


def commands(text: str) -> bool:
    """Whether a text speaks to a model: about its rules, its prompt or what it is to print."""
    seen = fold(text.translate(_LOOKALIKES))
    joined = _SPELT.sub(lambda found: re.sub(r"[\W_]", "", found[0]), seen)
    return bool(_ENCODED.search(text) or _ROLES.search(text)) or any(_commands().search(each) for each in {seen, joined})


@cache
def _commands() -> re.Pattern[str]:
    found = yaml.safe_load((Path(__file__).parent / "commands.yaml").read_text(encoding="utf-8"))
    return re.compile("|".join(f"(?:{phrase})" for phrases in found.values() for phrase in phrases))


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = max(text.rfind(mark, most // 2, most) for mark in ("。", "；", ". ", "; ", "，", ", ", " "))
    return text[: end + 1 if end > 0 else most].rstrip()
