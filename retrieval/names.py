"""Names: people, organisations, events, programmes, products and providers are looked up, not searched for.

A name is found in a question as it is spelt in either language or script, by its aliases, by the pinyin of its Chinese form
("xie hongxing", "chuanglan") and, when nothing else fits, one typing slip away.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from knowledge.records import Event, Listing, Metric, Organisation, Person, Programme, Record
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import load
from retrieval.language import HAN, fold, simplified
from retrieval.segment import stopwords

_UNIT = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
_BRACKETED = re.compile(r"[(（]([^)）]+)[)）]")
_LEGAL = re.compile(
    r"[, ]+(co\.?,? ?ltd\.?|ltd\.?|inc\.?|corp\.?|corporation|gmbh|s\.?a\.?|ag|limited|llc|pvt\.? ?ltd\.?)\.?$", re.I
)
_LEGAL_ZH = re.compile(r"(株式会社|股份有限公司|有限责任公司|有限公司|集团)")
_LONGEST = 80  # units of the longest names: Chinese characters or words
_GUESSABLE = 60  # units of a question in which slips are looked for; in a longer one a name is not all that is said


@dataclass(frozen=True)
class NameMatch:
    """A name met in a question: the words as typed, the records it may mean, and how it was recognised."""

    text: str
    keys: tuple[str, ...]
    how: str  # exact | pinyin | fuzzy
    name: str
    start: int
    end: int


@dataclass
class NameIndex:
    """Normalised spellings and the records they name. ``plain`` holds names and aliases, ``pinyin`` romanised Chinese names."""

    plain: dict[str, list[str]] = field(default_factory=dict)
    pinyin: dict[str, list[str]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def find(self, text: str) -> list[NameMatch]:
        """Every name in the text, longest first where names overlap, in the order of the text."""
        units = list(_units(text))
        matches = [*self._exact(text, units), *self._romanised(text, units)]
        matches.sort(key=lambda match: (match.how != "exact", match.start - match.end))
        taken: list[NameMatch] = []
        for match in matches:
            if all(match.end <= other.start or match.start >= other.end for other in taken):
                taken.append(match)
        return sorted(taken, key=lambda match: match.start)

    def guess(self, text: str) -> list[NameMatch]:
        """Names one slip away from what was typed, for when none is spelt right."""
        units = list(_units(text))
        return list(self._misspelt(text, units)) if len(units) <= _GUESSABLE else []

    def _exact(self, text: str, units: Sequence[_Unit]) -> Iterator[NameMatch]:
        for first in range(len(units)):
            for last in range(min(len(units), first + self._longest(units[first].text)), first, -1):
                spelling = _spell(units[first:last])
                if spelling in self.plain:
                    yield self._match(text, units, first, last, self.plain[spelling], "exact", spelling)
                    break

    def _romanised(self, text: str, units: Sequence[_Unit]) -> Iterator[NameMatch]:
        for first in range(len(units)):
            for last in range(min(len(units), first + 6), first, -1):
                part = units[first:last]
                if any(unit.han or not unit.text.replace("ü", "v").isascii() for unit in part):
                    continue
                spelling = "".join(unit.text for unit in part).replace("ü", "v")
                if len(spelling) >= 5 and spelling in self.pinyin:
                    yield self._match(text, units, first, last, self.pinyin[spelling], "pinyin", spelling)
                    break

    def _misspelt(self, text: str, units: Sequence[_Unit]) -> Iterator[NameMatch]:
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        for size in (4, 3, 2, 1):
            for first in range(len(units) - size + 1):
                part = units[first : first + size]
                spelling = _spell(part)
                han = all(unit.han for unit in part)
                if len(spelling) < (3 if han else 5) or spelling in stopwords("en"):
                    continue
                # People's names of three characters may have one wrong; words of five letters one, of nine two.
                slips = 1 if han or len(spelling) < 9 else 2
                pool = self._people if han and len(spelling) == 3 else self._by_length
                choices = [name for length in range(-slips, slips + 1) for name in pool.get(len(spelling) + length, ())]
                best = process.extractOne(spelling, choices, scorer=DamerauLevenshtein.distance, score_cutoff=slips)
                if best:
                    keys = self.plain.get(best[0]) or self.pinyin[best[0]]
                    yield self._match(text, units, first, first + size, keys, "fuzzy", best[0])
                    return

    def _longest(self, start: str) -> int:
        return self._reach.get(start, 0)

    @cached_property
    def _reach(self) -> dict[str, int]:
        """For each first unit of a name, how many units the longest name that begins so has."""
        reach: dict[str, int] = {}
        for name in self.plain:
            units = list(_units(name))
            if units:
                reach[units[0].text] = max(reach.get(units[0].text, 0), min(len(units), _LONGEST))
        return reach

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        lengths: dict[int, list[str]] = defaultdict(list)
        for name in self.plain:
            lengths[len(name)].append(name)
        return lengths

    @cached_property
    def _people(self) -> dict[int, list[str]]:
        names = [name for name, keys in self.plain.items() if len(name) == 3 and keys[0].startswith("person/")]
        return {3: [name for name in names if HAN.match(name)]}

    def _match(
        self, text: str, units: Sequence[_Unit], first: int, last: int, keys: Sequence[str], how: str, spelling: str
    ) -> NameMatch:
        start, end = units[first].start, units[last - 1].end
        return NameMatch(text[start:end], tuple(keys), how, self.shown.get(spelling, spelling), start, end)

    def as_dict(self) -> dict[str, Any]:
        """The index as plain data, to be stored."""
        return {"plain": self.plain, "pinyin": self.pinyin, "shown": self.shown}


@dataclass(frozen=True)
class _Unit:
    text: str
    start: int
    end: int

    @property
    def han(self) -> bool:
        return bool(HAN.match(self.text))


def _units(text: str) -> Iterator[_Unit]:
    """Characters and words with their places in the text as typed; folded one by one, so that places stay true."""
    folded = "".join(char if len(char) == 1 else original for char, original in ((fold(c), c) for c in _nfkc(text)))
    for match in _UNIT.finditer(folded):
        yield _Unit(match.group(), match.start(), match.end())


def _nfkc(text: str) -> str:
    # Characters that NFKC would make longer stay, so that every position keeps its meaning.
    return "".join(short if len(short := unicodedata.normalize("NFKC", char)) == 1 else char for char in text)


def _spell(units: Sequence[_Unit]) -> str:
    spelling = ""
    for unit in units:
        spelling += unit.text if unit.han or not spelling or HAN.match(spelling[-1]) else f" {unit.text}"
    return spelling


def normalise(name: str) -> str:
    """The spelling under which a name is stored: folded, punctuation gone."""
    return _spell(list(_units(fold(name))))


def build(kb: KnowledgeBase) -> NameIndex:
    """Every name of the knowledge base that a person may use."""
    plain: dict[str, list[str]] = defaultdict(list)
    pinyin: dict[str, list[str]] = defaultdict(list)
    shown: dict[str, str] = {}
    blocked = _common_words()
    for record, names in _named(kb):
        # A name is shown back in simplified characters where it is spelt in both.
        for name in sorted(names, key=lambda name: (simplified(name) != name, name)):
            spelling = normalise(name)
            if len(spelling) < 2 or spelling in blocked:
                continue
            _put(plain, spelling, record.key, shown, name)
            # Listings and metrics are many, and nobody romanises a product's description.
            if isinstance(record, Listing | Metric):
                continue
            for romanised in _pinyin(name, person=isinstance(record, Person), short=isinstance(record, Organisation)):
                if romanised not in blocked:
                    _put(pinyin, romanised, record.key, shown, name)
    for spelling in [spelling for spelling, keys in pinyin.items() if len(keys) > 4]:
        del pinyin[spelling]
    return NameIndex(dict(plain), dict(pinyin), shown)


def _put(index: dict[str, list[str]], spelling: str, key: str, shown: dict[str, str], name: str) -> None:
    if key not in index[spelling]:
        index[spelling].append(key)
    shown.setdefault(spelling, name)


def _named(kb: KnowledgeBase) -> Iterator[tuple[Record, set[str]]]:
    for table in (Person, Organisation, Programme, Event, Listing):
        for record in kb.all(table):
            names = {name for lang in ("en", "zh") if (name := record.exactly("name", lang))}
            names.update(getattr(record, "aliases", ()))
            if isinstance(record, Listing):
                names.update(_providers(record))
            yield record, {variant for name in names for variant in _variants(name)}
    for metric in kb.all(Metric):
        yield metric, {name for lang in ("en", "zh") if (name := metric.exactly("name", lang))}


def _providers(record: Listing) -> Iterator[str]:
    for lang in ("en", "zh"):
        name = record.exactly("provider", lang)
        if name:
            yield from re.split(r" / |、| with ", name)


def _variants(name: str) -> Iterator[str]:
    """The name, without its bracketed part, without its legal form, and a brand's mark removed."""
    plain = re.sub(r"[™®]", "", name).strip()
    yield plain
    inner = _BRACKETED.search(plain)
    outer = _BRACKETED.sub("", plain).strip()
    if inner and outer:
        yield outer
    short = _LEGAL.sub("", outer or plain)
    short = _LEGAL_ZH.sub("", short) if len(_LEGAL_ZH.sub("", short)) >= 2 else short
    if short != plain and len(short) >= (2 if HAN.match(short) else 3):
        yield short


