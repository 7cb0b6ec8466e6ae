"""The unanswered queue at work: its rows as they are now, and an answer to one of them from what staff wrote."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.assistant import Assistant
from bot.staff.curated import CuratedAnswers, CuratedReplies, Draft
from bot.staff.likeness import Likeness
from bot.staff.log import QuestionLog
from bot.staff.unanswered import Row, Unanswered
from knowledge.journal import CuratedVersion

_SOURCE = re.compile(r"(.*\S)\s+(https?://\S+)", re.DOTALL)
_LONGEST_TITLE = 500


class Queue:
    """The questions nobody could answer."""

    def __init__(self, assistant: Assistant, log: QuestionLog) -> None:
        self._assistant = assistant
        self._log = log

    def rows(self) -> list[Row]:
        """The rows as of now, what was asked most first."""
        self._log.purge()
        kb, retriever = self._assistant.kb, self._assistant.retriever
        return Unanswered(kb, Likeness(retriever), CuratedReplies(kb, retriever).match).rows()

    def with_entry(self, entry: int) -> Row | None:
        """The row that has this entry of the log among its wordings."""
        return next((row for row in self.rows() if any(each.entry == entry for each in row.wordings)), None)

    def answer(self, row: Row, source: tuple[str, str], en: str | None, zh: str | None) -> CuratedVersion:
        """Answer a row in all its wordings."""
        draft = Draft(tuple(each.text for each in row.wordings), source[0], source[1], en, zh)
        return CuratedAnswers(self._assistant.kb).add(draft)


def read_source(said: str) -> tuple[str, str] | None:
    """Title and link of a source; None unless both are there and the link is one of the web."""
    found = _SOURCE.fullmatch(said.strip())
    if not found:
        return None
    try:
        parts = urlsplit(found[2])
    except ValueError:
        return None
    return (" ".join(found[1].split())[:_LONGEST_TITLE], found[2]) if parts.hostname and not parts.username else None
