"""Names in a sentence that the records it cites do not have: of those the knowledge base knows, and of what has the shape of one.

Known names are met in either script, by alias and in pinyin. Beside them every run of capitalised words, every Chinese name of a
person and everything that ends as a company or an institute does must stand in the records.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

from bot.model.given import Given, spaced
from retrieval.facets import FacetReader
from retrieval.language import HAN, fold
from retrieval.names import NameIndex
from retrieval.rarity import english
from retrieval.segment import stem, stopwords

_WORD = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9]*(?:['’&.+/-][A-Za-zÀ-ɏ0-9]+)*")
_FOREIGN = re.compile(r"[\u4e00-\u9fffA-Z]{1,8}(?:[·•・‧][\u4e00-\u9fffA-Z]{1,10})+")
_PERSON_TAGS = ("nr", "nrt", "nrfg")
_COMMON = 20  # definitions of a dictionary that have a word which may begin a sentence, though it is not in the records
_LONG_NAME = 6  # Chinese characters from which on the name of a listing or event is nobody's ordinary words


@cache
def _words(table: str) -> frozenset[str]:
    """A table of words of naming.yaml."""
    return frozenset(str(word) for word in _tables()[table].split())


@cache
def _tables() -> Mapping[str, str]:
    found: Mapping[str, str] = yaml.safe_load((Path(__file__).parent / "naming.yaml").read_text(encoding="utf-8"))
    return found


def _any(table: str) -> str:
    return "|".join(sorted(_tables()[table].split(), key=len, reverse=True))


def frames() -> frozenset[str]:
    """Words that lead a reader through a reply and say nothing about a record."""
    return _words("frames") | _words("openers") | _words("dates")


@cache
def _body() -> re.Pattern[str]:
    return re.compile(rf"(?P<name>[\u3400-\u9fffA-Za-z0-9·（）()&]{{0,24}}?)(?P<kind>{_any('bodies')})")


@cache
def _boundary() -> re.Pattern[str]:
    return re.compile(rf"(?:{_any('boundaries')})+")


@cache
def _generic() -> re.Pattern[str]:
    return re.compile(rf"(?:[一二三四五六七八九十两几多数\d]*(?:家|所|个|些|类|种|批)?|{_any('generic')})*")


@cache
def _titled() -> Sequence[re.Pattern[str]]:
    """A person's name before a title, and behind one."""
    surname = "".join(_tables()["surnames"].split())
    before = rf"(?P<name>[{surname}][\u4e00-\u9fff]{{0,2}}?)(?:{_any('roles')})"
    behind = rf"(?:{_any('roles')}|主讲|嘉宾|名叫|叫做?|联系)(?:人)?(?:是|为|：|:)?(?P<name>[{surname}][\u4e00-\u9fff]{{1,2}})"
    return re.compile(before), re.compile(behind)


@cache
def _doer() -> re.Pattern[str]:
    surname = "".join(_tables()["surnames"].split())
    return re.compile(rf"(?:^|[由与和及，、：:])(?P<name>[{surname}][\u4e00-\u9fff]{{1,2}})(?={_any('deeds')})")


@dataclass(frozen=True)
class Cited:
    """The records that a sentence cites, taken together. ``words`` are their Latin words in their order, folded."""

    said: str
    keys: frozenset[str]
    places: frozenset[str]
    words: tuple[str, ...]
    pairs: frozenset[tuple[str, str]]
    stems: frozenset[str]

    @classmethod
    def of(cls, given: Sequence[Given]) -> Cited:
        """What these records have."""
        keys: frozenset[str] = frozenset().union(*(each.keys for each in given))
        places: frozenset[str] = frozenset().union(*(each.places for each in given))
        return cls.having("\n".join(each.said for each in given), keys, places)

    @classmethod
    @lru_cache(maxsize=128)  # the sentences of a reply cite the same few records
    def having(cls, text: str, keys: frozenset[str] = frozenset(), places: frozenset[str] = frozenset()) -> Cited:
        """What a folded text has."""
        said = spaced(text)
        words: list[str] = []
        pairs: set[tuple[str, str]] = set()
        for line in said.split("\n"):
            own = [part for word in _WORD.findall(line) for part in _parts(word) if part not in _words("joints")]
            pairs.update(pairwise(own))
            words += own
        return cls(said, keys, places, tuple(words), frozenset(pairs), frozenset(map(stem, words)))


