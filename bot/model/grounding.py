"""Grounding: a sentence may be said when the records it cites say so, as far as that can be looked up. No model is asked.

What is looked up: the citations themselves; language and script; numbers, dates and shares (:mod:`bot.guard`), with their units
and bounds; names of people, bodies and places; what can be written to or called; claims such as best, certified or free; and that
most of its words are of those records at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from bot.guard import Evidence, check
from bot.model.given import LINK, MAIL, PHONE, Given
from bot.model.meaning import Meaning
from bot.model.naming import Cited, Naming, frames
from bot.model.pairing import Pairing
from bot.model.plain import commands, plain
from bot.model.quantities import Quantity, bounds, ledger_bound, quantities
from knowledge.numerals import numerals
from knowledge.records import Statistic
from retrieval.language import HAN, base, fold, simplified
from retrieval.rarity import is_english
from retrieval.retriever import HybridRetriever
from retrieval.segment import stem, stopwords

CITATION = re.compile(r"\s{0,2}[\[【［]\s?(\d{1,3}(?:\s?[,，、;；–-]\s?\d{1,3})*)\s?[\]】］]")
SHORTEST, LONGEST = 6, 700  # characters of a sentence
SUPPORT = 0.4  # share of a sentence's words that the cited records have
_SHORT = 200  # characters of a sentence that says what the records leave open
_BRACKETS = re.compile(r"[\[【［][^\]】］]*[\]】］]|†|\^\d")
_COUNTED = re.compile(
    r"\ball (?P<all>two|three|four|five|six|seven|eight|\d)\b"
    r"|(?P<en>\b(?:two|three|four|five|six|seven|eight|\d))\s(?:[a-z-]+\s){0,2}?(?:technolog(?:y|ies)|options?|solutions?|listings?"
    r"|products?|organi[sz]ations?|compan(?:y|ies)|partners?|events?|people|speakers?|experts?|needs?|records?|providers?|systems?"
    r"|approaches)\b|(?P<zh>[两二三四五六七八]|\d)(?:项|个|家|种|场|位|款|条|套|台|者)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:，；：、]")
_LETTERS = re.compile(r"[A-Za-zÀ-ɏ]+")
# "The records do not state …" is no denial of what they say.
_UNSTATED = re.compile(
    r"\b(?:not|no|nor|neither|never|doesn't|don't|isn't|aren't)\b[^.;]{0,60}?\b(?:stated?|records?|given|mention(?:ed|s)?|listed|say"
    r"|specif(?:y|ied)|provided|known|disclosed|published|indicated?)\b"
    r"|\brecords? (?:do|does|did) not\b"
    r"|(?:未|没有|并未|尚未)(?:在)?(?:记录|资料|库)?(?:中)?(?:注明|载明|说明|提及|提到|给出|列出|提供|记载|标明|公布|披露|写明)"
    r"|(?:记录|资料|库)中(?:没有|未|并无)",
    re.IGNORECASE,
)
# Contacts are kept from the model, so it cannot know that there are none.
_UNKNOWABLE = re.compile(
    r"\b(?:contacts?|e-?mails?|phones?|websites?|links?)\b|联系方式|联系人|邮箱|电话|网址|网站|链接", re.IGNORECASE
)


@dataclass(frozen=True)
class Checked:
    """A sentence that may be said: its text without citations, and the numbers of the records it cites, in its order."""

    text: str
    cited: tuple[int, ...]


@dataclass(frozen=True)
class Unfounded:
    """Why a sentence may not be said; ``what`` is the word or number that is not founded, for tests and nothing else."""

    why: str
    what: str = ""


class Grounding:
    """Judges sentences about given records."""

    def __init__(self, retriever: HybridRetriever) -> None:
        self._retriever = retriever
        self.naming = Naming(lambda: retriever.index.names)
        self._meaning = Meaning(self._telling, self._stands)
        self._pairing = Pairing(lambda: self.naming.names, self._telling, self._stands)

    def judge(self, sentence: str, given: Sequence[Given], lang: str) -> Checked | Unfounded:
        """The sentence as it may be said to a reader of this language, or why it may not."""
        citations = cited_numbers(sentence)
        text = tidy(CITATION.sub("", sentence))
        by_number = {each.number: each for each in given}
        if not citations or not all(number in by_number for number in citations):
            return Unfounded("citation")
        if not SHORTEST <= len(text) <= LONGEST or _BRACKETS.search(text):
            return Unfounded("form")
        # The numbers of citations that stand amid a sentence are none of its own.
        return self._judged(text, citations, [by_number[number] for number in dict.fromkeys(citations)], lang)

    def _judged(self, text: str, citations: tuple[int, ...], given: Sequence[Given], lang: str) -> Checked | Unfounded:
        said = simplified(text)
        cited = Cited.of(given)
        checks: tuple[tuple[str, Callable[[], str | None]], ...] = (
            ("language", lambda: foreign(said, lang, cited)),
            ("order", lambda: said if commands(said) else None),
            ("reach", lambda: _reach(said, given)),
            ("number", lambda: _numbers(said, given)),
            ("unit", lambda: _units(said, given)),
            ("name", lambda: self.naming.strange(said, cited)),
            ("claim", lambda: claimed(said, cited.said)),
            ("support", lambda: self._unsupported(said, cited)),
            ("meaning", lambda: self._meaning.turned(said, cited.said, _UNSTATED.sub(" ", said))),
            ("pairing", lambda: self._pairing.crossed(said, given)),
        )
        for why, look in checks:
            if (what := look()) is not None:
                return Unfounded(why, what)
        return Checked(said, tuple(dict.fromkeys(citations)))

    def _unsupported(self, text: str, cited: Cited) -> str | None:
        if _UNSTATED.search(text) and len(text) <= _SHORT:
            return None
        if (share := self.support(text, cited.said)) < SUPPORT:
            return f"{share:.2f}"
        # No part of it may be about something else altogether.
        return next((part for part in _CLAUSE.split(text) if self.support(part, cited.said) == 0), None)

    def support(self, text: str, said: str) -> float:
        """The share of a text's telling words that ``said`` has, in either language. A text without any has all."""
        telling = self._telling(text)
        return sum(self._stands(word, said) for word in telling) / len(telling) if telling else 1.0

    def _telling(self, text: str) -> list[str]:
        """The words of a text that say something, each once."""
        words = dict.fromkeys(self._retriever.index.segmenter.words(fold(text)))
        return [word for word in words if len(word) > 1 and not word.isdigit() and not _says_nothing(word)]

    def _stands(self, word: str, said: str) -> bool:
        """Whether a text has a word, in either language."""
        return self._is_said(word, said, _tokens(said, self._retriever.index.segmenter))

    def _is_said(self, word: str, said: str, tokens: frozenset[str]) -> bool:
        if word in tokens or (word in said if HAN.match(word) else stem(word) in tokens):
            return True
        clauses = self._retriever.clauses(word)
        return any(tokens.issuperset(way) for clause in (*clauses["en"], *clauses["zh"]) for way in clause if way)


