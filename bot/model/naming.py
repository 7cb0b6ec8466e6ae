"""Names in a sentence that the records it cites do not have: of those the knowledge base knows, and of what has the shape of one.

Known names are met in either script, by alias and in pinyin. Beside them every run of capitalised words, every Chinese name of a
person and everything that ends as a company or an institute does must stand in the records.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from bot.model.given import Given, spaced
from retrieval.facets import FacetReader
from retrieval.language import HAN, fold
from retrieval.names import NameIndex
from retrieval.rarity import is_english
from retrieval.segment import stem, stopwords

_WORD = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9]*(?:['’&.+/-][A-Za-zÀ-ɏ0-9]+)*")
_JOINTS = frozenset({"of", "and", "for", "the", "de", "von", "van", "der", "&", "in", "at", "to", "on", "by", "with"})
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "professor", "sir", "madam"})
_DATES = frozenset(
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
)
# Abbreviations that name a thing and nobody.
_THINGS = frozenset(
    ["ai", "ip", "iot", "ict", "led", "leds", "voc", "vocs", "uv", "pv", "ev", "evs", "sme", "smes", "trl", "co2", "ph", "usd", "eur", "rmb", "cny", "gbp", "hkd", "kw", "kwh", "mw", "mwh", "gw", "gwh", "m2", "m3", "kg", "km", "ppm", "id", "it", "r&d", "hvac", "ro", "mbr", "gps", "cod", "bod", "tds", "ghg", "esg", "api", "lng", "lpg", "cng", "dna", "rna", "pcr", "3d", "2d", "i", "a", "an"]
)
_OPENERS = frozenset(
    ["additionally", "also", "altogether", "among", "another", "based", "because", "both", "besides", "beyond", "cost", "costs", "depending", "despite", "details", "each", "either", "else", "every", "finally", "first", "further", "furthermore", "given", "here", "however", "instead", "its", "likewise", "listed", "listing", "listings", "looking", "many", "meanwhile", "moreover", "most", "nearby", "next", "nine", "no", "none", "not", "notably", "on", "once", "one", "ones", "only", "options", "other", "others", "overall", "per", "please", "pricing", "providers", "records", "relevant", "second", "separately", "several", "similarly", "since", "single", "six", "so", "some", "suitable", "technologies", "technology", "ten", "thanks", "that", "their", "then", "there", "these", "they", "third", "this", "those", "three", "through", "together", "two", "under", "unlike", "until", "using", "various", "when", "where", "which", "while", "with", "within", "yes", "you", "your", "available", "applications", "it", "solution", "solutions", "systems", "system"]
)
# What only people and bodies do: a bare noun before it is one.
_DOES = frozenset(
    ["offers", "offered", "sells", "sold", "supplies", "supplied", "says", "said", "develops", "developed", "hosts", "hosted", "organises", "organised", "organizes", "organized", "announced", "launches", "launched", "manufactures", "manufactured", "owns", "owned", "invented", "founded", "runs", "employs", "hired", "acquired", "recommends", "spoke", "joined"]
)
_BODIES = (
    "有限责任公司|股份有限公司|有限公司|公司|集团|大学|学院|研究院|研究所|研究中心|实验室|设计院|科学院|协会|学会|商会|联盟|基金会|委员会|事务所"
    "|银行|医院|株式会社|出版社|办事处|代表处|管理局|生态环境局|知识产权局|专利局|孵化器|创新中心|技术中心|促进中心|服务中心|交易所|产业园|工作室"
)
_BODY = re.compile(rf"(?P<name>[\u3400-\u9fffA-Za-z0-9·（）()&]{{0,24}}?)(?P<kind>{_BODIES})")
_BOUNDARY = re.compile(
    r"(?:由|是|和|与|及|以及|或|在|从|向|对|为|的|了|于|到|至|被|让|给|把|将|据|跟|同|有|找|请|来自|位于|属于|包括|联系|提供|合作|通过|依托|隶属|名为|叫"
    r"|其中|例如|比如|如|并|也|还|即|等|该|本|此|各|每|某|贵|这|那|其|一)+"
)
_GENERIC = re.compile(
    r"^(?:[一二三四五六七八九十两几多数\d]*(?:家|所|个|些|类|种|批)?|有关|相关|当地|本地|外国|国外|国内|国际|大型|小型|中小型?|大中型?|上市|民营|国有|环保|科技|技术|能源"
    r"|新能源|清洁技术|初创|跨国|母|子|分|总|供应|生产|制造|工程|水务|电力|化工|建筑|科研|综合|专业|重点|商业|投资|数据|行业|企业|私营|私人|食品|农业|制药|印染|电池)*$"
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤解"
)
_TITLE = (
    "先生|女士|小姐|博士|教授|主任|院长|总经理|副总经理|董事长|主席|秘书长|总监|工程师|院士|部长|局长|所长|司长|处长|总裁|研究员|律师|首席执行官|创始人|联合创始人|负责人"
    "|联系人|经理|主管|会长|理事长|馆长|校长|总干事|副总干事|代表|主讲人|发言人|专家|顾问|CEO|CTO"
)
_TITLED = re.compile(rf"(?P<name>[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?)(?:{_TITLE})")
_AFTER_TITLE = re.compile(rf"(?:{_TITLE}|主讲|嘉宾|名叫|叫做?|联系)(?:人)?(?:是|为|：|:)?(?P<name>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff]{{0,1}}(?:性|化|度|量|式))")
_FOREIGN = re.compile(r"[\u4e00-\u9fffA-Z]{1,8}(?:[·•・‧][\u4e00-\u9fffA-Z]{1,10})+")
_PERSON_TAGS = ("nr", "nrt", "nrfg")


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
    def having(cls, text: str, keys: frozenset[str] = frozenset(), places: frozenset[str] = frozenset()) -> Cited:
        """What a folded text has."""
        said = spaced(text)
        words: list[str] = []
        pairs: set[tuple[str, str]] = set()
        for line in said.split("\n"):
            own = [part for word in _WORD.findall(line) for part in _parts(word) if part not in _JOINTS]
            pairs.update(zip(own, own[1:], strict=False))
            words += own
        return cls(said, keys, places, tuple(words), frozenset(pairs), frozenset(map(stem, words)))


class Naming:
    """Looks for names. ``index`` has those of the knowledge base; it may be made anew, so it is asked for each time."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._facets = FacetReader()

    def strange(self, sentence: str, cited: Cited) -> str | None:
        """The first name of a sentence that the cited records do not have."""
        text = spaced(sentence)
        names: NameIndex = self._index()
        checks = (
            self._known(text, names, cited), self._elsewhere(text, cited), _capitals(text, cited), _bodies(text, cited), _persons(text, cited),
        )  # fmt: skip
        return next((name for found in checks for name in found), None)

    def heard(self, text: str) -> Cited:
        """What a conversation has: the records it names, the places it speaks of, its words."""
        names: NameIndex = self._index()
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
            if mention.facet in ("country", "city") and mention.value not in cited.places and fold(mention.words) not in cited.said:
                yield mention.words


