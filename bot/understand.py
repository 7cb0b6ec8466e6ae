"""Understanding: the language, the names, the facets and what a question is after – before anything is searched."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from bot.speech import cues
from bot.values import Question
from retrieval.facets import FacetReader, Facets
from retrieval.language import HAN, base, clean, detect, fold, parse
from retrieval.names import NameMatch
from retrieval.rarity import is_english
from retrieval.retriever import HybridRetriever
from retrieval.segment import stem, stopwords

Words = tuple[str, ...]
TALK = ("greeting", "thanks", "goodbye", "capability")
ASPECTS = (
    "contact", "when", "where", "who", "organiser", "attendance", "how_many", "rank", "share", "trend", "conflict", "latest",
    "cost", "join", "eligibility", "results", "agenda", "said", "website", "what", "list", "held",
)  # fmt: skip
FIGURE_ASPECTS = frozenset({"how_many", "rank", "share", "trend", "conflict", "attendance"})
EVERYTHING = frozenset(
    [
        "green",
        "technology",
        "technologies",
        "tech",
        "sustainable",
        "clean",
        "environmental",
        "绿色",
        "技术",
        "科技",
        "绿色技术",
        "绿色科技",
        "环保",
        "可持续",
    ]
)
# Phrases of these aspects are part of what is asked about, not mere wrapping, so they stay in the content.
_KEPT = frozenset({"results", "conflict"})
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])", re.ASCII)
_PUNCTUATION = re.compile(r"^[\W_]+|[\W_]+$")
_LATIN = re.compile(r"[A-Za-z]{5,}")
_PLACED = re.compile(r"\b(?:in|from) ([A-Z][a-z]{4,})\b")
# Words that are written apart by some and together by the field.
_OPEN = re.compile(r"\b(waste|storm|rain|ground|sea|bio|photo)[ -](water|gas|mass|fuels?|char|voltaics?)\b", re.I)
_SIGN = re.compile(r"[、，,。；;：:？?！!]")  # no name goes on behind one
NARROWING = ("country", "city", "stage")  # facets that leave only the listings which have them
# What leads to a place that was taken out: "batteries from   ", "来自   的电池".
_LEADING_TO = re.compile(r"(?:\b(?:from|in|of|at|near|within|across)|来自|位于|在)\s{2,}(?:的)?|^\s{2,}的|\b(?:from|in|at)\s*$")
# Somebody speaks of their own place and trouble: "we are near Harare". A place that things are to come from is another matter.
_OURS = re.compile(r"\b(?:we|i|our|my|us)\b|我|咱|敝", re.I)
_LOCATED = re.compile(r"(?:\b(?:in|near|at|on|across|around|outside|for)\s+(?:the\s+)?|在|给|于|到|[，,。！？、]\s*|^\s*|我们?)$")
_MADE_IN = re.compile(r"\b(?:made|built|produced|manufactured|developed|based)\s+in\s+(?:the\s+)?$")
_ORIGIN = re.compile(r"^的?(?:公司|企业|厂|技术|产品|机构|品牌|方案|专家|设备|供应商|制|产)")
_ANY_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Understanding:
    """What a question says before anything is looked up. ``content`` are the words left when names, facets, phrases that say

    what is asked and mere framing are taken away: what has to be searched for. ``skip`` finds have been shown before.
    """

    text: str
    lang: str
    facets: Facets
    names: tuple[NameMatch, ...] = ()
    aspects: frozenset[str] = frozenset()
    talk: str | None = None
    content: tuple[str, ...] = ()
    mended: tuple[tuple[str, str], ...] = ()
    singles: tuple[str, ...] = ()
    skip: int = 0

    @property
    def base(self) -> str:
        """The language of records to answer from: en or zh."""
        return base(self.lang)

    def named(self, *kinds: str) -> list[str]:
        """The keys of records of these kinds that the question names, in its order."""
        keys = [key for match in self.names for key in match.keys]
        return list(dict.fromkeys(key for key in keys if key.split("/", 1)[0] in kinds))

    @property
    def topic(self) -> tuple[str, ...]:
        """The content without the words that are true of everything here: green, technology, sustainable."""
        return tuple(word for word in self.content if word not in EVERYTHING)

    @property
    def unplaced(self) -> str:
        """The text without places and stages, which narrow: their words would pull towards records that merely name the place."""
        if not self.facets.places and not self.facets.values("stage"):
            return self.text
        left = _LEADING_TO.sub(" ", self.facets.without(*NARROWING))
        return " ".join(left.split()) or self.text

    @property
    def ours(self) -> bool:
        """Whether somebody speaks of themselves: of what they have, need or do."""
        return bool(_OURS.search(self.text))

    @property
    def here(self) -> bool:
        """Whether the places are where somebody is who asks, and not where something is to come from."""
        text = self.facets.folded
        places = [mention for mention in self.facets.mentions if mention.facet in ("country", "city")]
        return self.ours and all(_stands_where(text[: m.start], text[m.end :]) for m in places)

    @property
    def wants_figures(self) -> bool:
        """Whether a number is asked for."""
        return bool(self.aspects & FIGURE_ASPECTS)


class Understander:
    """Reads questions with the index's names and the vocabularies' words."""

    def __init__(self, retriever: HybridRetriever) -> None:
        self._retriever = retriever
        self._facets = FacetReader()

    def read(self, question: Question, *, mend: bool = True) -> Understanding:
        """Everything a question says about itself; without ``mend`` no slip in it is taken for another word."""
        # Half-width first, so that places in the folded text are places in this one.
        text = clean(unicodedata.normalize("NFKC", question.text))
        if _ANY_WORD.search(rest := clean(_ADDRESS.sub(" ", text))):
            text = rest  # where somebody can be reached is nothing to look for
        lang = parse(question.lang) or detect(text)
        if not _ANY_WORD.search(text):
            return Understanding(text, lang, Facets(), talk="empty")
        talk = _talk(text)
        if talk:
            return Understanding(text, lang, Facets(), talk=talk)
        text = _OPEN.sub(r"\1\2", text)
        found = self._names(text)
        text, mended = self._mend(text, found) if mend else (text, ())
        names = [name for name in (self._names(text) if mended else found) if not self._plain_word(name, text)]
        facets = _outside_names(self._facets.read(text), names)
        aspects = _aspects(text)
        content, singles = self._content(text, names, facets, aspects)
        guessed = self._guess(text, names, content) if mend else None
        if guessed:
            names = [*(name for name in names if _apart(name, guessed)), guessed]
            mended = (*mended, (guessed.text, guessed.name))
            content, singles = self._content(text, names, facets, aspects)
        return Understanding(text, lang, facets, tuple(names), aspects, None, content, mended, singles, question.skip)

    def _mend(self, text: str, names: Sequence[NameMatch]) -> tuple[str, tuple[tuple[str, str], ...]]:
        # A word that is spelt right is no slip, though nothing here has it: "windows" is not "winds". Nor is what is
        # said of a place: "in Paris" is not "in parties".
        placed = set(_PLACED.findall(text))
        right = [word for word in _LATIN.findall(text) if is_english(word.lower()) or word in placed]
        mended = self._retriever.mend(text, skip=[*(name.text for name in names), *right])
        before, after = text.split(), mended.split()
        return mended, tuple((_bare(one), _bare(other)) for one, other in zip(before, after, strict=True) if one != other)

    def _names(self, text: str) -> list[NameMatch]:
        return self._retriever.index.names.find(text)

    def _plain_word(self, name: NameMatch, text: str) -> bool:
        """Whether a product's name is an everyday word that was typed as one: "plant", not "Plant"."""
        only_products = all(key.startswith("listing/") for key in name.keys)
        everyday = name.text.islower() and stem(name.text) in self._retriever.index.lexicon.english
        return only_products and everyday and len(text) > len(name.text) + 2

    def _guess(self, text: str, names: Sequence[NameMatch], content: Sequence[str]) -> NameMatch | None:
        """A misspelt name, when the words it would explain are otherwise unexplained."""
        for guess in self._retriever.index.names.guess(text):
            longer = all(_apart(name, guess) or guess.end - guess.start > name.end - name.start + 3 for name in names)
            if (
                guess.keys
                and longer
                and not _SIGN.search(guess.text)
                and not all(self._retriever.knows(word) for word in _words(guess.text))
            ):
                return guess
        return None

    def _content(self, text: str, names: Sequence[NameMatch], facets: Facets, aspects: frozenset[str]) -> tuple[Words, Words]:
        """The content words, and the words of one Chinese character."""
        left = text
        for name in names:
            left = left[: name.start] + " " * (name.end - name.start) + left[name.end :]
        blanked = facets.without("country", "city", "kind", "role", "year", "stage")
        left = fold(left)
        if len(blanked) == len(left):
            left = "".join(a if b != " " else " " for a, b in zip(left, blanked, strict=True))
        for lang in ("en", "zh"):
            phrases = cues(lang)
            for aspect in aspects - _KEPT:
                left = phrases[aspect].sub(" ", left)
        left = cues("en")["frame"].sub(" ", left)
        # In Chinese the frame is told from whole words: 能 is a frame, and part of 储能.
        words = self._retriever.index.segmenter.words(left)
        framed = _chinese_frame()
        telling = list(dict.fromkeys(word for word in words if not framed.fullmatch(word) and _says_something(word)))
        singles = tuple(word for word in telling if len(word) == 1 and HAN.match(word))
        return tuple(word for word in telling if len(word) > 1), singles