_SEEN: dict[int, tuple[str, frozenset[str]]] = {}


def _tokens(said: str, segmenter: object) -> frozenset[str]:
    """The tokens of a text; sentences of one reply ask for the same few texts."""
    known = _SEEN.get(hash(said))
    if known is None or known[0] != said:
        if len(_SEEN) > 4096:
            _SEEN.clear()
        known = _SEEN[hash(said)] = (said, frozenset(segmenter.tokens(said)))  # type: ignore[attr-defined]
    return known[1]


def cited_numbers(sentence: str) -> tuple[int, ...]:
    """The numbers in the citations of a sentence, in its order; a span such as [1-3] is all of it."""
    numbers: list[int] = []
    for found in CITATION.finditer(sentence):
        for part in re.split(r"[,，、;；]", found[1]):
            ends = [int(end) for end in re.split(r"[–-]", part) if end.strip()]
            numbers += range(ends[0], min(ends[-1], ends[0] + 20) + 1) if ends[0] <= ends[-1] else ends
    return tuple(numbers)


def tidy(text: str) -> str:
    """The text as plain text on one line, citations gone, without the space they leave before a full stop."""
    return re.sub(r"\s+([,.;:!?，。；：！？、])", r"\1", plain(text)).strip()


def foreign(text: str, lang: str, cited: Cited | None = None) -> str | None:
    """What is not in the reader's language: letters of other scripts, or most of the words. Names on record may stay."""
    said = cited.said if cited else ""
    for char in text:
        if char.isalpha() and char not in said and not HAN.match(char):
            script = unicodedata.name(char, "").split(" ", 1)[0]
            if script not in (
                "LATIN",
                "GREEK",
                "MICRO",
                "FULLWIDTH",
                "FEMININE",
                "MASCULINE",
                "SUPERSCRIPT",
                "SUBSCRIPT",
                "MODIFIER",
            ):
                return char
    han = HAN.findall(text)
    words = _LETTERS.findall(text)
    if base(lang) == "zh":
        latin = [word for word in words if fold(word) not in said or len(word) < 3]
        return None if len(han) >= 4 and len(han) >= len(latin) else text
    strange = [run[0] for run in re.finditer(rf"{HAN.pattern}+", text) if fold(run[0]) not in said]
    if strange:
        return strange[0]
    known = [word for word in words if is_english(word.lower()) or word.lower() in stopwords("en") or fold(word) in said]
    framed = any(word.lower() in stopwords("en") for word in words)
    return None if words and len(known) >= (0.75 if framed else 0.95) * len(words) else text


