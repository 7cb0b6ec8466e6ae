"""Resolving: what was typed becomes a question that stands alone, by the first rule that fits, or stays as it is.

A rule takes only what leans on something said before and says nothing else: a question with a topic or a name of its own is a
new one, whatever was talked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.conversation import phrases
from bot.conversation.pointing import Pointing, single
from bot.conversation.resolved import (
    BEYOND,
    CHOSEN,
    EXHAUSTED,
    ITSELF,
    MOVED,
    NAMED,
    NARROWED,
    NOTHING,
    PAGE,
    RECORD,
    REWRITTEN,
    SINGLE,
    TOPIC,
    WIDENED,
    Resolved,
)  # fmt: skip
from bot.conversation.restate import Restater, typeset
from bot.conversation.state import EARLIER, Conversation, Pending
from bot.speech import Speech
from bot.understand import Understander, Understanding
from bot.values import MEANING, SPELLING, Question
from bot.writing import Rewriter
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import load
from retrieval.language import EN, HANT, ZH, base, detect, fold, traditional

_LONG = 60  # characters; a longer text says itself what it is about
_SETTABLE = ("place", "stage", "year", "kind")
_CONDITIONS = frozenset({"place", "stage", "year"})
_RESTATED = (NARROWED, MOVED, WIDENED, TOPIC)
_WIDENINGS = {"anywhere": ("place",), "any_stage": ("stage",), "any_time": ("year",), "anything": ("place", "stage", "year")}
_LETTER = re.compile(r"[^\W\d_]")
# What stands around the name of a choice: "the Shanghai one", 我是说上海的那个.
_MERE = re.compile(
    r"^(?:(?:and|what about|the|i meant?)\b|那么?个?|这个|就是|是|我(?:是)?(?:说|指|问)的?(?:是)?)\s*"
    r"|\s*(?:\bones?|的?那[个家位]|的|呢)$"
)


Rule = Callable[[Understanding, Conversation], Resolved | None]


class Resolver:
    """Resolves follow-ups from the state of their conversation."""

    def __init__(self, kb: KnowledgeBase, understander: Understander, rewriter: Rewriter | None = None) -> None:
        self._kb = kb
        self._rewriter = rewriter
        self._understander = understander
        self._restater = Restater()
        self._pointing = Pointing(kb, understander)
        self._rules: Sequence[Rule] = (
            self._chosen, self._paged, self._pointing.compared, self._widened,
            self._refaceted, self._renamed, self._pointing.referred, self._retopic,
        )  # fmt: skip

    def resolve(self, question: Question, before: Conversation | None) -> Resolved:
        """The question as it is to be answered."""
        lang = _language(question, before)
        # As it was typed: 那巴西 is no slip of 阿巴西.
        asked = self._understander.read(replace(question, lang=lang), mend=False)
        if asked.talk:
            return Resolved(question.text, lang)
        state = before or Conversation("", lang)
        found = next((found for rule in self._rules if (found := rule(asked, state))), None)
        if found is None:
            found = Resolved(question.text, lang, sure=not _leans(asked, state))
        if not found.sure and self._rewriter is not None and before is not None:
            rewritten = self._rewriter.rewrite(question.text, self._context(before), question.who)
            if rewritten:
                return Resolved(rewritten, lang, REWRITTEN)
        if found.how == ITSELF:
            return found
        standing = typeset(found.question) if found.how in _RESTATED else found.question
        return replace(found, question=Speech(lang).script(standing))

    def _context(self, before: Conversation) -> list[str]:
        """What was said before, in lines: the question, and the names of what was shown for it."""
        return [before.question, *(record.name(base(before.lang)) for record in self._kb.fetch(before.shown))]

    def _read(self, question: str) -> Understanding:
        return self._understander.read(Question(question))

    def _chosen(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """One of the choices that were offered: by its number, its name, or what only it has."""
        offered = before.choices
        plain = phrases.stripped(asked.facets.folded)
        exact = [choice for choice in offered if fold(choice.label) == plain or fold(choice.ask) == fold(asked.text)]
        asking = [choice for choice in offered if choice.kind in (MEANING, SPELLING)]
        if not exact and asking:
            number = phrases.place_of_one(plain, len(asking))
            if number is not None and not 1 <= number <= len(asking):
                return Resolved(asked.text, asked.lang, BEYOND, number=len(asking))
            exact = [asking[number - 1]] if number else self._meant(asked, plain, asking)
        if not exact:
            exact = self._meant(asked, plain, [choice for choice in offered if choice.kind == EARLIER])
        if len(exact) != 1:
            return None
        (choice,) = exact
        if choice.key:
            about = choice.said.replace("{}", " ")
            return Resolved(choice.ask, asked.lang, RECORD, keys=(choice.key,), about=about, said=choice.said)
        return Resolved(choice.ask, asked.lang, CHOSEN)

    def _meant(self, asked: Understanding, plain: str, offered: Sequence[Pending]) -> list[Pending]:
        """The choices that have what was typed: part of their name, or their place in either language."""
        words = _MERE.sub("", _MERE.sub("", plain)).strip()
        if len(words) < 2 or len(words) > 60:
            return []
        places = [m for m in asked.facets.mentions if m.words == words and m.facet in ("country", "city")]
        said = {fold(load().place(place.value, lang)) for place in places for lang in (EN, ZH)} | {words}
        return [choice for choice in offered if any(each in fold(choice.label) for each in said)]

    def _paged(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """More of the same list."""
        text = fold(asked.text)
        of_it, of_all = phrases.spelt("more_of_it", text), phrases.spelt("more", text)
        if of_it and len(single(before)) == 1 and not (of_all and before.more):
            return self._pointing.about(asked, before, single(before), "", "")
        if not (of_all or (of_it and before.listed)):
            return None
        if not before.question:
            return Resolved(asked.text, asked.lang, NOTHING)
        shown = before.skipped + len(before.listed)
        if not before.more:
            return Resolved(before.question, asked.lang, EXHAUSTED, number=shown if before.listed else 0)
        return Resolved(before.question, asked.lang, PAGE, skip=shown)

    def _widened(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """The same without a condition."""
        texts = fold(asked.text), phrases.masked(asked)
        kinds = next((kinds for name, kinds in _WIDENINGS.items() if any(phrases.spelt(name, text) for text in texts)), None)
        if kinds is None:
            return None
        if not before.question:
            return Resolved(asked.text, asked.lang, NOTHING)
        earlier = self._read(before.question)
        wider = self._restater.without(earlier, kinds)
        if wider is None and any(phrases.group(m) in kinds for m in earlier.facets.mentions):
            return Resolved(asked.text, asked.lang, sure=False)
        return Resolved(wider or before.question, asked.lang, WIDENED)

    def _refaceted(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """The same in another place or time, or narrowed to a place, stage, time or kind."""
        text = phrases.masked(asked)
        said = phrases.spelt("only", text) or phrases.spelt("change", text)
        mentions = [m for m in asked.facets.mentions if m.words in fold(asked.text)]
        kinds = {phrases.group(mention) for mention in mentions}
        relative = phrases.relative(fold(asked.text))
        if not before.question and phrases.spelt("only", text) and kinds <= _CONDITIONS and not asked.names:
            return Resolved(asked.text, asked.lang, NOTHING)  # only these of what?
        if said is None or not before.question or before.route in SINGLE or (kinds - set(_SETTABLE)) or not (kinds or relative):
            return None
        earlier = self._read(before.question)
        lang = base(detect(before.question))
        had = {phrases.group(mention) for mention in earlier.facets.mentions} | ({"year"} if relative else set())
        how = MOVED if kinds <= had - {"kind"} else NARROWED
        for kind in (kind for kind in _SETTABLE if kind in kinds):
            own = [mention for mention in mentions if phrases.group(mention) == kind]
            wanted = {mention.value for mention in own}
            question = self._restater.changed(earlier, kind, self._restater.facet(own, lang))
            earlier = self._read(question)
            if not wanted & {m.value for m in earlier.facets.mentions if phrases.group(m) == kind}:
                return Resolved(asked.text, asked.lang, sure=False)
        if relative and "year" not in kinds:
            earlier = self._read(self._restater.changed(earlier, "year", relative))
        return Resolved(earlier.text, asked.lang, how)

    def _renamed(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """The same of another person, body or event."""
        if len(asked.names) != 1 or not before.question or not phrases.spelt("named", phrases.masked(asked)):
            return None
        name = asked.names[0]
        kinds = {key.split("/")[0] for key in name.keys}
        if before.said and before.focus and before.focus[0].split("/")[0] in kinds:
            return Resolved(before.said.replace("{}", name.text), asked.lang, NAMED)
        earlier = self._read(before.question)
        others = [match for match in earlier.names if kinds & {key.split("/")[0] for key in match.keys}]
        if len(others) == 1 and len(earlier.names) == 1 and base(detect(earlier.text)) == asked.base:
            text = earlier.text[: others[0].start] + name.text + earlier.text[others[0].end :]
            return Resolved(text, asked.lang, NAMED)
        return Resolved(name.text, asked.lang, NAMED)

    def _retopic(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """Something else, in the same place and at the same stage."""
        found = phrases.spelt("topic", fold(asked.text))
        if found is None or not before.question or asked.names or asked.facets.places or asked.facets.values("year"):
            return None
        topic = asked.text[found.start("topic") : found.end("topic")]
        said = self._read(topic)
        if said.names:
            return Resolved(topic, asked.lang, NAMED)
        if not (said.content or said.singles or said.facets.values("sector")) or len(said.content) > 4:
            return None
        listings = before.route in ("listings", "silence")
        return Resolved(self._restater.topic(self._read(before.question), topic, listings), asked.lang, TOPIC)


def _language(question: Question, before: Conversation | None) -> str:
    """The language of the reply: that of what was typed; the conversation's where that has no letters or fits both scripts."""
    if before is not None and not _LETTER.search(question.text):
        return before.lang
    lang = question.lang or detect(question.text)
    if before is not None and question.lang is None and lang == ZH and before.lang == HANT:
        return HANT if traditional(question.text) == question.text else ZH
    return lang


def _leans(asked: Understanding, before: Conversation) -> bool:
    """Whether a text sounds as if it leant on something said before, though no rule knows on what."""
    text = fold(asked.text)
    if not before.question or asked.names or len(text) > _LONG:
        return False
    if phrases.spelt("topic", text) is not None:
        return True
    pronouns = [match.start() for name in ("person", "thing", "many") for match in phrases.heard(name, text)]
    never = any(True for _ in phrases.heard("never", text))
    # What stands before a pronoun may be what it stands for.
    return bool(pronouns) and not never and not any(word in text[: min(pronouns)] for word in asked.content)