def heard_words(text: str) -> Cited:
    """What a text has by its words alone."""
    return Cited.having(fold(text))


def _like_a_name(text: str) -> bool:
    """Whether a listing's or an event's name is one, and not words that anybody may use."""
    if HAN.search(text):
        return len(HAN.findall(text)) >= 6
    words = [word for word in re.findall(r"[^\W_]+", text) if word.lower() not in _JOINTS]
    return bool(words) and all(word[0].isupper() or word[0].isdigit() for word in words)


def _capitals(text: str, cited: Cited) -> Iterator[str]:
    """Capitalised words that are not in the records, or not beside each other there. In Chinese text, any Latin word."""
    chinese = len(HAN.findall(text)) > 6
    before: str | None = None
    for place, match in enumerate(matches := list(_WORD.finditer(text))):
        word = match[0]
        gap = text[matches[place - 1].end() : match.start()] if place else text[: match.start()]
        first = (not place and not gap.strip(" \t\"'“‘(（[")) or bool(re.search(r"[.!?:;。：；]\s*[\"'“‘(]?$", gap))
        parts = _parts(word)
        ordinary = not (word[0].isupper() or any(char.isupper() for char in word[1:]))
        if (ordinary and not chinese) or not parts:
            # "Institute of Green Growth": what joins a name stands between its words.
            before = before if word in _JOINTS and not re.search(r"[^\s]", gap.strip()) else None
            continue
        if first and not chinese and _opens(word, matches[place + 1][0] if place + 1 < len(matches) else "", cited):
            before = None
            continue
        if parts[0] in _TITLES or parts[0] in _DATES or all(part in _THINGS or part.rstrip("s") in _THINGS for part in parts):
            before = None
            continue
        if not all(_has(part, cited) for part in parts):
            if not _FACET.read(word).values("country"):
                yield word
            before = None
            continue
        joined = before is not None and not re.search(r"[^\s]", gap.replace("’s", "").replace("'s", ""))
        if joined and before is not None and not ordinary and parts[0] not in _JOINTS and (before, parts[0]) not in cited.pairs and not _apart(before, parts[0]):
            yield f"{before} {word}"
        before = parts[-1] if not ordinary else None


