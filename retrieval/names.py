"""Names: people, organisations, events, programmes, products and providers are looked up, not searched for.

A name is found in a question as it is spelt in either language or script, by its aliases, by the pinyin of its Chinese form
("xie hongxing", "chuanglan") and, when nothing else fits, one typing slip away.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from pathlib import Path

from knowledge.records import Event, Listing, Metric, Organisation, Person, Programme, Record
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import load
from retrieval.language import HAN, fold, simplified
from retrieval.name_table import Name, NameTable, Unit, spell, units_of
from retrieval.rarity import is_english
from retrieval.segment import stopwords

_BRACKETED = re.compile(r"[(（]([^)）]+)[)）]")
_LEGAL = re.compile(
    r"[, ]+(co\.?,? ?ltd\.?|ltd\.?|inc\.?|corp\.?|corporation|gmbh|s\.?a\.?|ag|limited|llc|pvt\.? ?ltd\.?)\.?$", re.I
)
_LEGAL_ZH = re.compile(r"(株式会社|股份有限公司|有限责任公司|有限公司|集团)")
_LONGEST = 80  # units of the longest names: Chinese characters or words
_MOST_ROMANISED = 4  # records one romanised spelling may mean
_MANY = 50_000  # spellings above which a slip in a product's name is not looked for
_HEARD = 5  # letters of a name that is compared by its sound
_SOUNDS_ALIKE, _LOOKS_ALIKE = 90, 80  # how like it has to be, of 100: Chinese by its sound, Latin by its letters
_GUESSABLE = 60  # units of a question in which slips are looked for; in a longer one a name is not all that is said

_NAMED = (Person, Organisation, Programme, Event, Listing, Metric)


@dataclass(frozen=True)
class NameMatch:
    """A name met in a question: the words as typed, the records it may mean, and how it was recognised."""

    text: str
    keys: tuple[str, ...]
    how: str  # exact | pinyin | fuzzy
    name: str
    start: int
    end: int


class NameIndex:
    """The names of records, found in what people type."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        self._names = NameTable(names)

    @classmethod
    def open(cls, folder: Path) -> NameIndex:
        """The names in the folder of an index."""
        opened = cls.__new__(cls)
        opened._names = NameTable.open(folder)
        return opened

    def save(self, folder: Path) -> None:
        """Write all names to the folder of an index."""
        self._names.save(folder)

    def keys(self, spelling: str, how: str = "plain") -> tuple[str, ...]:
        """The records a spelling names; none when romanisation makes it mean too many."""
        keys = self._names.keys(spelling, how)
        return keys if how == "plain" or len(keys) <= _MOST_ROMANISED else ()

    def spellings(self) -> list[str]:
        """Every plain spelling."""
        return self._names.spellings()

    def find(self, text: str) -> list[NameMatch]:
        """Every name in the text, longest first where names overlap, in the order of the text."""
        units = list(units_of(text))
        matches = [*self._exact(text, units), *self._romanised(text, units)]
        matches.sort(key=lambda match: (match.how != "exact", match.start - match.end))
        taken: list[NameMatch] = []
        for match in matches:
            if all(match.end <= other.start or match.start >= other.end for other in taken):
                taken.append(match)
        return sorted(taken, key=lambda match: match.start)

    def guess(self, text: str) -> list[NameMatch]:
        """Names one slip away from what was typed, for when none is spelt right."""
        units = list(units_of(text))
        return list(self._misspelt(text, units)) if len(units) <= _GUESSABLE else []

    def near(self, name: str) -> list[str]:
        """The keys of people, bodies, programmes and events whose names are like this one, the likest first.

        Sounds count as well as letters: a Chinese name written with other characters of the same sound. None of them is sure.
        """
        from rapidfuzz import fuzz, process

        units = list(units_of(name))
        han = [unit.han for unit in units]
        if not units or any(han) != all(han):
            return []
        text = "".join(unit.text for unit in units)
        sound = "".join(_syllables(text)) if all(han) else text
        if len(sound) < _HEARD or (len(units) == 1 and is_english(sound)):
            return []
        cutoff = _SOUNDS_ALIKE if all(han) else _LOOKS_ALIKE
        found: dict[str, float] = {}
        for heard, score, _ in process.extract(sound, self._sounds, scorer=fuzz.ratio, score_cutoff=cutoff, limit=8):
            for key in self._sounds_of[heard]:
                found[key] = max(found.get(key, 0.0), score)
        return sorted(found, key=lambda key: (-found[key], key))

    @cached_property
    def _sounds_of(self) -> dict[str, list[str]]:
        """The names of all but products and figures as they sound, without blanks."""
        sounds: dict[str, list[str]] = defaultdict(list)
        for spelling, key in self._names.but("listing", "metric"):
            if spelling.isascii() and len(plain := spelling.replace(" ", "")) >= _HEARD and key not in sounds[plain]:
                sounds[plain].append(key)
        return sounds

    @cached_property
    def _sounds(self) -> list[str]:
        return [sound for sound, keys in self._sounds_of.items() if len(keys) <= _MOST_ROMANISED]

    def _exact(self, text: str, units: Sequence[Unit]) -> Iterator[NameMatch]:
        for first, unit in enumerate(units):
            reach = self._longest(unit.text)
            ends = {spell(units[first:last]): last for last in range(first + 1, min(len(units), first + reach) + 1)}
            spelling = self._names.longest(list(ends)) if ends else None
            if spelling:
                yield self._match(text, units, first, ends[spelling], self.keys(spelling), "exact", spelling)

    def _romanised(self, text: str, units: Sequence[Unit]) -> Iterator[NameMatch]:
        for first in range(len(units)):
            letters = list(takewhile(lambda part: part.isascii(), (u.text.replace("ü", "v") for u in units[first : first + 6])))
            for last in range(first + len(letters), first, -1):
                spelling = "".join(letters[: last - first])
                if len(spelling) >= 5 and (keys := self.keys(spelling, "pinyin")):
                    yield self._match(text, units, first, last, keys, "pinyin", spelling)
                    break

    def _misspelt(self, text: str, units: Sequence[Unit]) -> Iterator[NameMatch]:
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        for size in (4, 3, 2, 1):
            for first in range(len(units) - size + 1):
                part = units[first : first + size]
                spelling = spell(part)
                han = all(unit.han for unit in part)
                if len(spelling) < (3 if han else 5) or spelling in stopwords("en"):
                    continue
                # People's names of three characters may have one wrong; words of five letters one, of nine two.
                slips = 1 if han or len(spelling) < 9 else 2
                pool = self._people if han and len(spelling) == 3 else self._by_length
                choices = [name for length in range(-slips, slips + 1) for name in pool.get(len(spelling) + length, ())]
                best = process.extractOne(spelling, choices, scorer=DamerauLevenshtein.distance, score_cutoff=slips)
                if best:
                    yield self._match(text, units, first, first + size, self.keys(best[0]), "fuzzy", best[0])
                    return

    @lru_cache(maxsize=10_000)  # noqa: B019 - an index of names lives as long as what asks it
    def _longest(self, start: str) -> int:
        """Of the names that begin with this unit, how many units the longest has."""
        return min(self._names.reach(start), _LONGEST)

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        """The spellings among which a mistyped one is looked for, by length. Where there are very many, products are left out."""
        lengths: dict[int, list[str]] = defaultdict(list)
        for spelling in self.spellings() if self._names.fewer(_MANY) else self._names.spellings(but="listing"):
            lengths[len(spelling)].append(spelling)
        return lengths

    @cached_property
    def _people(self) -> dict[int, list[str]]:
        return {3: [spelling for spelling in self._names.spellings(of="person") if len(spelling) == 3 and HAN.match(spelling)]}

    def _match(
        self, text: str, units: Sequence[Unit], first: int, last: int, keys: Sequence[str], how: str, spelling: str
    ) -> NameMatch:
        start, end = units[first].start, units[last - 1].end
        return NameMatch(text[start:end], tuple(keys), how, self._names.shown(spelling) or spelling, start, end)


