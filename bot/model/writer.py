"""The writer: the lead of an answer in the model's words, as far as the records it cites bear them out.

Each sentence is judged when it is complete, and only then shown. When the first one fails, or there is none, the reply stays as
it was composed; a later one that fails is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.model.cache import Leads, key
from bot.model.chat import Chat, Request
from bot.model.given import Given, Giver
from bot.model.grounding import Checked, Grounding
from bot.model.health import ModelFailed
from bot.model.plain import question
from bot.model.prompting import fenced, instructions, version
from bot.model.sentences import sentences
from bot.speech import Speech
from bot.values import ANSWERED, Answer, Block, Card, Text
from bot.writing import Draft, Hear, Unheard
from knowledge.records import Article, Record
from knowledge.store import KnowledgeBase
from retrieval.language import base, fold

JOB = "write"
# Replies whose lead tells what records are about. The others are exact as they stand: figures, counts, choices, talk.
ROUTES = frozenset({"listings", "organisation", "organisations", "person", "people", "event", "events", "programme", "article"})
# What is asked for is one field of a record, which the composed lead gives word for word.
_EXACT = frozenset({"contact", "website", "how_many", "attendance", "rank", "share"})
_BESIDE = ("appearance", "event", "programme", "organisation", "person")  # what a reply quotes beside the records found
_MOST = 5  # sentences


@dataclass
class _Lead:
    """A lead as it grows: sentences with citations renumbered in the order in which readers meet them."""

    hear: Hear
    speech: Speech
    sentences: list[Checked] = field(default_factory=list)
    order: list[int] = field(default_factory=list)

    def say(self, checked: Checked) -> None:
        self.order += [number for number in checked.cited if number not in self.order]
        self.sentences.append(checked)
        self.hear(self.speech.script(self._shown(checked)))

    def _shown(self, checked: Checked) -> str:
        marks = "".join(f"[{self.order.index(number) + 1}]" for number in checked.cited)
        text, end = (checked.text[:-1], checked.text[-1]) if checked.text[-1] in "。.！!？?" else (checked.text, "")
        return f"{text}{marks}{end}" if self.speech.base == "zh" else f"{text} {marks}{end}"

    @property
    def text(self) -> str:
        return self.speech.names("sentence")["join"].join(map(self._shown, self.sentences))


class LeadWriter:
    """Writes leads with a chat model, from records of this knowledge base."""

    def __init__(self, chat: Chat, kb: KnowledgeBase, grounding: Grounding, leads: Leads | None = None) -> None:
        self._chat = chat
        self._kb = kb
        self._giver = Giver(kb)
        self._grounding = grounding
        self._leads = leads if leads is not None else Leads()

    def write(self, draft: Draft, who: str | None, hear: Hear) -> Answer:
        """The answer with the lead that the model wrote, or as it was composed, whatever goes wrong."""
        try:
            return self._write(draft, who, hear) if self.writes(draft) else draft.answer
        except Unheard:
            raise
        except Exception as error:  # noqa: BLE001  (nobody's answer waits for a fault in what is an extra)
            self._chat.health.failed("garbled", type(error).__name__)
            return draft.answer

    def _write(self, draft: Draft, who: str | None, hear: Hear) -> Answer:
        lang = draft.asked.lang
        given = self._giver.given(records_of(draft), lang)
        lead = _Lead(hear, Speech(lang, "model"))
        fingerprint, name = self._kb.fingerprint, self._name(draft, given)
        kept = self._leads.get(fingerprint, name)
        if kept is not None:
            for checked in kept:
                lead.say(checked)
        else:
            self._written(draft, given, who, lead, fingerprint, name)
        return _replied(draft, given, lead) if lead.sentences else draft.answer

    def writes(self, draft: Draft) -> bool:
        """Whether the lead of this reply is one that a model may write."""
        answer, asked = draft.answer, draft.asked
        if answer.status != ANSWERED or answer.route not in ROUTES or asked.aspects & _EXACT or not draft.found:
            return False
        # An article that was written in the reader's language is better than any paraphrase of it.
        return not (
            answer.route == "article" and isinstance(draft.found[0], Article) and draft.found[0].exactly("answer", asked.base)
        )

    def request(self, draft: Draft, given: Sequence[Given], who: str | None = None) -> Request:
        """What the model is sent."""
        records = [(f"record {each.number}", each.text) for each in given]
        asked = ("question", question(draft.asked.text))
        return Request(JOB, instructions(JOB, draft.asked.lang), fenced([asked, *records]), who)

    def _name(self, draft: Draft, given: Sequence[Given]) -> str:
        asked = " ".join(fold(draft.asked.text).split())
        return key([asked, draft.asked.lang, self._chat.name, version(JOB), *(each.digest for each in given)])

    def _written(self, draft: Draft, given: Sequence[Given], who: str | None, lead: _Lead, fingerprint: str, name: str) -> None:
        """Read the model's sentences into the lead as long as there is time; what was said before it broke off stays said."""
        until = self._chat.deadline()
        pieces = self._chat.stream(self.request(draft, given, who), until)
        try:
            whole = self._taken(sentences(pieces), given, draft.asked.lang, lead, until)
        except ModelFailed:
            return
        finally:
            pieces.close()
        if whole and lead.sentences:
            self._leads.put(fingerprint, name, tuple(lead.sentences))

    def _taken(self, said: Iterable[str], given: Sequence[Given], lang: str, lead: _Lead, until: float) -> bool:
        """Whether the lead is complete. Its first sentence must be right, or nothing of it is said."""
        seen: set[str] = set()
        read = 0
        for sentence in said:
            read += 1
            found = self._grounding.judge(sentence, given, lang)
            if not isinstance(found, Checked):
                if not lead.sentences:
                    self._chat.health.failed("ungrounded", found.why)
                    return False
            elif found.text not in seen:
                seen.add(found.text)
                lead.say(found)
            if len(lead.sentences) == _MOST or time.monotonic() > until:
                return True
        if not read:
            self._chat.health.failed("empty")
        return True


def records_of(draft: Draft) -> list[Record]:
    """The records found, then what else the reply quotes, without sources and what everything here is about."""
    beside = [record for record in draft.used if record.KIND in _BESIDE]
    cards = {block.key for block in draft.answer.blocks if isinstance(block, Card)}
    ranked = sorted(beside, key=lambda record: (record.key not in cards, _BESIDE.index(record.KIND)))
    return list({record.key: record for record in (*draft.found, *ranked)}.values())


def _replied(draft: Draft, given: Sequence[Given], lead: _Lead) -> Answer:
    """The composed answer with its lead replaced; under it, which records the numbers stand for."""
    names = {each.number: each.record.name(base(draft.asked.lang)) for each in given}
    numbers = tuple(str(place) for place, _ in enumerate(lead.order, 1))
    listed = lead.speech.say("semicolon").join(f"[{place}] {names[number]}" for place, number in enumerate(lead.order, 1))
    said: list[Block] = [
        Text(lead.text, "lead", derived=numbers),
        Text(lead.speech.say("rests_on", records=listed), "note", derived=numbers),
    ]
    return replace(draft.answer, blocks=tuple(_with(draft.answer.blocks, said, draft.answer.route)))


def _with(blocks: Sequence[Block], said: Sequence[Block], route: str) -> Iterator[Block]:
    """The blocks with the first lead replaced; an article's own text stays, since no card has it."""
    replaced = False
    for block in blocks:
        if not replaced and isinstance(block, Text) and block.role == "lead":
            replaced = True
            yield from said
            if route == "article":
                yield replace(block, role="body")
        else:
            yield block
