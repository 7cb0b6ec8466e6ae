"""The assistant: a question in, an answer out."""

from __future__ import annotations

import asyncio
import datetime
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import guard, measures_asked
from bot.compose import articles, changes, events, figures, listings, organisations, people, programmes, talk
from bot.compose.about import listing_about, source_lead
from bot.compose.comparison import comparison_blocks
from bot.compose.page import Page, today
from bot.conversation import phrases
from bot.conversation.course import after
from bot.conversation.memory import Memory
from bot.conversation.resolve import COMPARED, EXHAUSTED, GONE, ITSELF, PAGE, RECORD, UNRESOLVED, Resolved, Resolver, Rewriter
from bot.conversation.state import Conversation
from bot.finding.finder import Finder
from bot.finding.shelf import Finding
from bot.guard import Evidence
from bot.measures_asked import MeasureAsked
from bot.speech import Speech
from bot.staff.curated import CuratedReplies
from bot.understand import Understander, Understanding
from bot.values import ANSWERED, NEEDS_CLARIFICATION, NOT_FOUND, OUT_OF_SCOPE, Answer, Block, Card, Question, Text
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
from retrieval.index import Index
from retrieval.language import base, fold
from retrieval.retriever import HybridRetriever

log = logging.getLogger("greenask")
TELLS_OF_DOMAIN = 0.0


@dataclass(frozen=True)
class _Ways:
    """The ways to an answer over one generation of the index."""

    index: Index
    finder: Finder
    curated: CuratedReplies