def _stands_where(before: str, behind: str) -> bool:
    """Whether a place between these words is where something is, and not where it comes from."""
    return bool(_LOCATED.search(before)) and not (_MADE_IN.search(before) or _ORIGIN.match(behind))


def _outside_names(facets: Facets, names: Sequence[NameMatch]) -> Facets:
    """The facets without those whose words are part of a longer name."""
    inside = [
        mention
        for mention in facets.mentions
        if any(name.start <= mention.start and mention.end <= name.end and len(mention.words) < len(name.text) for name in names)
    ]
    return replace(facets, mentions=tuple(mention for mention in facets.mentions if mention not in inside))


def _bare(word: str) -> str:
    return _PUNCTUATION.sub("", word)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+", fold(text)) if word]


def _says_something(word: str) -> bool:
    return not (word in stopwords("en") or word in stopwords("zh") or word.isdigit())


@cache
def _chinese_frame() -> re.Pattern[str]:
    return re.compile(f"(?:{cues('zh')['frame'].pattern})+")


def _apart(one: NameMatch, other: NameMatch) -> bool:
    return one.end <= other.start or one.start >= other.end


def _talk(text: str) -> str | None:
    plain = _PUNCTUATION.sub("", fold(text)).strip()
    plain = re.sub(r"[,，.。!！~～]+", " ", plain) if not HAN.search(plain) else re.sub(r"[,，.。!！~～\s]+", "", plain)
    for talk in TALK:
        if any(cues(lang)[talk].search(plain) for lang in ("en", "zh")):
            return talk
    return None


def _aspects(text: str) -> frozenset[str]:
    folded = fold(text)
    found = {aspect for aspect in ASPECTS if any(cues(lang)[aspect].search(folded) for lang in ("en", "zh"))}
    # "how many people came" asks for the attendance and for no other number.
    return frozenset(found - {"how_many"} if "attendance" in found else found)
