"""Restating: an earlier question said again with another place, stage, time or topic, so that it can stand alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.conversation.phrases import group
from bot.speech import table
from bot.understand import Understanding
from knowledge.vocabulary import Vocabulary, load
from retrieval.facets import Mention
from retrieval.language import EN, HAN, base, detect, fold

_BEFORE_EN = (
    r"(?:\b(?:(?:that )?comes? from|based in|located in|made in|coming from|from|in|of|within|across|at|for|since|during)\s+)?"
    r"(?:\bthe\s+)?"
)
_AFTER_EN = r"(?:'s\b)?"
_BEFORE_ZH, _AFTER_ZH = "(?:位于|来自|在|处于|已经?)?", "(?:境内|地区|的)?"
_DIRECT = re.compile(r"^(?:有|哪|谁|什么|多少|几)")
_PHRASE = re.compile(r"[怎如吗什谁哪能有,，。?？!！呢]")
_END = re.compile(r"[\s?？.。!！]*$")
_ENDS_ASKING = re.compile(r"[?？]\s*$")
_JOINED = re.compile(r"(?:last|this|the) ")  # times that no "in" stands before
_DANGLING = re.compile(r"\b(is|are|was|were)\s*(?=\?|$)")
_FULL_WIDTH = str.maketrans("?!,;()", "？！，；（）")
_NOTHING_LEFT = re.compile(r"^(?:the|a|an|the ones?|ones?|的|\W)*$")


class Restater:
    """Says questions again with one facet changed. Words that are put in are in the question's own language."""

    def __init__(self) -> None:
        self._vocabulary: Vocabulary = load()

    def changed(self, asked: Understanding, kind: str, words: str) -> str:
        """The question with ``words`` for its place, stage, year or kind."""
        spans = _spans(asked, kind)
        if not spans:
            return self._added(asked.text, kind, words)
        (start, end), *others = spans
        text = asked.text
        for first, last in reversed(others):
            text = _cut(text, first, last)
        joined = kind == "year" and _JOINED.match(words)
        adjective = kind == "place" and not self._is_name(asked, start)
        if base(detect(text)) == EN and (joined or adjective):  # no "in last year", no "Japan technology" for "Danish technology"
            return self._added(_cut(text, start, end), kind, words)
        return text[:start] + words + text[end:]

    def without(self, asked: Understanding, kinds: Sequence[str]) -> str | None:
        """The question without these facets; None when it has none of them, or nothing else."""
        spans = sorted({span for kind in kinds for span in _spans(asked, kind)}, reverse=True)
        text = asked.text
        for start, end in spans:
            text = _cut(text, start, end)
        text = _tidied(text)
        return None if not spans or _NOTHING_LEFT.match(fold(text)) else text

    def place(self, code: str, lang: str) -> str:
        """A country or city in words of a language."""
        return self._vocabulary.place(code, lang)

    def facet(self, mentions: Sequence[Mention], lang: str) -> str:
        """These facets of one kind in words of a language."""
        said = list(dict.fromkeys(self._said(mention, lang) for mention in _once(mentions)))
        return (" and " if lang == EN else "和").join(said)

    def topic(self, asked: Understanding, topic: str, listings: bool) -> str:
        """A question about something else in the same places and stages as before."""
        lang = base(detect(topic)) if HAN.search(topic) else EN
        places = [mention for mention in asked.facets.mentions if group(mention) == "place"]
        stages = [mention for mention in asked.facets.mentions if mention.facet == "stage"]
        place, stage = self.facet(places, lang), self.facet(stages[:1], lang)
        if not listings or not (place or stage):
            return topic
        if lang == EN:
            return f"{topic}{f' in {place}' if place else ''}{f' ({stage})' if stage else ''}"
        return f"{place}{'的' if place else ''}{topic}{f'（{stage}）' if stage else ''}"

    def _said(self, mention: Mention, lang: str) -> str:
        if group(mention) == "place":
            return self._vocabulary.place(mention.value, lang)
        if mention.facet == "year":
            year, _, month = mention.value.partition("-")
            if lang == EN:
                return mention.words if not HAN.search(mention.words) else mention.value
            return f"{year}年{int(month)}月" if month else f"{year}年"
        same = (base(detect(mention.words)) if HAN.search(mention.words) else EN) == lang
        if mention.facet == "stage":
            return mention.words if same else str(table(lang, "followups")["stages"][stage_group(mention.value)])
        if mention.facet == "kind" and mention.value in (kinds := table(lang, "conversation")["kinds"]) and not same:
            return str(kinds[mention.value])
        return mention.words if same else self._vocabulary.label(f"{mention.facet}s", mention.value, lang) or mention.words

    def _is_name(self, asked: Understanding, start: int) -> bool:
        mention = next(m for m in asked.facets.mentions if m.start == start and group(m) == "place")
        terms = (
            {**self._vocabulary.countries, **self._vocabulary.regions} if mention.facet == "country" else self._vocabulary.cities
        )
        adjective = re.search(r"(?:ese|ian|ish|an|ch|ss|i)$", mention.words)
        named = mention.value in terms and mention.words in {fold(name) for name in terms[mention.value].names.values()}
        return named or not adjective

    def _added(self, text: str, kind: str, words: str) -> str:
        asking = "?" if _ENDS_ASKING.search(text) else ""
        plain = _END.sub("", text)
        if base(detect(text)) == EN:
            joint = f" {words}" if _JOINED.match(words) else f" in {words}"
            return f"{plain}{joint if kind in ('place', 'year') else f' ({words})'}{asking}"
        mark = "？" if asking else ""
        if kind == "year":
            return f"{words}{plain}{mark}"
        if kind != "place":
            return f"{plain}（{words}）{mark}"
        if _DIRECT.match(plain):
            return f"{words}{plain}{mark}"
        if len(plain) <= 14 and not _PHRASE.search(plain):
            return f"{words}的{plain}{mark}"
        return f"在{words}，{plain}{mark}"


def stage_group(stage: str) -> str:
    """The stages that people call by one word: the three commercial ones, the two prototypes."""
    return stage.split("_")[0]


def _once(mentions: Sequence[Mention]) -> list[Mention]:
    """One mention for each place in the text: a city state is a country and a city, a stage word several stages."""
    spans: dict[tuple[int, int], Mention] = {}
    for mention in mentions:
        spans.setdefault((mention.start, mention.end), mention)
    return list(spans.values())


def _spans(asked: Understanding, kind: str) -> list[tuple[int, int]]:
    """Where the facets of a kind stand in the text; those that only ask (who, how many) stay."""
    if len(asked.facets.folded) != len(asked.text):
        return []
    return sorted({(m.start, m.end) for m in asked.facets.mentions if group(m) == kind})


def _cut(text: str, start: int, end: int) -> str:
    """The text without what stands there, and without the words that joined it."""
    lang = base(detect(text))
    before, after = (_BEFORE_EN, _AFTER_EN) if lang == EN else (_BEFORE_ZH, _AFTER_ZH)
    head = re.search(f"{before}$", text[:start], re.IGNORECASE)
    tail = re.match(after, text[end:])
    first = head.start() if head else start
    return text[:first] + text[end + (tail.end() if tail else 0) :]


def typeset(text: str) -> str:
    """A Chinese question with Chinese punctuation; it was read in half width."""
    return text.translate(_FULL_WIDTH) if base(detect(text)) != EN else text


def _tidied(text: str) -> str:
    text = re.sub(r"\s+(?=[?.,!])", "", " ".join(text.split()))
    text = re.sub(r"[（(]\s*[)）]", "", text).strip(" ,，、")
    return _DANGLING.sub(r"\1 there", text)
