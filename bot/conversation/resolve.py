"""Resolving: what was typed becomes a question that stands alone, by the first rule that fits, or stays as it is.

A rule takes only what leans on something said before and says nothing else: a question with a topic or a name of its own is a
new one, whatever was talked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.conversation import phrases
from bot.conversation.restate import Restater, typeset
from bot.conversation.state import Conversation, Pending
from bot.speech import Speech
from bot.understand import Understander, Understanding
from bot.values import MEANING, SPELLING, Choice, Question
from knowledge.records import Listing, Person, Record
from knowledge.store import KnowledgeBase
from knowledge.vocabulary import load
from retrieval.facets import Mention
from retrieval.language import EN, HAN, HANT, ZH, base, detect, fold, traditional

ITSELF, PAGE, RECORD, COMPARED, NARROWED, MOVED = "itself", "page", "record", "compared", "narrowed", "moved"
WIDENED, TOPIC, NAMED, CHOSEN, REWRITTEN = "widened", "topic", "named", "chosen", "rewritten"
# What cannot be resolved, and is said instead of an answer.
EXHAUSTED, NOTHING, BEYOND, WHICH, GONE = "exhausted", "nothing_before", "out_of_range", "which_record", "gone"
UNRESOLVED = (EXHAUSTED, NOTHING, BEYOND, WHICH, GONE)

SIDE_BY_SIDE = 4  # records in one comparison
_SETTABLE = ("place", "stage", "year", "kind")
_WIDENINGS = {"anywhere": ("place",), "any_stage": ("stage",), "any_time": ("year",), "anything": ("place", "stage", "year")}
_LETTER = re.compile(r"[^\W\d_]")
_BODY = re.compile(r"公司|企业|机构|单位|组织|\b(?:company|firm|organi[sz]ation|institution)\b")
_POSSESSIVE = frozenset({"his", "her", "hers", "its", "their", "theirs"})
# What stands around the name of a choice: "the Shanghai one", 我是说上海的那个.
_MERE = re.compile(r"^(?:the|i meant?|那个|这个|就是|是|我(?:是)?(?:说|指|问)的?(?:是)?)\s*|\s*(?:\bones?|的?那[个家位]|的)$")
_AGAIN = re.compile(r"呢|^(?:and|what about|how about)\b")


@dataclass(frozen=True)
class Resolved:
    """A question that stands alone, and how it came to be.

    ``skip`` finds were shown before; ``keys`` are the records meant, ``about`` what is asked of them, ``said`` the same with
    ``{}`` for their name. Where it is not ``sure``, the rules did not understand what seems to lean on something.
    """

    question: str
    lang: str
    how: str = ITSELF
    sure: bool = True
    skip: int = 0
    keys: tuple[str, ...] = ()
    about: str = ""
    said: str = ""
    choices: tuple[Choice, ...] = field(default=())
    number: int = 0


class Rewriter(Protocol):
    """Turns a tangled follow-up into a standalone question, where the rules are not sure; None when it cannot either."""

    def __call__(self, text: str, lang: str, before: Conversation) -> str | None:
        """The question as it would be asked by somebody who starts with it."""
        ...


Rule = Callable[[Understanding, Conversation], Resolved | None]


class Resolver:
    """Resolves follow-ups from the state of their conversation."""

    def __init__(self, kb: KnowledgeBase, understander: Understander, rewrite: Rewriter | None = None) -> None:
        self.rewrite = rewrite
        self._kb = kb
        self._understander = understander
        self._restater = Restater()
        self._rules: Sequence[Rule] = (
            self._chosen, self._paged, self._compared, self._widened,
            self._refaceted, self._renamed, self._referred, self._retopic,
        )  # fmt: skip

    def resolve(self, question: Question, before: Conversation | None) -> Resolved:
        """The question as it is to be answered."""
        lang = _language(question, before)
        asked = self._understander.read(replace(question, lang=lang))
        if asked.talk:
            return Resolved(question.text, lang)
        state = before or Conversation("", lang)
        found = next((found for rule in self._rules if (found := rule(asked, state))), None)
        if found is None:
            found = Resolved(question.text, lang, sure=not _leans(asked, state))
        if not found.sure and self.rewrite is not None and before is not None:
            rewritten = self.rewrite(question.text, lang, before)
            if rewritten:
                return Resolved(rewritten, lang, REWRITTEN)
        return replace(found, question=typeset(found.question)) if found.how != ITSELF else found

    def with_facet(self, question: str, kind: str, words: str) -> str:
        """A question with another place, stage, year or kind."""
        return self._restater.changed(self._read(question), kind, words)

    def without(self, question: str, *kinds: str) -> str | None:
        """A question without these facets; None when it has none of them, or nothing else."""
        return self._restater.without(self._read(question), kinds)

    def _read(self, question: str) -> Understanding:
        return self._understander.read(Question(question))

    def _chosen(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """One of the choices that were offered: by its number, its name, or what only it has."""
        offered = before.choices
        plain = _stripped(asked.facets.folded)
        exact = [choice for choice in offered if fold(choice.label) == plain or fold(choice.ask) == fold(asked.text)]
        asking = [choice for choice in offered if choice.kind in (MEANING, SPELLING)]
        if not exact and asking:
            number = _place_of_one(plain, len(asking))
            if number is not None and not 1 <= number <= len(asking):
                return Resolved(asked.text, asked.lang, BEYOND, number=len(asking))
            exact = [asking[number - 1]] if number else self._meant(asked, plain, asking)
        return Resolved(exact[0].ask, asked.lang, CHOSEN) if len(exact) == 1 else None

    def _meant(self, asked: Understanding, plain: str, offered: Sequence[Pending]) -> list[Pending]:
        """The choices that have what was typed: part of their name, or their place in either language."""
        words = re.sub(
            r"^(?:the|那个|这个|就是|是|i mean(?:t)?|我(?:是)?(?:说|指|问)的?(?:是)?)\s*|\s*(?:ones?|那个|那家|那位|的那个|的)$",
            "",
            plain,
        ).strip()
        if len(words) < 2 or len(words) > 60:
            return []
        places = {m.value for m in asked.facets.mentions if m.facet in ("country", "city")}
        said = {fold(load().place(place, lang)) for place in places for lang in (EN, ZH)} | {words}
        return [choice for choice in offered if any(each in fold(choice.label) for each in said)]

    def _paged(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """More of the same list."""
        text = fold(asked.text)
        if phrases.spelt("more_of_it", text) and len(_single(before)) == 1:
            return self._about(asked, before, _single(before), "", "")
        if not (phrases.spelt("more", text) or (phrases.spelt("more_of_it", text) and before.listed)):
            return None
        if not before.question:
            return Resolved(asked.text, asked.lang, NOTHING)
        if not before.more:
            return Resolved(before.question, asked.lang, EXHAUSTED, number=len(before.listed))
        return Resolved(before.question, asked.lang, PAGE, skip=len(before.listed))

    def _compared(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """Two to four records side by side."""
        text = fold(asked.text)
        for pattern in phrases.patterns("compare"):
            found = pattern.fullmatch(text)
            if found is None:
                continue
            keys = self._side_by_side(" ".join(filter(None, found.groupdict().values())), asked, before)
            if keys is None:
                continue
            if not before.listed and not keys:
                return Resolved(asked.text, asked.lang, NOTHING)
            if "" in keys:
                return Resolved(asked.text, asked.lang, BEYOND, number=len(before.listed))
            keys = list(dict.fromkeys(keys))
            if len(keys) == 1:
                keys = list(dict.fromkeys([*_single(before), *keys]))
            return self._beside(asked, tuple(keys)) if len(keys) > 1 else self._which(asked, before)
        return None

    def _side_by_side(self, words: str, asked: Understanding, before: Conversation) -> list[str] | None:
        """The keys that these words name and nothing else; an empty key for one that is not there."""
        keys, rest = [], words
        if asked.names and not asked.content:
            keys = [match.keys[0] for match in asked.names if len(match.keys) == 1]
            return keys if len(keys) == len(asked.names) and len(keys) > 1 and _comparable(keys) else None
        for match, found in self._pointers(words, before, plain=True):
            keys += found
            rest = rest.replace(match[0], " ", 1)
        for name in ("many", "thing", "person"):
            for match in phrases.heard(name, rest):
                keys += before.shown if name == "many" else _single(before)
                rest = rest.replace(match[0], " ", 1)
        left = _joints().sub("", rest)
        if left:
            return None
        return keys or list(before.shown[:SIDE_BY_SIDE])

    def _beside(self, asked: Understanding, keys: tuple[str, ...]) -> Resolved:
        keys = keys[:SIDE_BY_SIDE]
        names = [record.name(asked.base) for record in self._kb.fetch(keys)]
        if len(names) < 2:
            return Resolved(asked.text, asked.lang, GONE)
        speech = Speech(asked.lang, "conversation")
        return Resolved(
            speech.script(speech.say("ask_compare", names=speech.say("and").join(names))), asked.lang, COMPARED, keys=keys
        )

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
        how = NARROWED if phrases.spelt("only", text) else MOVED if phrases.spelt("change", text) else None
        mentions = [m for m in asked.facets.mentions if m.words in fold(asked.text)]
        kinds = {phrases.group(mention) for mention in mentions}
        relative = phrases.relative(fold(asked.text))
        if how is None or not before.question or (kinds - set(_SETTABLE)) or not (kinds or relative):
            return None
        earlier = self._read(before.question)
        lang = base(detect(before.question))
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
        if not (said.content or said.singles or said.facets.values("sector")) or len(said.content) > 4:
            return None
        listings = before.route in ("listings", "silence")
        return Resolved(self._restater.topic(self._read(before.question), topic, listings), asked.lang, TOPIC)

    def _referred(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """A record that was shown: by its place in the list, or by a pronoun."""
        text = fold(asked.text)
        if len(text) != len(asked.text) or any(True for _ in phrases.heard("never", text)):
            return None
        pointers = list(self._pointers(text, before, plain=False))
        number = _place_of_one(_stripped(text), 0)
        if number is not None and not pointers and before.listed:
            return self._numbered(asked, before, number)
        if pointers:
            if not self._bare(text, [match.span() for match, _ in pointers], asked, "pointed"):
                return None
            keys = tuple(key for _, found in pointers for key in found)
            if not before.listed:
                return Resolved(asked.text, asked.lang, NOTHING)
            if "" in keys:
                return Resolved(asked.text, asked.lang, BEYOND, number=len(before.listed))
            return self._spoken_of(asked, before, keys, [match.span() for match, _ in pointers])
        return self._pronoun(asked, before, text)

    def _numbered(self, asked: Understanding, before: Conversation, number: int) -> Resolved:
        found = _at(before, number)
        if not found:
            return Resolved(asked.text, asked.lang, BEYOND, number=len(before.listed))
        return self._about(asked, before, (found,), "", "")

    def _pronoun(self, asked: Understanding, before: Conversation, text: str) -> Resolved | None:
        if phrases.spelt("asks_back", text) and not asked.names and not asked.facets.places:
            keys = before.focus or before.shown
            if keys:
                spans = [match.span() for name in ("thing", "many", "person") for match in phrases.heard(name, text)][:1]
                return self._spoken_of(asked, before, keys, spans or [(0, 0)])
        for name in ("many", "person", "thing"):
            matches = list(phrases.heard(name, text))
            if not matches or not self._bare(text, [match.span() for match in matches], asked, "opening"):
                continue
            if not before.listed:
                return Resolved(asked.text, asked.lang, NOTHING)
            keys = self._antecedent(name, matches[0][0], before)
            return self._spoken_of(asked, before, keys, [matches[0].span()]) if keys else self._which(asked, before, matches[0])
        return None

    def _antecedent(self, name: str, words: str, before: Conversation) -> tuple[str, ...]:
        """The records a pronoun stands for; none when it may be several."""
        if name == "many":
            return before.focus or before.shown
        one = _single(before)
        if name == "person":
            people = tuple(key for key in (one or before.shown) if key.startswith("person/"))
            return people if len(people) == 1 else ()
        if len(one) == 1 and _BODY.search(words):
            record = next(iter(self._kb.fetch(one)), None)
            if isinstance(record, Listing | Person) and record.organisation:
                return (f"organisation/{record.organisation}",)
        return one

    def _bare(self, text: str, spans: Sequence[tuple[int, int]], asked: Understanding, whole: str) -> bool:
        """Whether nothing is left to search for beside what points back, or the whole is a way of asking about it."""
        if asked.names and whole != "opening":
            return False
        if phrases.spelt(whole, _stripped(text)):
            return True
        if asked.names or asked.facets.places or asked.facets.values("year"):
            return False
        rest = text
        for start, end in sorted(spans, reverse=True):
            rest = rest[:start] + " " + rest[end:]
        for field_ in phrases.field_patterns():
            rest = field_.sub(" ", rest)
        left = self._understander.read(Question(rest, asked.lang))
        return left.talk == "empty" or not (left.content or left.singles or left.names)

    def _pointers(self, text: str, before: Conversation, *, plain: bool) -> Iterator[tuple[re.Match[str], list[str]]]:
        """Every ordinal in a text with the keys it means; an empty key for one that is not there."""
        taken: list[tuple[int, int]] = []
        names = ("from_end", "last_several", "several", "ordinal", "last", *(("plain_number",) if plain else ()))
        for name in names:
            for match in phrases.heard(name, text):
                if any(match.start() < end and start < match.end() for start, end in taken):
                    continue
                taken.append(match.span())
                yield match, self._pointed_at(name, match, before)

    def _pointed_at(self, name: str, match: re.Match[str], before: Conversation) -> list[str]:
        groups = match.groupdict()
        number = phrases.number(groups.get("n") or groups.get("m") or "")
        if name == "last":
            return [before.shown[-1] if before.shown else ""]
        if name == "from_end":
            number = number or 2
            return [before.shown[-number] if 0 < number <= len(before.shown) else ""]
        if name == "several":
            return list(before.shown[:number]) if 0 < number <= len(before.shown) else [""]
        if name == "last_several":
            return list(before.shown[-number:]) if 0 < number <= len(before.shown) else [""]
        return [_at(before, number)]

    def _spoken_of(
        self, asked: Understanding, before: Conversation, keys: Sequence[str], spans: Sequence[tuple[int, int]]
    ) -> Resolved:
        """The question with the records' names where something pointed to them."""
        start, end = min(spans)[0], max(spans)[1]
        head, words, tail = asked.text[:start], asked.text[start:end], asked.text[end:]
        if fold(words).strip() in _POSSESSIVE:
            tail = f"'s{tail}"
        said = f"{head}{{}}{tail}"
        rest = fold(f"{head} {tail}")
        alone = self._bare(f"{head} {tail}", [], replace(asked, names=()), "never") and not (
            self._read(rest).aspects - {"what", "list"} or phrases.fields(rest)
        )
        if alone and before.said and _AGAIN.search(fold(asked.text)):
            return self._about(asked, before, tuple(keys), before.said, before.said.replace("{}", " "))
        return self._about(asked, before, tuple(keys), "" if alone else said, "" if alone else rest)

    def _about(self, asked: Understanding, before: Conversation, keys: tuple[str, ...], said: str, about: str) -> Resolved:
        """A question about records, in words that name them."""
        records = self._kb.fetch(keys)
        if not records:
            return Resolved(asked.text, asked.lang, GONE)
        speech = Speech(asked.lang, "conversation")
        names = speech.say("and").join(record.name(asked.base) for record in records)
        question = said.replace("{}", names) if said else speech.script(speech.say("ask_about", name=names))
        if about and not isinstance(records[0], Listing) and self._tells(about, asked.lang):
            return Resolved(question, asked.lang, NAMED)  # more is asked than the record's card says
        return Resolved(question, asked.lang, RECORD, keys=tuple(record.key for record in records), about=about, said=said)

    def _tells(self, about: str, lang: str) -> bool:
        """Whether what is asked of a record has words of its own to search for."""
        for pattern in phrases.field_patterns():
            about = pattern.sub(" ", about)
        left = self._understander.read(Question(about, lang))
        return bool(left.content or left.names or left.facets.places or left.facets.values("year"))

    def _which(self, asked: Understanding, before: Conversation, match: re.Match[str] | None = None) -> Resolved:
        """Several may be meant: the first of them to choose from."""
        records = self._kb.fetch(before.shown[:SIDE_BY_SIDE])
        choices = tuple(self._choice(asked, record, match) for record in records)
        return Resolved(asked.text, asked.lang, WHICH, choices=choices)

    def _choice(self, asked: Understanding, record: Record, match: re.Match[str] | None) -> Choice:
        name = record.name(asked.base)
        if match is None:
            return Choice(name, name)
        name_ = f"{name}'s" if match[0] in _POSSESSIVE else name
        return Choice(name, asked.text[: match.start()] + name_ + asked.text[match.end() :])


