"""Pointing: the second one, it, his, the last three: which of the records that were shown is meant, and what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.conversation import phrases
from bot.conversation.resolved import BEYOND, COMPARED, GONE, NAMED, NOTHING, RECORD, WHICH, Resolved
from bot.conversation.state import Conversation
from bot.speech import Speech
from bot.understand import Understander, Understanding
from bot.values import Choice, Question
from knowledge.records import Listing, Person
from knowledge.store import KnowledgeBase
from retrieval.language import fold

SIDE_BY_SIDE = 4  # records in one comparison
_BODY = re.compile(r"公司|企业|机构|单位|组织|\b(?:company|firm|organi[sz]ation|institution)\b")
_POSSESSIVE = frozenset({"his", "her", "hers", "its", "their", "theirs"})
_AGAIN = re.compile(r"呢|^(?:and|what about|how about)\b")


class Pointing:
    """Finds the records that a text points to among those of its conversation."""

    def __init__(self, kb: KnowledgeBase, understander: Understander) -> None:
        self._kb = kb
        self._understander = understander

    def compared(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """Two to four records side by side."""
        text = fold(asked.text)
        for pattern in phrases.patterns("compare"):
            found = pattern.fullmatch(text)
            if found is None:
                continue
            keys = self._side_by_side(" ".join(filter(None, found.groupdict().values())), asked, before)
            if keys is None:
                continue
            if not before.listed:
                return self._nothing(asked, before)
            if "" in keys:
                return Resolved(asked.text, asked.lang, BEYOND, number=len(before.listed))
            keys = list(dict.fromkeys(keys))
            if len(keys) == 1:
                keys = list(dict.fromkeys([*single(before), *keys]))
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
                keys += before.shown if name == "many" else single(before)
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

    def referred(self, asked: Understanding, before: Conversation) -> Resolved | None:
        """A record that was shown: by its place in the list, or by a pronoun."""
        text = fold(asked.text)
        if len(text) != len(asked.text) or any(True for _ in phrases.heard("never", text)):
            return None
        pointers = list(self._pointers(text, before, plain=False))
        number = phrases.place_of_one(phrases.stripped(text), 0)
        if number is not None and not pointers and before.listed:
            return self._numbered(asked, before, number)
        if pointers:
            if not self._bare(text, [match.span() for match, _ in pointers], asked, "pointed"):
                return None
            keys = tuple(key for _, found in pointers for key in found)
            if not before.listed:
                return self._nothing(asked, before)
            if "" in keys:
                return Resolved(asked.text, asked.lang, BEYOND, number=len(before.listed))
            return self._spoken_of(asked, before, keys, [match.span() for match, _ in pointers])
        return self._pronoun(asked, before, text)

    def _numbered(self, asked: Understanding, before: Conversation, number: int) -> Resolved:
        found = _at(before, number)
        if not found:
            return Resolved(asked.text, asked.lang, BEYOND, number=len(before.listed))
        return self.about(asked, before, (found,), "", "")

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
            if not before.listed and not before.focus:
                return self._nothing(asked, before)
            keys = self._antecedent(name, matches[0][0], before)
            return self._spoken_of(asked, before, keys, [matches[0].span()]) if keys else self._which(asked, before, matches[0])
        return None

    def _antecedent(self, name: str, words: str, before: Conversation) -> tuple[str, ...]:
        """The records a pronoun stands for; none when it may be several."""
        if name == "many":
            return before.focus or _records(before)
        one = single(before)
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
        if phrases.spelt(whole, phrases.stripped(text)):
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
            keys = before.shown if number <= len(before.shown) else before.listed
            return list(keys[:number]) if 0 < number <= len(keys) else [""]
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
            self._understander.read(Question(rest)).aspects - {"what", "list"} or phrases.fields(rest)
        )
        if alone and before.said and _AGAIN.search(fold(asked.text)):
            return self.about(asked, before, tuple(keys), before.said, before.said.replace("{}", " "))
        return self.about(asked, before, tuple(keys), "" if alone else said, "" if alone else rest)

    def _nothing(self, asked: Understanding, before: Conversation) -> Resolved:
        """What points to a list when there is none."""
        return Resolved(asked.text, asked.lang, BEYOND if before.question else NOTHING)

    def about(self, asked: Understanding, before: Conversation, keys: tuple[str, ...], said: str, about: str) -> Resolved:
        """A question about records, in words that name them."""
        records = self._kb.fetch(keys)
        if not records:
            return Resolved(asked.text, asked.lang, GONE)
        speech = Speech(asked.lang, "conversation")
        names = speech.say("and").join(record.name(asked.base) for record in records)
        question = said.replace("{}", names) if said else speech.script(speech.say("ask_about", name=names))
        if about and len(records) == 1 and not isinstance(records[0], Listing) and self._tells(about, asked.lang):
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
        said = ""
        if match is not None:
            possessive = "'s" if match[0] in _POSSESSIVE else ""
            said = f"{asked.text[: match.start()]}{{}}{possessive}{asked.text[match.end() :]}"
        names = [record.name(asked.base) for record in records]
        choices = tuple(Choice(name, said.replace("{}", name) if said else name) for name in names)
        return Resolved(asked.text, asked.lang, WHICH, keys=tuple(record.key for record in records), said=said, choices=choices)


def single(before: Conversation) -> tuple[str, ...]:
    """The one record that is spoken of, if it is one."""
    if before.focus:
        return before.focus
    return records if len(records := _records(before)) == 1 else ()


def _records(before: Conversation) -> tuple[str, ...]:
    """What was shown last and can be spoken of: an article is about others, unless it stands alone."""
    others = tuple(key for key in before.shown if not key.startswith("article/"))
    return others or before.shown


def _at(before: Conversation, number: int) -> str:
    """The key at a place of the list: of the last page, or of the whole where that has so many."""
    for keys in (before.shown, before.listed):
        if 1 <= number <= len(keys):
            return keys[number - 1]
    return ""


def _comparable(keys: Sequence[str]) -> bool:
    return all(key.startswith("listing/") for key in keys) or all(key.startswith("organisation/") for key in keys)


def _joints() -> re.Pattern[str]:
    return re.compile("|".join(pattern.pattern for pattern in phrases.patterns("joints")))
