"""The phrases by which people refer to what was said before, from bot/locales/*/followups.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from bot.speech import LANGUAGES, table
from bot.understand import Understanding
from retrieval.facets import Mention
from retrieval.language import fold

# A facet or a name in a masked text, one character wide: what was recognised stands for itself, whatever its words.
MARKS: Mapping[str, str] = {
    "country": "\ue001", "city": "\ue001", "stage": "\ue002", "year": "\ue003", "kind": "\ue004", "sector": "\ue005",
    "role": "\ue006",
}  # fmt: skip
NAME = "\ue007"
GROUPS: Mapping[str, str] = {
    mark: group
    for group, mark in zip(("place", "stage", "year", "kind", "sector", "role"), sorted(set(MARKS.values())), strict=True)
}
_ASKING = frozenset({"who", "谁", "哪位", "how many", "how much", "多少", "几个", "几家", "几项"})
_SLOTS = {"<p>": MARKS["city"], "<s>": MARKS["stage"], "<y>": MARKS["year"], "<name>": NAME}
_NARROWING = "[\ue001-\ue006]"


@cache
def patterns(name: str) -> Sequence[re.Pattern[str]]:
    """The phrases called ``name`` in all languages: people mix them."""
    found = []
    for lang in LANGUAGES:
        said = table(lang, "followups")[name]
        found += [re.compile(_filled(lang, each)) for each in ([said] if isinstance(said, str) else said)]
    return found


def spelt(name: str, text: str) -> re.Match[str] | None:
    """The phrase called ``name`` that is the whole text, if it is one."""
    return next((match for pattern in patterns(name) if (match := pattern.fullmatch(text))), None)


def heard(name: str, text: str) -> Iterator[re.Match[str]]:
    """Every place in the text where the phrase called ``name`` stands."""
    for pattern in patterns(name):
        yield from pattern.finditer(text)


def fields(text: str) -> list[str]:
    """The fields of a record that a text asks for: source, provider, ip, stage, country."""
    found = []
    for field in table("en", "followups")["fields"]:
        if any(re.search(table(lang, "followups")["fields"][field], text) for lang in LANGUAGES):
            found.append(field)
    return found


@cache
def numbers() -> Mapping[str, int]:
    """The words for small numbers."""
    return {str(word): int(value) for lang in LANGUAGES for word, value in table(lang, "followups")["numbers"].items()}


@cache
def _joining() -> frozenset[str]:
    return frozenset(word for lang in LANGUAGES for word in str(table(lang, "followups")["joining"]).split())


def joins(word: str) -> bool:
    """Whether a word says how others hang together rather than what is meant: without, uses, 需要."""
    return fold(word) in _joining()


def number(words: str) -> int:
    """A small number as it was written."""
    if words in numbers():
        return numbers()[words]
    if words.startswith("十"):
        return 10 + numbers().get(words[1:], 0)
    digits = re.match(r"\d+", words)
    return int(digits[0]) if digits else 0


def masked(asked: Understanding) -> str:
    """The folded text with a mark for every facet and name; what only asks (who, how many) stays as it is."""
    text = asked.facets.folded
    if len(text) != len(asked.text):
        return text
    spans: dict[tuple[int, int], str] = {(name.start, name.end): NAME for name in asked.names}
    for mention in asked.facets.mentions:
        mark = MARKS[mention.facet]
        if mention.words not in _ASKING:
            spans[mention.start, mention.end] = min(spans.get((mention.start, mention.end), mark), mark)
    for pattern in patterns("relative"):
        for found in pattern.finditer(text):
            spans.setdefault(found.span(), MARKS["year"])
    for (start, end), mark in sorted(spans.items(), reverse=True):
        text = text[:start] + mark + text[end:]
    return text


def relative(text: str) -> str | None:
    """A time in the text that depends on today: last year, 去年."""
    return next((found[0] for found in heard("relative", text)), None)


def group(mention: Mention) -> str:
    """The kind of narrowing a facet belongs to: countries and cities are both places."""
    return "place" if mention.facet in ("country", "city") else mention.facet


def _filled(lang: str, pattern: str) -> str:
    own = table(lang, "followups")
    between, count = own["between"], "|".join(sorted(map(re.escape, numbers()), key=len, reverse=True))
    slots = {
        "<lead>": own["lead"],
        "<tail>": own["tail"],
        "<f>": f"(?:{_NARROWING}(?:{between}{_NARROWING})*)",
        "<n>": f"(?:{count}|\\d{{1,2}})",
        **_SLOTS,
    }
    # The <n> of (?P<n>…) is the name of a group.
    return re.sub(r"(?<!\?P)<\w+>", lambda slot: slots[slot[0]], pattern)


@cache
def field_patterns() -> Sequence[re.Pattern[str]]:
    """What asks for a field of a record, in all languages."""
    return [re.compile(pattern) for lang in LANGUAGES for pattern in table(lang, "followups")["fields"].values()]


def place_of_one(text: str, count: int) -> int | None:
    """The number that a text is nothing but: 2, 2., 第二个, the second one, the last; 0 for one beyond."""
    if found := re.fullmatch(r"(?:no\.? ?|number |#)?(\d{1,2})[.)、]?", text):
        return int(found[1])
    if count == 0:
        return None
    for name in ("ordinal", "plain_number"):
        if found := spelt(name, text):
            groups = found.groupdict()
            return number(groups.get("n") or groups.get("m") or "")
    return count if spelt("last", text) else None


def stripped(text: str) -> str:
    """The folded text without marks around it."""
    return re.sub(r"^[\s,，。.!！?？]+|[\s,，。.!！?？]+$", "", fold(text))