def _reach(text: str, given: Sequence[Given]) -> str | None:
    """An address, link or number that is not among the contacts and links of the cited records."""
    reached = "\n".join(each.reached for each in given)
    plain_text = unicodedata.normalize("NFKC", text)
    for pattern in (MAIL, LINK):
        for found in pattern.finditer(plain_text):
            if fold(found[0]).rstrip("./") not in reached:
                return found[0]
    digits = re.sub(r"\D", "", reached)
    calls = [found[0] for found in PHONE.finditer(plain_text) if re.sub(r"\D", "", found[0]) not in digits]
    return calls[0] if calls else None


def _numbers(text: str, given: Sequence[Given]) -> str | None:
    evidence = Evidence.joined(each.evidence for each in given)
    return next(iter(check(_without_count(text, len(given)), evidence)), None)


def _without_count(text: str, cited: int) -> str:
    """The text without the number of records it cites: "two technologies fit" of two."""

    def blank(found: re.Match[str]) -> str:
        number = found["all"] or found["en"] or found["zh"]
        read = next((int(one.value) for one in numerals(f"{number}个" if found["zh"] else number)), 0)
        return str(found[0]).replace(number, "", 1) if read == cited > 1 else str(found[0])

    return _COUNTED.sub(blank, text, count=1)


def _units(text: str, given: Sequence[Given]) -> str | None:
    """A number whose unit or bound is another one than in the records."""
    said = [line for each in given for line in each.said.split("\n")]
    measured = {pair for line in said for pair in quantities(line)}
    for value, unit in quantities(text):
        if (value, unit) not in measured and not _bare(value, unit, measured):
            return f"{value} {unit}"
    bounded = {pair for line in said for pair in bounds(line)}
    for each in given:
        if isinstance(each.record, Statistic):
            bounded |= set(ledger_bound(each.record.value, each.record.qualifier))
    return next((f"{bound} {value}" for value, bound in bounds(text) if (value, bound) not in bounded), None)


def _bare(value: Decimal, unit: str, measured: Set[Quantity]) -> bool:
    """Whether a number may have a unit of counting that the records leave to be understood."""
    return unit in ("people", "employees", "times", "households", "year", "day") and not any(
        value == number for number, _ in measured
    )


def claimed(text: str, said: str) -> str | None:
    """A claim of a kind that the records do not make."""
    seen = fold(text)
    if _UNSTATED.search(seen) and _UNKNOWABLE.search(seen):
        return "contact"
    for concept, pattern in _claims().items():
        looked_at = _UNSTATED.sub(" ", seen) if concept == "negation" else seen
        if pattern.search(looked_at) and not pattern.search(said):
            return concept
    return None


@cache
def _claims() -> Mapping[str, re.Pattern[str]]:
    found = yaml.safe_load((Path(__file__).parent / "claims.yaml").read_text(encoding="utf-8"))
    return {
        concept: re.compile("|".join(f"(?:{phrase})" for phrases in languages.values() for phrase in phrases))
        for concept, languages in found.items()
    }


def _says_nothing(word: str) -> bool:
    return word in stopwords("en") or word in stopwords("zh") or word in frames()
