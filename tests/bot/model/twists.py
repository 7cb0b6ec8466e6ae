"""Twists: sentences made of their record's own words that say something else. No number, name or claim in them is new.

A negation is put in or taken out, an absolute is added, a direction is turned round, figures and names change places, and of two
records that are cited one has what belongs to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

from lies import Lie

from bot.model.given import Given, unreached
from bot.model.sentences import split
from knowledge.records import Listing
from knowledge.vocabulary import load
from retrieval.language import fold
from retrieval.names import NameIndex

NEGATED = {
    "en": [
        (r"\b(is|are|was|were|can|has been|will)\b(?! not)", r"\1 not"), (r"\buses\b", "does not use"),
        (r"\breduces\b", "does not reduce"), (r"\bprovides\b", "does not provide"), (r"\bproduces\b", "does not produce"),
        (r"\brequires\b", "does not require"),
    ],
    "zh": [
        (r"(?<![不未无])可(?=[以用将在通])", "不可"), (r"(?<![不未无])使用(?!寿命|者)", "不使用"),
        (r"(?<![不])适用于", "不适用于"),
        (r"(?<![不])用于", "不用于"), (r"(?<![不])提供(?!方)", "不提供"), (r"(?<![不])采用", "不采用"),
    ],
}  # fmt: skip
AFFIRMED = {
    "en": [
        (r"\bwithout (?:the need for |using |any )?(?!limit)", "with "), (r"\bno (?=[a-z]+)(?!longer|more|less)", ""),
        (r"\b(do|does|did|is|are|was|were|can|could|has|have)(?: not|n't)\b", r"\1"), (r"\bcannot\b", "can"),
    ],
    "zh": [
        (r"无需|不需要?|无须", "需要"), (r"不(?=产生|使用|含|用|会|受|影响|依赖)", ""), (r"没有(?=[\u4e00-\u9fff])", "有"),
    ],
}  # fmt: skip
ABSOLUTE = {
    "en": [
        (r"\b(uses|for|with|from|in)\b", r"only \1"), (r"\b(is|are|can)\b", r"\1 always"),
        (r"\b(reduces|removes)\b", r"completely \1"),
        (r"\b(is|are|was) ", r"\1 entirely "),
    ],
    "zh": [
        (r"(?<![只仅])用于", "只用于"), (r"(?<![只仅])采用", "只采用"), (r"可(?=[以用将在通])", "总是可"),
        (r"降低|减少", "完全消除"),
        (r"(?<![只仅])适用于", "仅适用于"),
    ],
}  # fmt: skip
TURNED = {
    "en": [
        ("reduces", "increases"), ("reduce", "increase"), ("reducing", "increasing"), ("lower", "higher"),
        ("increases", "reduces"), ("increase", "reduce"), ("improves", "worsens"),
        ("before", "after"), ("high", "low"), ("less", "more"),
    ],
    "zh": [
        ("降低", "提高"), ("减少", "增加"), ("提高", "降低"), ("提升", "降低"), ("增加", "减少"), ("高温", "低温"),
        ("低温", "高温"), ("较低", "较高"), ("节省", "多耗"), ("以前", "以后"),
    ],
}  # fmt: skip
CROSSED = {
    "provider": {"en": "{a} is provided by {x} [{m}][{n}].", "zh": "{a}由{x}提供[{m}][{n}]。"},
    "place": {"en": "{a} comes from {x} [{m}][{n}].", "zh": "{a}来自{x}[{m}][{n}]。"},
}
STAGED = {
    "commercial": {"en": "{a} is still a prototype in the lab [{n}].", "zh": "{a}仍处于实验室样机阶段[{n}]。"},
    "prototype": {"en": "{a} is already commercially available at large scale [{n}].", "zh": "{a}已大规模商业化[{n}]。"},
}
_FIGURE = re.compile(
    r"(?P<year>(?:19|20)\d\d(?=\D|$))|(?P<percent>\d+(?:\.\d+)?\s?%)"
    r"|(?P<other>(?<![\d.,])\d[\d,]*(?:\.\d+)?(?![\d.,]*\d|\s?%|[a-z]))",
    re.IGNORECASE,
)


def twists(given: Sequence[Given], lang: str, names: NameIndex) -> Iterator[Lie]:
    """The twists of these records, in a language."""
    for each in given:
        for sentence in sentences_of(each, lang):
            yield from _worded(each, sentence, lang)
            yield from _figures(each, sentence, lang)
            yield from _roles(each, sentence, lang, names)
        yield from _staged(each, lang)
    for one, other in permutations(given, 2):
        yield from _crossed(one, other, lang)


def sentences_of(given: Given, lang: str) -> list[str]:
    """What a record says in whole sentences of a language."""
    fields = ("summary", "note", "ip", "answer", "how_to_join", "cost", "eligibility")
    texts = [given.record.exactly(name, lang) for name in fields if hasattr(given.record, f"{name}_{lang}")]
    found = [sentence for text in texts if text for sentence in split(text)]
    return [one for one in found if one == unreached(one) and 15 <= len(one) <= 300]


def cited(sentence: str, lang: str, *numbers: int) -> str:
    """The sentence with citations."""
    marks = "".join(f"[{number}]" for number in numbers)
    return sentence.rstrip(".。") + (f" {marks}." if lang == "en" else f"{marks}。")


def _worded(given: Given, sentence: str, lang: str) -> Iterator[Lie]:
    for kind, table in (("negated", NEGATED), ("affirmed", AFFIRMED), ("absolute", ABSOLUTE)):
        for pattern, other in table[lang]:
            said, count = re.subn(pattern, other, sentence, count=1)
            if count and said != sentence:
                yield Lie(kind, lang, cited(said, lang, given.number), other)
                break
    for word, other in TURNED[lang]:
        pattern = rf"\b{word}\b" if lang == "en" else word
        said, count = re.subn(pattern, other, sentence, count=1)
        if count:
            yield Lie("turned", lang, cited(said, lang, given.number), other)
            break


def _figures(given: Given, sentence: str, lang: str) -> Iterator[Lie]:
    """Two figures of a kind that change places in their sentence."""
    found = list(_FIGURE.finditer(sentence))
    for one, other in combinations(found, 2):
        if one.lastgroup == other.lastgroup != "other" and one[0] != other[0]:
            said = sentence[: one.start()] + other[0] + sentence[one.end() : other.start()] + one[0] + sentence[other.end() :]
            between = sentence[one.end() : other.start()]
            if not re.fullmatch(r"\W{0,3}(?:to|and|至|到|和|、|或|or)?\W{0,3}", between):
                yield Lie("figures exchanged", lang, cited(said, lang, given.number), other[0])
                return


def _roles(given: Given, sentence: str, lang: str, names: NameIndex) -> Iterator[Lie]:
    """Two who do something that change places, where one does it to or for the other."""
    found = [
        match for match in names.find(sentence) if any(key.split("/")[0] in ("organisation", "person") for key in match.keys)
    ]
    for one, other in combinations(found, 2):
        between = sentence[one.end : other.start]
        if not re.search(r"\b[a-z]{4,}\b.*\b[a-z]{2,}\b|[\u4e00-\u9fff]{2}", between) or set(one.keys) & set(other.keys):
            continue
        if {key.split("/")[0] for key in one.keys} != {key.split("/")[0] for key in other.keys}:
            continue
        if re.fullmatch(r"[\s,、，]*(?:together with|along with|as well as|以及|和|与|、)?[\s,，]*", between):
            continue
        said = sentence[: one.start] + other.text + between + one.text + sentence[other.end :]
        yield Lie("roles", lang, cited(said, lang, given.number), other.text)
        return


def _staged(given: Given, lang: str) -> Iterator[Lie]:
    stage = getattr(given.record, "stage", None) or ""
    for begins, form in STAGED.items():
        if stage.startswith(begins):
            yield Lie("stage", lang, form[lang].format(a=given.record.name(lang), n=given.number), begins)


def _crossed(one: Given, other: Given, lang: str) -> Iterator[Lie]:
    """What the other record has, said of this one; both are cited."""
    if not (isinstance(one.record, Listing) and isinstance(other.record, Listing)):
        return
    name, numbers = one.record.name(lang), {"m": one.number, "n": other.number}
    providers = [each.record.text("provider", lang) for each in (one, other)]
    if all(providers) and fold(providers[1] or "") not in one.said:
        yield Lie(
            "another's provider", lang, CROSSED["provider"][lang].format(a=name, x=providers[1], **numbers), str(providers[1])
        )
    if one.record.country and other.record.country and other.record.country not in one.places:
        place = load().place(other.record.country, lang)
        yield Lie("another's place", lang, CROSSED["place"][lang].format(a=name, x=place, **numbers), place)
