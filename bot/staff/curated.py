"""Curated answers: what staff wrote, kept by version, and given to whoever asks the same question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import func
from sqlmodel import col, select

from bot.speech import Speech
from bot.staff.likeness import SAME, SAME_ACROSS, Likeness, Meant, spelling
from bot.understand import Understanding
from bot.values import ANSWERED, Answer, Block, Card, Cited, Question, Text
from knowledge.dates import PartialDate
from knowledge.journal import CuratedAnswer, CuratedVersion
from knowledge.store import KnowledgeBase
from retrieval.language import clean, simplified
from retrieval.retriever import HybridRetriever
from retrieval.vectors import Vectors

ROUTE = "curated"
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Draft:
    """What staff hand in: the questions it answers, the answer in one language or both, and its source."""

    questions: Sequence[str]
    source_title: str
    source_url: str
    text_en: str | None = None
    text_zh: str | None = None


class CuratedAnswers:
    """The curated answers in the database. Every change is a further version; nothing is overwritten."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb

    @property
    def mark(self) -> int:
        """A number that grows with every change, 0 while there is none."""
        with self._kb.session() as session:
            return session.exec(select(func.max(CuratedVersion.id))).one() or 0

    def live(self) -> list[CuratedVersion]:
        """The latest version of each answer that was not revoked."""
        return [version for version in self.latest() if version.live]

    def latest(self) -> list[CuratedVersion]:
        """The latest version of each answer."""
        newest = select(func.max(CuratedVersion.id)).group_by(col(CuratedVersion.answer))
        with self._kb.session() as session:
            found = session.exec(select(CuratedVersion).where(col(CuratedVersion.id).in_(newest)))
            return sorted(found, key=lambda version: version.answer)

    def history(self, answer: int | None = None) -> list[CuratedVersion]:
        """All versions, of one answer or of all, oldest first."""
        statement = select(CuratedVersion).order_by(col(CuratedVersion.id))
        if answer is not None:
            statement = statement.where(CuratedVersion.answer == answer)
        with self._kb.session() as session:
            return list(session.exec(statement))

    def add(self, draft: Draft) -> CuratedVersion:
        """A new answer, live at once."""
        with self._kb.session() as session:
            answer = CuratedAnswer()
            session.add(answer)
            session.flush()
            version = CuratedVersion(answer=answer.id or 0, number=1, **_columns(draft))
            session.add(version)
            session.commit()
            return version

    def revise(self, before: CuratedVersion, draft: Draft, *, live: bool = True) -> CuratedVersion:
        """A further version of an answer."""
        version = CuratedVersion(answer=before.answer, number=before.number + 1, live=live, **_columns(draft))
        with self._kb.session() as session:
            session.add(version)
            session.commit()
        return version

    def revoke(self, before: CuratedVersion) -> CuratedVersion:
        """Take an answer back; what it said stays in its history."""
        return self.revise(before, draft_of(before), live=False)


def draft_of(version: CuratedVersion) -> Draft:
    """What a version says, to go on from."""
    texts = version.text_en, version.text_zh
    return Draft(version.questions, version.source_title, version.source_url, *texts)


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "questions": list(dict.fromkeys(draft.questions)),
        "text_en": draft.text_en,
        "text_zh": draft.text_zh,
        "source_title": draft.source_title,
        "source_url": draft.source_url,
    }


@dataclass(frozen=True)
class _Known:
    """The live answers, ready to be compared with; ``mark`` says as of which change."""

    mark: int = 0
    spelt: Mapping[str, CuratedVersion] = field(default_factory=dict)
    meant: Sequence[tuple[Meant, CuratedVersion]] = ()
    vectors: Vectors | None = None


class CuratedReplies:
    """Answers a question as staff answered it, if they did. Changes count from the next question on, in every process."""

    def __init__(self, kb: KnowledgeBase, retriever: HybridRetriever) -> None:
        self._answers = CuratedAnswers(kb)
        self._likeness = Likeness(retriever)
        self._known = _Known()
        self._lock = Lock()

    def reply(self, question: Question, asked: Understanding) -> Answer | None:
        """The curated answer to a question, in its language."""
        version = self.match(question.text)
        return compose(version, asked.text, asked.lang) if version else None

    def match(self, text: str) -> CuratedVersion | None:
        """The live answer whose questions this one is: spelt the same, or surely meant the same."""
        known = self._up_to_date()
        if not known.spelt:
            return None
        if found := known.spelt.get(spelling(text)):
            return found
        assert known.vectors is not None
        (asked,) = self._likeness.read([text])
        best, score = None, 0.0
        for number in np.flatnonzero(known.vectors @ asked.vector >= min(SAME, SAME_ACROSS)).tolist():
            each, version = known.meant[number]
            if (near := self._likeness.same(asked, each)) > score:
                best, score = version, near
        return best

    def _up_to_date(self) -> _Known:
        mark = self._answers.mark
        if mark != self._known.mark:
            with self._lock:
                if mark != self._known.mark:
                    self._known = self._read(mark)
        return self._known

    def _read(self, mark: int) -> _Known:
        pairs = [(question, version) for version in self._answers.live() for question in version.questions]
        meant = self._likeness.read([question for question, _ in pairs]) if pairs else []
        # Where two answers have the same question, the later one counts.
        spelt = {spelling(question): version for question, version in pairs}
        known = [(each, version) for each, (_, version) in zip(meant, pairs, strict=True)]
        return _Known(mark, spelt, known, np.vstack([each.vector for each in meant]) if meant else None)


def compose(version: CuratedVersion, text: str, lang: str) -> Answer:
    """A curated answer for a reader of ``lang``: what staff wrote, who wrote it when, and the source.

    Written in the other language only, it says so.
    """
    speech = Speech(lang, "staff")
    own, other = (version.text_en, version.text_zh) if speech.base == "en" else (version.text_zh, version.text_en)
    said = own or other or ""
    blocks: list[Block] = [] if own else [Text(speech.say("other_language"), "note")]
    # The script is the reader's, whichever it was written in.
    blocks += [Text(simplified(part), "lead" if own and not number else "body") for number, part in enumerate(_parts(said))]
    when = PartialDate.parse(local(version.made_at).date().isoformat()).spoken(speech.base)
    title = speech.say("by_staff")
    source = Cited(version.source_title, url=version.source_url)
    lines = ((speech.say("answered_on"), when),)
    card = Card(f"curated/{version.answer}", ROUTE, title, lines=lines, sources=(source,), name_en=None, name_zh=None)
    return Answer(text, lang, ANSWERED, (*blocks, card), route=ROUTE)


def local(moment: datetime) -> datetime:
    """A time of the journal in the machine's own time zone."""
    return moment.replace(tzinfo=UTC).astimezone()


def _parts(text: str) -> list[str]:
    return [clean(part) for part in _PARAGRAPHS.split(text) if clean(part)]