def _apart(before: str, word: str) -> bool:
    """Whether two capitalised words in a row may be from two places: an abbreviation and what it is of."""
    return before in _THINGS or word in _THINGS


def _opens(word: str, follows: str, cited: Cited) -> bool:
    """Whether the first word of a sentence is capitalised because it is the first."""
    plain = word.lower()
    if plain in stopwords("en") or plain in _OPENERS or plain in _DATES:
        return True
    if word[1:] != word[1:].lower() or not is_english(plain):
        return False
    return stem(plain) in cited.stems or follows not in _DOES


def _has(part: str, cited: Cited) -> bool:
    return stem(part) in cited.stems or part in cited.said


def _parts(word: str) -> list[str]:
    plain = re.sub(r"['’]s$", "", fold(word))
    return [part for part in re.split(r"['’./+-]", plain) if part and not (len(part) == 1 and part.isascii())]


def _bodies(text: str, cited: Cited) -> Iterator[str]:
    for match in _BODY.finditer(text):
        front = re.split(r"[（）()]", match["name"])[-1]
        front = _BOUNDARY.split(front)[-1]
        if _GENERIC.match(front):
            continue
        # What stands before is cut off at words we know; of a longer name its end tells enough.
        if fold(front[-4:] + match["kind"]) not in cited.said:
            yield front + match["kind"]


def _persons(text: str, cited: Cited) -> Iterator[str]:
    if not HAN.search(text):
        return
    for pattern in (_FOREIGN, _TITLED, _AFTER_TITLE):
        for match in pattern.finditer(text):
            name = match["name"] if pattern is not _FOREIGN else match[0]
            known = any(fold(name[start:]) in cited.said for start in range(min(3, len(name) - 1))) if len(name) > 1 else fold(match[0]) in cited.said
            if not known and (pattern is _FOREIGN or _is_person(match[0], name)):
                yield name
    for word, tag in _tagged(text):
        if tag in _PERSON_TAGS and 2 <= len(word) <= 4 and HAN.match(word) and not any(fold(word[start:]) in cited.said for start in range(len(word) - 1)):
            yield word


def _is_person(text: str, name: str) -> bool:
    """Whether the tagger, too, takes a surname and what follows for a name, or leaves it open (张工程师)."""
    tags = dict(_tagged(text))
    return len(name) == 1 or any(tag in _PERSON_TAGS for tag in tags.values()) or all(name not in word or word == name for word in tags)


_FACET = FacetReader()
_LOCK = Lock()


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