class Naming:
    """Looks for names. ``index`` has those of the knowledge base; it may be made anew, so it is asked for each time."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._facets = FacetReader()

    @property
    def names(self) -> NameIndex:
        """The names that the knowledge base knows now."""
        found: NameIndex = self._index()
        return found

    def strange(self, sentence: str, cited: Cited) -> str | None:
        """The first name of a sentence that the cited records do not have."""
        text = spaced(sentence)
        names = self.names
        checks = (
            self._known(text, names, cited), self._elsewhere(text, cited),
            _capitals(text, cited), _bodies(text, cited), _persons(text, cited),
        )  # fmt: skip
        return next((name for found in checks for name in found), None)

    def heard(self, text: str) -> Cited:
        """What a conversation has: the records it names, the places it speaks of, its words."""
        names = self.names
        keys = frozenset(key for match in names.find(text) for key in match.keys)
        places = frozenset(each.value for each in self._facets.read(text).mentions if each.facet in ("country", "city"))
        return Cited.having(fold(text), keys, places)

    def _known(self, text: str, names: NameIndex, cited: Cited) -> Iterator[str]:
        for match in names.find(text):
            if cited.keys & set(match.keys) or fold(match.text) in cited.said:
                continue
            kinds = {key.split("/", 1)[0] for key in match.keys}
            if kinds & {"person", "organisation"} or _like_a_name(match.text):
                yield match.text

    def _elsewhere(self, text: str, cited: Cited) -> Iterator[str]:
        for mention in self._facets.read(text).mentions:
            if (
                mention.facet in ("country", "city")
                and mention.value not in cited.places
                and fold(mention.words) not in cited.said
            ):
                yield mention.words


def heard_words(text: str) -> Cited:
    """What a text has by its words alone."""
    return Cited.having(fold(text))


def _like_a_name(text: str) -> bool:
    """Whether a listing's or an event's name is one, and not words that anybody may use."""
    if HAN.search(text):
        return len(HAN.findall(text)) >= _LONG_NAME
    words = [word for word in re.findall(r"[^\W_]+", text) if word.lower() not in _words("joints")]
    return bool(words) and all(word[0].isupper() or word[0].isdigit() for word in words)


def _capitals(text: str, cited: Cited) -> Iterator[str]:
    """Capitalised words that are not in the records, or not beside each other there. In Chinese text, any Latin word."""
    chinese = len(HAN.findall(text)) > 6
    before: str | None = None
    matches = list(_WORD.finditer(text))
    for place, match in enumerate(matches):
        word = match[0]
        gap = text[matches[place - 1].end() : match.start()] if place else text[: match.start()]
        first = (not place and not gap.strip(" \t\"'“‘(（[")) or bool(re.search(r"[.!?:;。：；]\s*[\"'“‘(]?$", gap))
        parts = _parts(word)
        ordinary = not any(char.isupper() for char in word)
        follows = matches[place + 1][0] if place + 1 < len(matches) else ""
        opens = first and not chinese and _opens(word, follows, cited)
        if (
            (ordinary and not chinese)
            or opens
            or not parts
            or parts[0] in _words("titles") | _words("dates")
            or all(_is_thing(part) for part in parts)
        ):
            before = None
        elif not all(_has(part, cited) for part in parts):
            # A country is looked after by its place: Japanese is of Japan.
            if not _FACET.read(word).values("country"):
                yield word
            before = None
        else:
            if before and not ordinary and not gap.strip() and not _beside(before, parts[0], cited):
                yield f"{before} {word}"
            # "Japan's Refine Holdings" are two names.
            before = None if ordinary or word.endswith(("'s", "’s")) else parts[-1]


def _is_thing(part: str) -> bool:
    return part in _words("things") or part.rstrip("s") in _words("things")


def _beside(before: str, word: str, cited: Cited) -> bool:
    """Whether two capitalised words that stand in a row do so in the records. What joins names is no part of them."""
    return (before, word) in cited.pairs or word in _words("joints")


def _opens(word: str, follows: str, cited: Cited) -> bool:
    """Whether the first word of a sentence is capitalised because it is the first."""
    plain = word.lower()
    if plain in stopwords("en") or plain in _words("openers") or plain in _words("dates"):
        return True
    if stem(plain) in cited.stems:
        return True
    if word[1:] != word[1:].lower() or english().get(stem(plain), 0) < _COMMON:
        return False
    return follows not in _words("does")


def _has(part: str, cited: Cited) -> bool:
    return stem(part) in cited.stems or part in cited.said


def _parts(word: str) -> list[str]:
    plain = re.sub(r"['’]s$", "", fold(word))
    return [part for part in re.split(r"['’./+-]", plain) if part and not (len(part) == 1 and part.isascii())]


def _bodies(text: str, cited: Cited) -> Iterator[str]:
    for match in _body().finditer(text):
        front = re.split(r"[（）()]", match["name"])[-1]
        front = _boundary().split(front)[-1]
        if _generic().fullmatch(front):
            continue
        # What stands before is cut off at words we know; of a longer name its end tells enough.
        if fold(front[-4:] + match["kind"]) not in cited.said:
            yield front + match["kind"]


def _persons(text: str, cited: Cited) -> Iterator[str]:
    """Names of people in Chinese: before or behind a title, with a dot between their parts, or tagged as names."""
    if not HAN.search(text):
        return
    yield from (match[0] for match in _FOREIGN.finditer(text) if not _is_there(match[0], cited))
    for pattern in _titled():
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 1) : match.start()]
            if len(match["name"]) == 1 and HAN.match(before) and before not in _words("boundaries"):
                continue  # 担任主任
            name = match["name"] if len(match["name"]) > 1 else match[0]
            if not _is_there(name, cited) and _is_person(match[0], match["name"]):
                yield name
    yield from (name for name in (*_tagged_names(text), *_doers(text)) if not _is_there(name, cited))


def _tagged_names(text: str) -> Iterator[str]:
    """What the tagger takes for names; of a surname that stands alone, with the word behind it."""
    tags = [*_tagged(text), ("", "")]
    for (word, tag), (follower, _) in pairwise(tags):
        if tag in _PERSON_TAGS and HAN.match(word):
            if 2 <= len(word) <= 4:
                yield word
            elif len(word) == 1 and word in _tables()["surnames"] and 1 <= len(follower) <= 2 and HAN.match(follower):
                yield word + follower


def _doers(text: str) -> Iterator[str]:
    """A surname and what follows where somebody must stand who does something, unless that is a word."""
    for match in _doer().finditer(text):
        if not _tagger().tokenizer.FREQ.get(match["name"]):
            yield match["name"]


def _is_there(name: str, cited: Cited) -> bool:
    """Whether the records have a name; what was taken for its first character may be the word before it (由, 和)."""
    folded = fold(name)
    return folded in cited.said or (len(folded) > 2 and folded[0] in _words("boundaries") and folded[1:] in cited.said)


def _is_person(text: str, name: str) -> bool:
    """Whether the tagger, too, takes a surname and what follows for a name, or leaves it open (张工程师)."""
    tags = dict(_tagged(text))
    if len(name) == 1 or any(tag in _PERSON_TAGS for tag in tags.values()):
        return True
    return all(name not in word or word == name for word in tags)


_FACET = FacetReader()
_LOCK = Lock()


def warm() -> None:
    """Load what takes a second to load."""
    _tagged("绿色")


def _tagged(text: str) -> list[tuple[str, str]]:
    with _LOCK:
        return [(pair.word, pair.flag) for pair in _tagger().cut(text)]


@cache
def _tagger() -> Any:
    """jieba's tagger of words, with its own dictionary: that of the knowledge base has no tags. Loading takes a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg

        jieba.setLogLevel(logging.WARNING)
        return jieba.posseg.POSTokenizer(jieba.Tokenizer())