def _pinyin(name: str, *, person: bool, short: bool = False) -> Iterator[str]:
    """The name in pinyin without tones; of a person also given name first, of an organisation also its first syllables."""
    from pypinyin import lazy_pinyin

    folded = fold(name)
    if not folded or not all(HAN.match(char) for char in folded) or len(folded) < 2:
        return
    syllables = lazy_pinyin(folded)  # ü is written v
    yield "".join(syllables)
    if person:
        yield "".join([*syllables[1:], syllables[0]])
    elif short:
        for size in range(2, len(syllables)):
            yield "".join(syllables[:size])


def _common_words() -> frozenset[str]:
    """Spellings that are a place or a plain word first, whoever else is called so."""
    words = load()
    places = {normalise(word) for terms in (words.cities, words.countries) for t in terms.values() for word in t.spellings()}
    general = {
        normalise(w) for ts in (words.kinds, words.sectors, words.roles, words.stages) for t in ts.values() for w in t.spellings()
    }
    romanised = {spelling for place in places for spelling in _pinyin(place, person=False)}
    return frozenset(places | general | romanised | stopwords("en") | stopwords("zh"))


def load_names(data: Mapping[str, Any]) -> NameIndex:
    """A stored index made live again."""
    return NameIndex(**data)


def keys_of_kind(keys: Iterable[str], *kinds: str) -> list[str]:
    """Those keys that are of one of the kinds."""
    return [key for key in keys if key.split("/", 1)[0] in kinds]
