"""Sentences out of a stream: each is given as soon as it is complete, with the citations that follow its full stop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from retrieval.language import HAN

# Citations may stand behind the full stop: "… water. [1][2]".
_CITED = r"(?:\s{0,2}[\[【［]\s?\d{1,3}(?:\s?[,，、;；–-]\s?\d{1,3})*\s?[\]】］])*"
_END = re.compile(rf"[。！？!?…]+[”’」』）)\"']*{_CITED}|\.[”’\"')]*(?=\s|$|[\[【［]){_CITED}|\n+")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|ca|cf|al|no|nos|fig|vol|est|incl|excl|resp|dept|univ|inst|assn|bros|mr|mrs|ms|dr|prof|st|sr|jr"
    r"|inc|ltd|co|corp|llc|plc|s\.a|b\.v|n\.v|pty|pvt|gmbh|bhd|sdn|intl|tech|mfg|u\.s|u\.k|u\.n|e\.u|p\.r|ph\.d|m\.sc|b\.sc|a\.m|p\.m"
    r"|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec)|\b[A-Za-z]|(?:\b[A-Za-z]\.)+[A-Za-z])$",
    re.IGNORECASE,
)
_LEGAL = re.compile(r"\b(?:inc|ltd|co|corp|llc|plc|etc|gmbh|univ|inst|a\.m|p\.m)$", re.IGNORECASE)
_FORM_SEEN = 5  # characters behind an abbreviation by which it is seen whether Ltd. follows
_FORM = re.compile(r"(?:ltd|inc|llc|corp|plc|gmbh)\b", re.IGNORECASE)
_OPENING = "[【［"
_CITING = re.compile(r"[\[【［][\s\d,，、;；–-]*$")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_BEGUN = re.compile(r"<(?:t(?:h(?:i(?:n(?:k(?:i(?:n(?:g)?)?)?)?)?)?)?)?$", re.IGNORECASE)


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Each sentence of a stream. What a model thinks aloud is left out, and so is a last sentence that does not end."""
    text, given = "", 0
    for piece in pieces:
        text += piece
        said = _BEGUN.sub("", _THOUGHT.sub("", text))
        for start, end in _ends(said, given, whole=False):
            given = end
            if sentence := said[start:end].strip():
                yield sentence
    said = _THOUGHT.sub("", text)
    for start, end in _ends(said, given, whole=True):
        if sentence := said[start:end].strip():
            yield sentence


def split(text: str) -> list[str]:
    """The sentences of a text that is complete."""
    ends = list(_ends(text, 0, whole=True))
    rest = text[ends[-1][1] if ends else 0 :]
    return [each for each in [*(text[start:end].strip() for start, end in ends), rest.strip()] if each]


def _ends(text: str, start: int, *, whole: bool) -> Iterator[tuple[int, int]]:
    """Where sentences begin and end. While more is to come, an end counts once it is seen that no citation follows it."""
    for found in _END.finditer(text, start):
        rest = text[found.end() :].lstrip()
        if not whole and (not rest or _CITING.match(rest)):
            return
        if found.end() <= start:
            continue
        if not whole and len(rest) < _FORM_SEEN and _LEGAL.search(text[start : found.start()]):
            return
        if found[0].startswith(".") and _is_abbreviation(text[start : found.start()], rest):
            continue
        if not found[0].strip() and not text[start : found.start()].strip():
            start = found.end()
            continue
        yield start, found.end()
        start = found.end()


def _is_abbreviation(before: str, after: str) -> bool:
    if not _ABBREVIATED.search(before):
        # A number at the start of a line is a list's: "1. First …".
        return before.strip().isdigit()
    if _FORM.match(after):
        return True  # Co. Ltd.
    legal = _LEGAL.search(before)
    return bool(after) and not (legal and (after[0].isupper() or after[0] in _OPENING or HAN.match(after)))
