"""The assistant: a question in, an answer out."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from bot import guard, measures_asked
from bot.compose import articles, changes, events, figures, listings, organisations, people, programmes, talk
from bot.compose.page import Page, today
from bot.finding.finder import Finder
from bot.finding.shelf import Finding
from bot.guard import Evidence
from bot.measures_asked import MeasureAsked
from bot.staff.curated import CuratedReplies
from bot.understand import Understander, Understanding
from bot.values import ANSWERED, NEEDS_CLARIFICATION, NOT_FOUND, OUT_OF_SCOPE, Answer, Block, Card, Figure, Question, Text
from bot.writing import Draft, Hear, Rewriter, Unheard, Writer, unheard
from knowledge.records import (
    Article,
    Event,
    Listing,
    Metric,
    Organisation,
    Person,
    Programme,
    Record,
    Statistic,
)
from knowledge.store import KnowledgeBase
from retrieval import documents
from retrieval.facets import Facets
from retrieval.language import base, detect
from retrieval.retriever import HybridRetriever

log = logging.getLogger("greenask")
TELLS_OF_DOMAIN = 0.0
# Characters from which on a question is a message: a model, if there is one, is asked what its question is.
_LONG = {"en": 240, "zh": 80}


class Assistant:
    """Answers questions from the knowledge base. It holds no state between questions and may be asked concurrently."""

    def __init__(
        self,
        kb: KnowledgeBase,
        retriever: HybridRetriever,
        clock: Callable[[], datetime.date] = today,
        *,
        writer: Writer | None = None,
        rewriter: Rewriter | None = None,
    ) -> None:
        self.kb = kb
        self.writer = writer
        self.rewriter = rewriter
        self.clock = clock
        self.retriever = retriever
        self._understander = Understander(retriever)
        self._finder = Finder(kb, retriever, clock)
        self._curated = CuratedReplies(kb, retriever)

    async def answer(self, question: Question) -> Answer:
        """The reply to one question, in its language."""
        return await asyncio.to_thread(self.answer_now, question)

    async def stream(self, question: Question) -> AsyncIterator[str | Answer]:
        """The reply as it is written: each sentence of its lead that may be said, then the whole answer, last of all.

        Without a model there is the answer alone. The sentences are those of the answer's lead, in the reader's script.
        """
        loop = asyncio.get_running_loop()
        said: asyncio.Queue[str | Answer | Exception] = asyncio.Queue()
        gone = threading.Event()

        def hear(sentence: str) -> None:
            if gone.is_set():
                raise Unheard
            loop.call_soon_threadsafe(said.put_nowait, sentence)

        def write() -> None:
            try:
                answer: Answer | Exception = self.answer_now(question, hear)
            except Exception as error:  # noqa: BLE001  (it is raised again where the reply is awaited)
                answer = error
            if not gone.is_set():
                loop.call_soon_threadsafe(said.put_nowait, answer)

        writing = loop.run_in_executor(None, contextvars.copy_context().run, write)
        try:
            while True:
                part = await said.get()
                if isinstance(part, Exception):
                    raise part
                yield part
                if isinstance(part, Answer):
                    break
            await writing
        finally:
            gone.set()

    def answer_now(self, question: Question, hear: Hear = unheard) -> Answer:
        """The reply, in the calling thread; ``hear`` is told each sentence of a lead while a model writes it."""
        start = time.perf_counter()
        # Names and facets are read before anything is searched for, and they too are of the newest records.
        self.retriever.follow()
        asked, resolved = self._read(question)
        answer = self._curated.reply(question, asked)
        if answer is None:
            draft = self._found(asked)
            answer = self.writer.write(draft, question.session, hear) if self.writer else draft.answer
        took = (time.perf_counter() - start) * 1000
        log.info("answered lang=%s status=%s route=%s took_ms=%.1f", asked.lang, answer.status, answer.route, took)
        resolved = resolved or answer.resolved
        return replace(answer, question=question.text, took_ms=round(took, 1), session=question.session, resolved=resolved)

    def _read(self, question: Question) -> tuple[Understanding, str | None]:
        """What a question says; of a long one, what the model made of it, with that question."""
        if self.rewriter is not None and len(question.text) >= _LONG[base(detect(question.text))]:
            short = self.rewriter.rewrite(question.text, (), question.session)
            if short is not None:
                lang = question.lang or detect(question.text)
                return self._understander.read(replace(question, text=short, lang=lang)), short
        return self._understander.read(question), None

    def curated(self, question: Question) -> Answer | None:
        """The answer that staff gave to this question, if they did."""
        return self._curated.reply(question, self._understander.read(question))

    def _found(self, asked: Understanding) -> Draft:
        finding = self._finder.find(asked)
        page = Page(self.kb, asked.lang, today=self.clock())
        answer = replace(self._compose(page, asked, finding), route=finding.route)
        return Draft(asked, answer, finding.records, tuple(page.used.values()))

    def figures_of(self, metric: str, lang: str) -> Answer | None:
        """The reply with the figures of a metric named by its id; None when there is no such metric."""
        found = self.kb.fetch([f"metric/{metric}"])
        if not found:
            return None
        asked = Understanding(metric, lang, Facets())
        page = Page(self.kb, lang, today=self.clock())
        return replace(self._compose(page, asked, Finding("metric", tuple(found))), question=metric)

    def _compose(self, page: Page, asked: Understanding, finding: Finding) -> Answer:
        blocks = self._mended(page, asked) + _COMPOSERS[finding.route](self, page, asked, finding)
        if finding.route == "silence":
            outside = self._outside(asked, finding)
            status = OUT_OF_SCOPE if outside else NOT_FOUND
            blocks = talk.silence_blocks(
                page, outside=outside, scope=_scope(page, finding), near=[page.name(r) for r in finding.choices]
            )
        else:
            status = ANSWERED if finding.own else _STATUS.get(finding.route, ANSWERED)
        return self._vouched(page, asked, Answer(asked.text, asked.lang, status, tuple(blocks)))

    def _vouched(self, page: Page, asked: Understanding, answer: Answer) -> Answer:
        """The answer without what no record says: the last look at every reply, whoever wrote it."""
        evidence = Evidence.joined(
            [Evidence.of_records(page.used.values()), Evidence.allowed(asked.text, *(typed for typed, _ in asked.mended))]
        )
        blocks, dropped = guard.guarded(answer.blocks, evidence)
        if not dropped:
            return answer
        log.warning("guard left out what no record says: %s", ", ".join(dropped[:5]))
        if any(isinstance(block, Card | Figure) or block.role == "lead" for block in blocks):
            return replace(answer, blocks=tuple(blocks))
        return replace(answer, status=NOT_FOUND, blocks=tuple(talk.silence_blocks(page, outside=False)))

    def _mended(self, page: Page, asked: Understanding) -> list[Block]:
        return [Text(page.say("did_you_mean", typed=typed, meant=meant), "note") for typed, meant in asked.mended]

    def _outside(self, asked: Understanding, finding: Finding) -> bool:
        """Whether an unanswered question is not our business at all, rather than something we happen to have nothing on."""
        if finding.scope or finding.choices or asked.names:
            return False
        found = self.retriever.domain(asked.text, asked.base)
        return found < TELLS_OF_DOMAIN

    def _why(self, asked: Understanding, found: Sequence[Listing]) -> Mapping[str, Sequence[str]]:
        text, plain = " ".join(asked.content) or asked.text, documents.Related()
        return {
            listing.key: self.retriever.matched(text, [documents.document(listing, lang, plain).text for lang in ("en", "zh")])
            for listing in found
        }


Composer = Callable[[Assistant, Page, Understanding, Finding], list[Block]]


def _listings(assistant: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Listing)]
    blocks = listings.listing_blocks(
        page, found, why=assistant._why(asked, found), scores=finding.scores, scope=_scope(page, finding)
    )
    if finding.count > len(found):
        names = page.speech.join([page.name(listing) for listing in found])
        more = page.say(
            "listings_more", n=finding.count, shown=len(found), scope=page.speech.join(list(finding.scope)), names=names
        )
        blocks[0] = Text(more, "lead", derived=(str(finding.count), str(len(found))))
    return blocks


def _organisation(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Organisation)
    return organisations.organisation_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _organisations(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Organisation)]
    return organisations.organisations_blocks(page, found, scope=_scope(page, finding), scores=finding.scores)


def _person(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Person)
    only = finding.event.id if finding.event else None
    return people.person_blocks(page, record, asked.aspects, event=only, score=finding.scores.get(record.key, 0.0))


def _people(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Person)]
    return people.people_blocks(page, found, event=finding.event, scores=finding.scores)


def _event(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Event)
    return events.event_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _events(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Event)]
    return events.events_blocks(page, found, scope=_scope(page, finding), scores=finding.scores)


def _programme(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Programme)
    return programmes.programme_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _metric(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    blocks: list[Block] = []
    measure = finding.measure or measures_asked.read(asked.text, page.today)
    for record in finding.records:
        assert isinstance(record, Metric)
        blocks += _told(page, record, measure)
    cards = [_card(page, record) for record in finding.choices]
    return [*blocks, *(card for card in cards if card is not None)]


def _told(page: Page, metric: Metric, asked: MeasureAsked) -> list[Block]:
    """The figures of a metric as they were asked for; what cannot be worked out is told as the latest figure."""
    known = page.kb.all(Statistic, metric=metric.id)
    told = {"change": changes.change_blocks, "history": changes.history_blocks}.get(asked.operation)
    blocks = told(page, metric, known, asked) if told else None
    if blocks is not None:
        return blocks
    blocks = figures.metric_blocks(page, metric, known, asked)
    if asked.operation == "change" and known and not figures.is_share(known[0]):
        blocks.append(Text(page.say("one_figure_only"), "note"))
    return blocks


def _comparison(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    return changes.comparison_blocks(page, _with_figures(page, finding), finding.scope, finding.measure or MeasureAsked())


def _no_figure(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    blocks = figures.no_figure_blocks(page, finding.scope, _with_figures(page, finding))
    return [*blocks, _held(page, finding.count, finding.own)] if finding.own else blocks


def _with_figures(page: Page, finding: Finding) -> list[tuple[Metric, list[Statistic]]]:
    return [(metric, page.kb.all(Statistic, metric=metric.id)) for metric in finding.records if isinstance(metric, Metric)]


def _article(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Article)
    # Whoever asks "who" wants the person first.
    by_fit = sorted(record.about, key=lambda key: -finding.scores.get(key, 0.0))
    about = sorted(by_fit, key=lambda key: "who" in asked.aspects and not key.startswith("person/"))
    related = [_card(page, found) for found in page.kb.fetch(about[:2])]
    cards = [card for card in related if card is not None]
    return articles.article_blocks(page, record, score=finding.scores.get(record.key, 0.0), related=cards)


def _count(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    return [_held(page, finding.count, finding.scope)]


def _held(page: Page, count: int, counted: Sequence[str]) -> Text:
    """How many records of our own there are; what was counted is a kind and what narrows it."""
    kind, *scope = counted
    words = page.speech.names("held_words")[kind]
    where = page.say("scope_of", scope=page.speech.join(scope)) if scope else ""
    return Text(page.say("held_count", n=count, what=words, scope=where), "lead", derived=(str(count), *scope))


def _choice(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    said = [f"{page.both(r)}: {people.role(page, r)}" if isinstance(r, Person) else page.both(r) for r in finding.choices]
    return talk.choice_blocks(page, finding.scope[0], said)


def _talk(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    return talk.talk_blocks(page, finding.route)


def _silence(_: Assistant, __: Page, ___: Understanding, ____: Finding) -> list[Block]:
    return []


_COMPOSERS: Mapping[str, Composer] = {
    "listings": _listings,
    "organisation": _organisation,
    "organisations": _organisations,
    "person": _person,
    "people": _people,
    "event": _event,
    "events": _events,
    "programme": _programme,
    "metric": _metric,
    "comparison": _comparison,
    "no_figure": _no_figure,
    "article": _article,
    "count": _count,
    "choice": _choice,
    "silence": _silence,
    **dict.fromkeys(("greeting", "thanks", "goodbye", "capability", "empty"), _talk),
}


_STATUS: Mapping[str, str] = {"choice": NEEDS_CLARIFICATION, "empty": NEEDS_CLARIFICATION, "no_figure": NOT_FOUND}


def _scope(page: Page, finding: Finding) -> str:
    return page.say("scope_of", scope=page.speech.join(list(finding.scope))) if finding.scope else ""


def _card(page: Page, record: Record) -> Card | None:
    if isinstance(record, Organisation):
        return organisations.organisation_card(page, record)
    if isinstance(record, Person):
        return people.person_card(page, record)
    if isinstance(record, Event):
        return events.event_card(page, record)
    if isinstance(record, Programme):
        return programmes.programme_card(page, record)
    return None
