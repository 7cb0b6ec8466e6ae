"""The assistant: a question in, an answer out."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from bot import guard
from bot.compose import replies, talk
from bot.compose.about import listing_about, source_lead
from bot.compose.comparison import comparison_blocks
from bot.compose.page import Page, today
from bot.conversation import phrases
from bot.conversation.course import after
from bot.conversation.memory import Memory
from bot.conversation.offers import Offers
from bot.conversation.resolve import Resolver
from bot.conversation.resolved import COMPARED, EXHAUSTED, GONE, ITSELF, PAGE, RECORD, REWRITTEN, UNRESOLVED, Resolved
from bot.conversation.state import Conversation
from bot.explain import explained
from bot.finding.finder import Finder
from bot.finding.shelf import LISTED, Finding
from bot.guard import Evidence
from bot.speech import Speech
from bot.staff.curated import CuratedReplies
from bot.understand import Understander, Understanding
from bot.values import ANSWERED, NEEDS_CLARIFICATION, NOT_FOUND, OUT_OF_SCOPE, SPELLING, Answer, Block, Explained, Question, Text
from bot.writing import Draft, Hear, Rewriter, Unheard, Writer, unheard
from knowledge.records import LANGUAGES, Listing, Record
from knowledge.store import KnowledgeBase
from retrieval import documents
from retrieval.facets import Facets
from retrieval.index import Index
from retrieval.language import base, detect, fold
from retrieval.retriever import HybridRetriever

log = logging.getLogger("greenask")
TELLS_OF_DOMAIN = 0.0
# Characters from which on a question is a message: a model, if there is one, is asked what its question is.
_LONG = {"en": 240, "zh": 80}
_LISTING_ASPECTS = ("contact", "website", "cost")


@dataclass(frozen=True)
class _Ways:
    """The ways to an answer over one generation of the index."""

    index: Index
    finder: Finder
    curated: CuratedReplies


class Assistant:
    """Answers questions from the knowledge base, and may be asked concurrently.

    What a conversation is about is kept in ``memory``; without one, every question is the first. A language model is never
    needed: a ``writer`` words leads anew, a ``rewriter`` makes one question of a long or tangled one.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        retriever: HybridRetriever,
        clock: Callable[[], datetime.date] = today,
        *,
        memory: Memory | None = None,
        writer: Writer | None = None,
        rewriter: Rewriter | None = None,
    ) -> None:
        self.kb = kb
        self.clock = clock
        self.retriever = retriever
        self._memory = memory
        self._understander = Understander(retriever)
        self._writer = writer
        self._rewriter = rewriter
        self._resolver = Resolver(kb, self._understander, rewriter)
        self._offers = Offers()
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
        ways = self._current()
        before = self._recalled(question.session)
        resolved = self._resolved(question, before)
        answer = self._answered(ways, question, resolved, hear)
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
        resolved = Resolved(question.text, answer.lang, PAGE if question.skip else ITSELF, skip=question.skip)
        self._remember(question.session, after(self._recalled(question.session), resolved, answer))

    def going_on(self, question: Question) -> tuple[str, int] | None:
        """What was asked for the list that a "more" goes on with, and how many of it were shown; None for any other question."""
        before = self._recalled(question.session)
        if before is None or not before.more or not phrases.spelt("more", fold(question.text)):
            return None
        return before.question, len(before.listed)

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
            return self._shortened(question, Resolved(question.text, question.lang or "", skip=question.skip))
        if question.skip:  # a page of a question that stands alone: of the one that is talked about, or of an earlier one
            how = PAGE if before is not None and question.text == before.question else ITSELF
            return Resolved(question.text, question.lang or "", how, skip=question.skip)
        return self._shortened(question, self._resolver.resolve(question, before))

    def _shortened(self, question: Question, resolved: Resolved) -> Resolved:
        """The question in a long message, if there is a model to find it."""
        lang = question.lang or detect(question.text)
        if self._rewriter is None or resolved.how != ITSELF or len(question.text) < _LONG[base(lang)]:
            return resolved
        short = self._rewriter.rewrite(question.text, (), question.who)
        return replace(resolved, question=short, lang=lang, how=REWRITTEN) if short else resolved

    def _answered(self, ways: _Ways, question: Question, resolved: Resolved, hear: Hear) -> Answer:
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
            curated = None if standing.skip else ways.curated.reply(standing, asked)
            answer = curated or self._written(self._found(ways.finder, asked, question.take), question.who, hear)
            answer = replace(answer, explained=explained(resolved, asked, answer))
        return answer if resolved.how == ITSELF else replace(answer, resolved=resolved.question)

    def _spoken_of(self, resolved: Resolved) -> Answer:
        """The records that a follow-up points to, with what it asks of them."""
        of = self._understander.read(Question(resolved.about, resolved.lang))
        asked = replace(of, text=resolved.question, lang=resolved.lang, names=(), talk=None)
        page = Page(self.kb, asked.lang, today=self.clock())
        records = self.kb.fetch(resolved.keys)
        blocks = [block for record in records for block in self._about(page, asked, resolved, record)]
        if not blocks:
            return self._unresolved(replace(resolved, how=GONE))
        if unspoken := self._unspoken(of, records):
            words = page.speech.join([page.say("quoted", text=word) for word in unspoken])
            said = Speech(asked.lang, "conversation").say("unspoken", words=words)
            blocks.insert(0, Text(said, "note"))
        answer = Answer(asked.text, asked.lang, ANSWERED, tuple(blocks), route=RECORD)
        return self._vouched(page, asked, replace(answer, explained=explained(resolved, asked, answer)))

    def _unspoken(self, of: Understanding, records: Sequence[Record]) -> list[str]:
        """What is asked of records, where none of them speaks of any of it."""
        about = of.facets.folded
        for pattern in phrases.field_patterns():
            about = pattern.sub(" ", about)
        words = [word for word in self._understander.read(Question(about, of.lang)).content if not phrases.joins(word)]
        if not words or of.aspects & set(_LISTING_ASPECTS):
            return []
        related = self._ways.finder.related
        texts = [documents.document(record, lang, related).text for record in records for lang in LANGUAGES]
        return [] if self.retriever.matched(" ".join(words), texts) else words

    def _about(self, page: Page, asked: Understanding, resolved: Resolved, record: Record) -> list[Block]:
        fields = phrases.fields(fold(resolved.about))
        if isinstance(record, Listing):
            wanted = dict.fromkeys([*fields, *(one for one in _LISTING_ASPECTS if one in asked.aspects)])
            return listing_about(page, record, list(wanted))
        lead: list[Block] = [source_lead(page, record)] if "source" in fields and record.sources else []
        return [*lead, *replies.blocks_of(page, asked, Finding(record.KIND, (record,)))[bool(lead) :]]

    def _side_by_side(self, resolved: Resolved) -> Answer:
        page = Page(self.kb, resolved.lang, today=self.clock())
        records = self.kb.fetch(resolved.keys)
        if len(records) < 2:
            return self._unresolved(replace(resolved, how=GONE))
        asked = Understanding(resolved.question, resolved.lang, Facets())
        answer = Answer(asked.text, asked.lang, ANSWERED, tuple(comparison_blocks(page, records)), route=COMPARED)
        return self._vouched(page, asked, replace(answer, explained=explained(resolved, asked, answer)))

    def _unresolved(self, resolved: Resolved) -> Answer:
        """What is said to a follow-up that leans on nothing, or on what is not there."""
        page = Page(self.kb, resolved.lang, today=self.clock())
        status = ANSWERED if resolved.how == EXHAUSTED else NEEDS_CLARIFICATION
        blocks = tuple(talk.unresolved_blocks(page, resolved.how, resolved.number, [one.label for one in resolved.choices]))
        how = Explained(resolved.how)
        choices = resolved.choices
        return Answer(resolved.question, resolved.lang, status, blocks, route=resolved.how, choices=choices, explained=how)

    def curated(self, question: Question) -> Answer | None:
        """The answer that staff gave to this question, if they did."""
        return self._current().curated.reply(question, self._understander.read(question))

    def _found(self, finder: Finder, asked: Understanding, take: int) -> Draft:
        finding = self._with_reasons(finder, asked, finder.find(asked).page(asked.skip, take or LISTED))
        page = Page(self.kb, asked.lang, today=self.clock())
        answer = replace(self._compose(page, asked, finding), route=finding.route, skip=finding.skip, more=finding.more)
        return Draft(asked, answer, finding.records, tuple(page.used.values()))

    def _written(self, draft: Draft, who: str | None, hear: Hear) -> Answer:
        """The reply with a lead of the model's, if there is one and it may be said."""
        return self._writer.write(draft, who, hear) if self._writer else draft.answer

    def figures_of(self, metric: str, lang: str) -> Answer | None:
        """The reply with the figures of a metric named by its id; None when there is no such metric."""
        found = self.kb.fetch([f"metric/{metric}"])
        if not found:
            return None
        asked = Understanding(metric, lang, Facets())
        page = Page(self.kb, lang, today=self.clock())
        return replace(self._compose(page, asked, Finding("metric", tuple(found))), question=metric)

    def _compose(self, page: Page, asked: Understanding, finding: Finding) -> Answer:
        blocks = self._mended(page, asked) + replies.blocks_of(page, asked, finding)
        if finding.route == "silence":
            outside = self._outside(asked, finding)
            status = OUT_OF_SCOPE if outside else NOT_FOUND
            blocks = talk.silence_blocks(
                page,
                outside=outside,
                scope=replies.scope_text(page, finding),
                near=[page.name(r) for r in finding.choices],
                lacking=finding.lacking,
            )
        else:
            status = replies.status_of(finding)
        choices = self._offers.of(page, asked, finding) if status != OUT_OF_SCOPE else ()
        if any(choice.kind == SPELLING for choice in choices):
            blocks += talk.spelling_blocks(page, [choice.label for choice in choices])
        return self._vouched(page, asked, Answer(asked.text, asked.lang, status, tuple(blocks), choices=choices))

    def _vouched(self, page: Page, asked: Understanding, answer: Answer) -> Answer:
        """The answer without what no record says: the last look at every reply, whoever wrote it."""
        # What was asked may be said again, whole or a word of it: "ten" of "ten thousand".
        typed = (asked.text, *asked.content, *(typed for typed, _ in asked.mended))
        evidence = Evidence.joined([Evidence.of_records(page.used.values()), Evidence.allowed(*typed)])
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
        if finding.choices or finding.near or asked.names or not (asked.content or asked.singles or not finding.scope):
            return False
        # A place says nothing of what is asked about: a cake from France is a cake.
        text = asked.unplaced if finding.scope else asked.text
        return self.retriever.domain(text, asked.base) < TELLS_OF_DOMAIN

    def _with_reasons(self, finder: Finder, asked: Understanding, finding: Finding) -> Finding:
        """The finding with the words of the question that each record has, where it was searched for."""
        text, related = " ".join(asked.content) or asked.text, finder.related
        shown = [one for one in (*finding.records, *finding.beside) if one.key in finding.scores or isinstance(one, Listing)]
        told = {one.key: [documents.document(one, lang, related).text for lang in LANGUAGES] for one in shown}
        said = {key: self.retriever.matched(text, texts) for key, texts in told.items()}
        # Words that only join others are met everywhere and are no reason.
        return replace(finding, why={key: [word for word in words if not phrases.joins(word)] for key, words in said.items()})
