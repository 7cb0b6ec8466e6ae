"""Pairing: who does what to whom, and which of several records has what, as far as the order of names and parts tells it.

A sentence may have nothing but names, places and figures of the records it cites, and give them to each other. So each part of it
is held against one record at a time; two names with the same words between them must stand in the same order; a number must stand
among words that a record has it among.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import combinations, pairwise

from bot.model.given import Given
from bot.model.meaning import Same, Words
from knowledge.numerals import numerals
from knowledge.records import LANGUAGES, Listing
from retrieval.facets import FacetReader
from retrieval.language import HAN, fold
from retrieval.names import NameIndex, NameMatch
from retrieval.segment import stopwords

_PART = re.compile(r"[,;:，；：]|\.(?=\s)|。|\b(?:while|whereas|but)\b|\band\b|而(?!非|成)|并(?![非网联])")
_COUNTING = re.compile(r"[,;:，；：。！？\n]|\.(?=\s|$)|\band\b|并(?![非网联])")
_CAPITAL = re.compile(r"(?<![A-Za-z])[A-Z][A-Za-z0-9]*(?:[-’'.&][A-Za-z0-9]+)*")
_DIGIT = re.compile(r"\d[\d.,]*")
_SENTENCE = re.compile(r"[。！？!?\n；]|\.(?=\s|$)")
_ENUMERATED = re.compile(
    r"[\s,、，]*(?:and|or|和|与|及|以及|跟|、|,|like|as well as|along with|together with)?[\s,、，]*(?:the\b)?\s*"
)
_EACH = re.compile(r"\brespectively\b|\bboth\b|\beach\b|分别|各自|依次|两[家项者种]|双方|均|都")
_TOGETHER = re.compile(r"\b(?:together|joint(?:ly)?|co-?(?:host|organi[sz])\w*|between)\b|联合|共同|合作|携手|一道|之间")
_PASSIVE = re.compile(r"\bby\b|由|被")


class Pairing:
    """Holds what a sentence brings together against the records it cites, one by one."""

    def __init__(self, names: Callable[[], NameIndex], telling: Words, stands: Same) -> None:
        self._names = names
        self._telling = telling
        self._stands = stands
        self._facets = FacetReader()

    def crossed(self, sentence: str, given: Sequence[Given]) -> str | None:
        """What a sentence brings together that the records do not."""
        looks = (
            self._staged(sentence, given), self._mixed(sentence, given),
            self._exchanged(sentence, given), self._counted(sentence, given),
        )  # fmt: skip
        return next((what for found in looks for what in found), None)

    def _staged(self, sentence: str, given: Sequence[Given]) -> Iterator[str]:
        """A stage that none of the records is at."""
        said = "\n".join(each.said for each in given)
        stages = {each.record.stage for each in given if isinstance(each.record, Listing) and each.record.stage}
        spans: dict[tuple[int, int], set[str]] = {}
        words = {}
        for mention in self._facets.read(sentence).mentions if stages else ():
            if mention.facet == "stage":
                spans.setdefault((mention.start, mention.end), set()).add(mention.value)
                words[mention.start, mention.end] = mention.words
        for span, values in spans.items():
            if not values & stages and words[span] not in said:
                yield words[span]

    def _mixed(self, sentence: str, given: Sequence[Given]) -> Iterator[str]:
        """What only one record has, joined to what only another has."""
        if len(given) < 2 or _EACH.search(sentence):
            return
        text = fold(sentence)
        owners = sorted(self._owners(sentence, text, given), key=lambda one: one[0])
        for ((_, end), first), ((start, last), second) in pairwise(owners):
            between = text[end:start]
            if first != second and end <= start and not (_PART.search(between) or _ENUMERATED.fullmatch(between)):
                yield text[start:last]
        for (_, end), number in owners:
            part = _PART.split(text[end:])[0]
            words = [(word, self._having(word, given)) for word in self._telling(part)]
            strange = [word for word, having in words if having and number not in having]
            if len(strange) > 1 and not any(having == [number] for _, having in words):
                yield strange[0]

    def _owners(self, sentence: str, text: str, given: Sequence[Given]) -> Iterator[tuple[tuple[int, int], int]]:
        """Where a sentence has what only one record has, and which: its name, its provider, other names in it, its place."""
        labels = {fold(name): each.number for each in given for name in _labels(each)}
        for label in labels:
            having = [each.number for each in given if label in each.said]
            if len(having) == 1:
                yield from ((found.span(), having[0]) for found in re.finditer(re.escape(label), text))
        taken = [found.span() for label in labels for found in re.finditer(re.escape(label), text)]
        for found in _CAPITAL.finditer(sentence if len(sentence) == len(text) else ""):
            if fold(found[0]) in stopwords("en"):
                continue
            word = re.compile(rf"(?<![a-z0-9]){re.escape(fold(found[0]))}(?![a-z])")
            having = [each.number for each in given if word.search(each.said)]
            if len(having) == 1 and not any(start <= found.start() < end for start, end in taken):
                yield found.span(), having[0]
        for mention in self._facets.read(text).mentions:
            having = [each.number for each in given if mention.value in each.places or mention.words in each.said]
            if mention.facet in ("country", "city") and len(having) == 1:
                yield (mention.start, mention.end), having[0]

    def _having(self, word: str, given: Sequence[Given]) -> list[int]:
        """The records that have a word."""
        return [each.number for each in given if self._stands(word, each.said)]

    def _counted(self, sentence: str, given: Sequence[Given]) -> Iterator[str]:
        """A number among words that no record has it among."""
        parts = _numbered("\n".join(each.said for each in given))
        own = {word for each in given for name in _labels(each) for word in self._telling(name)}
        for part, values in _numbered(fold(sentence)):
            words = [word for word in self._telling(part) if word not in own and not _DIGIT.search(word)]
            for value in values if words else ():
                having = [other for other, others in parts if value in others]
                bare = any(len(self._telling(_DIGIT.sub(" ", other))) < 2 for other in having)
                if having and not bare and not any(self._stands(word, other) for other in having for word in words):
                    yield f"{value[0]} {words[0]}"

    def _exchanged(self, sentence: str, given: Sequence[Given]) -> Iterator[str]:
        """Two names in the order in which the records have them the other way round, with the same words between them."""
        text = fold(sentence)
        names = self._who(text)
        if len(names) < 2:
            return
        chinese = bool(HAN.search(text))
        told = [part for each in given for part in _SENTENCE.split(each.said) if part and bool(HAN.search(part)) == chinese]
        for one, other in combinations(names, 2):
            if not _kinds(one) & _kinds(other) or _TOGETHER.search(text):
                continue
            orders = {order for part in told for order in self._orders(text, one, other, part)}
            if orders == {False}:
                yield one.text

    def _who(self, text: str) -> list[NameMatch]:
        return [match for match in self._names().find(text) if any(_is_who(key) for key in match.keys)]

    def _orders(self, text: str, one: NameMatch, other: NameMatch, part: str) -> Iterator[bool]:
        """Whether a sentence of a record says the same of these two as the text does, or the reverse."""
        found = self._who(part)
        for first, second in combinations(found, 2):
            pair = (set(first.keys), set(second.keys))
            straight = bool(pair[0] & set(one.keys)) and bool(pair[1] & set(other.keys))
            reverse = bool(pair[1] & set(one.keys)) and bool(pair[0] & set(other.keys))
            if straight == reverse:
                continue
            own, theirs = text[one.end : other.start], part[first.end : second.start]
            if not set(self._telling(own)) & set(self._telling(theirs)):
                continue
            passive = bool(_PASSIVE.search(text[: other.start])) != bool(_PASSIVE.search(part[: second.start]))
            yield straight != passive


def _labels(given: Given) -> list[str]:
    """The names of a record and of its provider."""
    fields = ("name", "provider") if isinstance(given.record, Listing) else ("name",)
    return [name for field in fields for lang in LANGUAGES if (name := given.record.exactly(field, lang))]


@lru_cache(maxsize=512)
def _numbered(text: str) -> list[tuple[str, frozenset[tuple[Decimal, bool]]]]:
    """The parts of a text that have numbers, with these."""
    parts = [(part, frozenset((one.value, one.percent) for one in numerals(part))) for part in _COUNTING.split(text) if part]
    return [(part, values) for part, values in parts if values]


def _kinds(match: NameMatch) -> set[str]:
    return {key.split("/", 1)[0] for key in match.keys}


def _is_who(key: str) -> bool:
    return key.split("/", 1)[0] in ("organisation", "person")