class Assistant:
    """Answers questions from the knowledge base, and may be asked concurrently.

    What a conversation is about is kept in ``memory``; without one, every question is the first.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        retriever: HybridRetriever,
        clock: Callable[[], datetime.date] = today,
        *,
        memory: Memory | None = None,
        rewrite: Rewriter | None = None,
    ) -> None:
        self.kb = kb
        self.clock = clock
        self.retriever = retriever
        self._memory = memory
        self._understander = Understander(retriever)
        self._resolver = Resolver(kb, self._understander, rewrite)
        self._ways = self._opened()

    def _opened(self) -> _Ways:
        return _Ways(self.retriever.index, Finder(self.kb, self.retriever, self.clock), CuratedReplies(self.kb, self.retriever))

    def _current(self) -> _Ways:
        """The ways to an answer, as of the newest records: what they remember of others goes with the index it was read from."""
        self.retriever.follow()
        if self._ways.index is not self.retriever.index:
            self._ways = self._opened()
        return self._ways

    async def answer(self, question: Question) -> Answer:
        """The reply to one question, in its language."""
        return await asyncio.to_thread(self.answer_now, question)

    def answer_now(self, question: Question) -> Answer:
        """The same, in the calling thread."""
        start = time.perf_counter()
        # Names and facets are read before anything is searched for, and they too are of the newest records.
        ways = self._current()
        before = self._recalled(question.session)
        resolved = self._resolved(question, before)
        answer = self._answered(ways, question, resolved)
        self._remember(question.session, after(before, resolved, answer))
        took = (time.perf_counter() - start) * 1000
        log.info("answered lang=%s status=%s route=%s took_ms=%.1f", answer.lang, answer.status, answer.route, took)
        return replace(answer, question=question.text, took_ms=round(took, 1), session=question.session)

    def about(self, keys: Sequence[str], lang: str) -> Answer:
        """The full cards of records, by their keys; those that are no more are left out."""
        names = " / ".join(record.name(base(lang)) for record in self.kb.fetch(keys))
        return self._spoken_of(Resolved(names, lang, RECORD, keys=tuple(keys)))

    def compared(self, keys: Sequence[str], lang: str) -> Answer:
        """Two to four records side by side, by their keys."""
        names = " / ".join(record.name(base(lang)) for record in self.kb.fetch(keys))
        return self._side_by_side(Resolved(names, lang, COMPARED, keys=tuple(keys)))

    def heard(self, question: Question, answer: Answer) -> None:
        """Take an answer that was made elsewhere into the conversation, so that it can be gone on from."""
        resolved = Resolved(question.text, answer.lang)
        self._remember(question.session, after(self._recalled(question.session), resolved, answer))

    def forget(self, session: str) -> None:
        """Begin a conversation anew."""
        if self._memory is not None:
            self._memory.forget(session)

    def _recalled(self, session: str | None) -> Conversation | None:
        return self._memory.recall(session) if self._memory is not None and session is not None else None

    def _remember(self, session: str | None, state: Conversation | None) -> None:
        if self._memory is not None and session is not None and state is not None:
            self._memory.keep(session, state)

    def _resolved(self, question: Question, before: Conversation | None) -> Resolved:
        """The question on its own. Without a conversation it is what was typed."""
        if self._memory is None or question.session is None:
            return Resolved(question.text, question.lang or "", skip=question.skip)
        if question.skip and before is not None and question.text == before.question:
            return Resolved(question.text, question.lang or "", PAGE, skip=question.skip)
        return self._resolver.resolve(question, before)

    def _answered(self, ways: _Ways, question: Question, resolved: Resolved) -> Answer:
        """The reply to a question that stands alone, or to what could not be made one."""
        if resolved.how in UNRESOLVED:
            return self._unresolved(resolved)
        if resolved.how == RECORD:
            answer = self._spoken_of(resolved)
        elif resolved.how == COMPARED:
            answer = self._side_by_side(resolved)
        else:
            standing = replace(question, text=resolved.question, lang=resolved.lang or None, skip=resolved.skip)
            asked = self._understander.read(standing)
            answer = (None if standing.skip else ways.curated.reply(standing, asked)) or self._found(
                ways.finder, asked, question.take
            )
        return answer if resolved.how == ITSELF else replace(answer, resolved=resolved.question)

    def _spoken_of(self, resolved: Resolved) -> Answer:
        """The records that a follow-up points to, with what it asks of them."""
        of = self._understander.read(Question(resolved.about, resolved.lang))
        asked = replace(of, text=resolved.question, lang=resolved.lang, names=(), talk=None)
        page = Page(self.kb, asked.lang, today=self.clock())
        blocks = [block for record in self.kb.fetch(resolved.keys) for block in self._about(page, asked, resolved, record)]
        if not blocks:
            return self._unresolved(replace(resolved, how=GONE))
        return self._vouched(page, asked, Answer(asked.text, asked.lang, ANSWERED, tuple(blocks), route=RECORD))

    def _about(self, page: Page, asked: Understanding, resolved: Resolved, record: Record) -> list[Block]:
        fields = phrases.fields(fold(resolved.about))
        if isinstance(record, Listing):
            return listing_about(
                page, record, [*fields, *(one for one in ("contact", "website", "cost") if one in asked.aspects)]
            )
        lead: list[Block] = [source_lead(page, record)] if "source" in fields else []
        return [*lead, *_COMPOSERS[record.KIND](self, page, asked, Finding(record.KIND, (record,)))[bool(lead) :]]

    def _side_by_side(self, resolved: Resolved) -> Answer:
        page = Page(self.kb, resolved.lang, today=self.clock())
        records = self.kb.fetch(resolved.keys)
        if len(records) < 2:
            return self._unresolved(replace(resolved, how=GONE))
        asked = Understanding(resolved.question, resolved.lang, Facets())
        blocks = tuple(comparison_blocks(page, records))
        return self._vouched(page, asked, Answer(asked.text, asked.lang, ANSWERED, blocks, route=COMPARED))

    def _unresolved(self, resolved: Resolved) -> Answer:
        """What is said to a follow-up that leans on nothing, or on what is not there."""
        page = Page(self.kb, resolved.lang, today=self.clock())
        status = ANSWERED if resolved.how == EXHAUSTED else NEEDS_CLARIFICATION
        blocks = tuple(talk.unresolved_blocks(page, resolved.how, resolved.number, [one.label for one in resolved.choices]))
        return Answer(resolved.question, resolved.lang, status, blocks, route=resolved.how, choices=resolved.choices)

    def curated(self, question: Question) -> Answer | None:
        """The answer that staff gave to this question, if they did."""
        return self._current().curated.reply(question, self._understander.read(question))

    def _found(self, finder: Finder, asked: Understanding, take: int) -> Answer:
        finding = finder.find(asked).page(asked.skip, take)
        return replace(self._compose(asked, finding), route=finding.route, skip=finding.skip, more=finding.more)

    def figures_of(self, metric: str, lang: str) -> Answer | None:
        """The reply with the figures of a metric named by its id; None when there is no such metric."""
        found = self.kb.fetch([f"metric/{metric}"])
        if not found:
            return None
        asked = Understanding(metric, lang, Facets())
        return replace(self._compose(asked, Finding("metric", tuple(found))), question=metric)

    def _compose(self, asked: Understanding, finding: Finding) -> Answer:
        page = Page(self.kb, asked.lang, today=self.clock())
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
        if any(not isinstance(block, Text) or block.role == "lead" for block in blocks):
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
    if finding.skip:
        first, last = str(finding.skip + 1), str(finding.skip + len(found))
        names = page.speech.join([page.name(listing) for listing in found])
        lead = Speech(page.lang, "conversation").say(
            "listings_page", first=first, last=last, scope=_scope(page, finding), names=names
        )
        blocks[0] = Text(lead, "lead", derived=(first, last))
    elif finding.count > len(found):
        names = page.speech.join([page.name(listing) for listing in found])
        more = page.say(
            "listings_more" if finding.scope and not finding.scores else "listings_first",
            n=finding.count,
            shown=len(found),
            scope=_scope(page, finding) if finding.scores else page.speech.join(list(finding.scope)),
            names=names,
        )
        blocks[0] = Text(more, "lead", derived=(str(finding.count), str(len(found))))
    return blocks


def _organisation(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Organisation)
    return organisations.organisation_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _organisations(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Organisation)]
    return organisations.organisations_blocks(
        page, found, scope=_scope(page, finding), scores=finding.scores, total=_total(finding)
    )


def _person(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Person)
    only = finding.event.id if finding.event else None
    return people.person_blocks(page, record, asked.aspects, event=only, score=finding.scores.get(record.key, 0.0))


def _people(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Person)]
    return people.people_blocks(page, found, event=finding.event, scores=finding.scores, total=_total(finding))


def _event(_: Assistant, page: Page, asked: Understanding, finding: Finding) -> list[Block]:
    record = finding.records[0]
    assert isinstance(record, Event)
    return events.event_blocks(page, record, asked.aspects, score=finding.scores.get(record.key, 0.0))


def _events(_: Assistant, page: Page, __: Understanding, finding: Finding) -> list[Block]:
    found = [record for record in finding.records if isinstance(record, Event)]
    return events.events_blocks(page, found, scope=_scope(page, finding), scores=finding.scores, total=_total(finding))


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


def _total(finding: Finding) -> int:
    """How many there are, of which the records may be a page."""
    return len(finding.found) or len(finding.records)


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