def _language(question: Question, before: Conversation | None) -> str:
    """The language of the reply: that of what was typed; the conversation's where that has no letters or fits both scripts."""
    if before is not None and not _LETTER.search(question.text):
        return before.lang
    lang = question.lang or detect(question.text)
    if before is not None and question.lang is None and lang == ZH and before.lang == HANT:
        return HANT if traditional(question.text) == question.text else ZH
    return lang


def _single(before: Conversation) -> tuple[str, ...]:
    """The one record that is spoken of, if it is one."""
    if before.focus:
        return before.focus
    return before.shown if len(before.shown) == 1 else ()


def _at(before: Conversation, number: int) -> str:
    """The key at a place of the list: of the last page, or of the whole where that has so many."""
    for keys in (before.shown, before.listed):
        if 1 <= number <= len(keys):
            return keys[number - 1]
    return ""


def _place_of_one(text: str, count: int) -> int | None:
    """The number that a text is nothing but: 2, 2., 第二个, the second one, the last; 0 for one beyond."""
    if found := re.fullmatch(r"(?:no\.? ?|number |#)?(\d{1,2})[.)、]?", text):
        return int(found[1])
    if count == 0:
        return None
    for name in ("ordinal", "plain_number"):
        if found := phrases.spelt(name, text):
            groups = found.groupdict()
            return phrases.number(groups.get("n") or groups.get("m") or "")
    return count if phrases.spelt("last", text) else None


def _stripped(text: str) -> str:
    return re.sub(r"^[\s,，。.!！?？]+|[\s,，。.!！?？]+$", "", fold(text))


def _comparable(keys: Sequence[str]) -> bool:
    return all(key.startswith("listing/") for key in keys) or all(key.startswith("organisation/") for key in keys)


def _joints() -> re.Pattern[str]:
    return re.compile("|".join(pattern.pattern for pattern in phrases.patterns("joints")))


def _leans(asked: Understanding, before: Conversation) -> bool:
    """Whether a text sounds as if it leant on something said before, though no rule knows on what."""
    if not before.question:
        return False
    text = fold(asked.text)
    pronoun = any(True for name in ("person", "thing", "many") for _ in phrases.heard(name, text))
    return (
        pronoun or phrases.spelt("topic", text) is not None or (len(text) < 12 and bool(HAN.search(text)) and text.endswith("呢"))
    )


def mentions_of(asked: Understanding, kind: str) -> list[Mention]:
    """The facets of one kind in a question."""
    return [mention for mention in asked.facets.mentions if phrases.group(mention) == kind]