def normalise(name: str) -> str:
    """The spelling under which a name is stored: folded, punctuation gone."""
    return spell(list(units_of(fold(name))))


def build(kb: KnowledgeBase) -> NameIndex:
    """Every name of the knowledge base that a person may use."""
    return NameIndex(name for table in _NAMED for record in kb.each(table) for name in of(record))


def of(record: Record) -> Iterator[Name]:
    """The names of one record."""
    # Listings and metrics are many, and nobody romanises a product's description.
    plain = isinstance(record, Listing | Metric)
    blocked = _common_words() if plain else _common_words() | _common_sounds()
    names = {variant for name in _given(record) for variant in _variants(name)}
    # A name is shown back in simplified characters where it is spelt in both.
    for name in sorted(names, key=lambda name: (simplified(name) != name, name)):
        spelling = normalise(name)
        if len(spelling) < 2 or spelling in blocked:
            continue
        yield Name(spelling, record.key, "plain", name)
        if plain:
            continue
        for romanised in _pinyin(name, person=isinstance(record, Person), short=isinstance(record, Organisation)):
            if romanised not in blocked:
                yield Name(romanised, record.key, "pinyin", name)


def _given(record: Record) -> set[str]:
    if not isinstance(record, _NAMED):
        return set()
    names = {name for lang in ("en", "zh") if (name := record.exactly("name", lang))}
    if not isinstance(record, Metric):
        names.update(getattr(record, "aliases", ()))
    if isinstance(record, Listing):
        names.update(_providers(record))
    return names


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
    folded = fold(name)
    if not folded or not all(HAN.match(char) for char in folded) or len(folded) < 2:
        return
    syllables = _syllables(folded)
    yield "".join(syllables)
    if person:
        yield "".join([*syllables[1:], syllables[0]])
    elif short:
        for size in range(2, len(syllables)):
            yield "".join(syllables[:size])


def _syllables(text: str) -> list[str]:
    from pypinyin import lazy_pinyin

    return list(lazy_pinyin(text))  # ü is written v


def romanised(name: str) -> str:
    """A Chinese name in pinyin without tones or blanks; empty for any other."""
    return next(_pinyin(name, person=False), "")


@cache
def _common_words() -> frozenset[str]:
    """Spellings that are a place or a plain word first, whoever else is called so."""
    words = load()
    general = {
        normalise(w) for ts in (words.kinds, words.sectors, words.roles, words.stages) for t in ts.values() for w in t.spellings()
    }
    return frozenset(_places() | general | stopwords("en") | stopwords("zh"))


@cache
def _common_sounds() -> frozenset[str]:
    """Places in pinyin."""
    return frozenset(sound for place in _places() for sound in _pinyin(place, person=False))


@cache
def _places() -> frozenset[str]:
    terms = (term for terms in (load().cities, load().countries) for term in terms.values())
    return frozenset(normalise(word) for term in terms for word in term.spellings())


def keys_of_kind(keys: Iterable[str], *kinds: str) -> list[str]:
    """Those keys that are of one of the kinds."""
    return [key for key in keys if key.split("/", 1)[0] in kinds]
