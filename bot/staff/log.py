"""The question log: what was asked, what was found, how it was liked; never who asked."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from sqlmodel import Session, col, delete, select

from bot.settings import Settings
from bot.side_writer import SideWriter
from bot.staff.visit import ASK, CHAT, FILE
from bot.values import Answer, Question
from knowledge.journal import Asker, LoggedQuestion, Wish, now
from knowledge.store import KnowledgeBase

T = TypeVar("T")

UP, DOWN = "up", "down"
KEY = "log.key"

_LOCAL = (CHAT, ASK, FILE)  # one person at one machine, whichever of these they use
_LONGEST = 2_000  # characters of a question or a note
_MOST_KEYS = 20
_PURGE_EVERY = 86_400.0  # seconds
# Who can be reached by what they typed has said who they are.
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\d.,])\+?\d(?:[ -]?\d){9,}(?![\d.,]*\d)")

log = logging.getLogger("greenask")


class QuestionLog:
    """Writes after an answer was shown: it never fails, and never waits long. May be used from several threads.

    In an event loop, hand its methods to a thread.
    """

    def __init__(self, kb: KnowledgeBase, key: Callable[[], bytes], *, retention_days: int, enabled: bool = True) -> None:
        self.enabled = enabled
        self._kb = kb
        self._read_key = key
        self._retention = timedelta(days=retention_days)
        self._purged = float("-inf")
        self._aside = SideWriter(kb, "the question log cannot be written; questions are answered all the same")

    @classmethod
    def open(cls, settings: Settings, kb: KnowledgeBase) -> QuestionLog:
        """The log as the settings want it."""
        enabled = settings.log_questions == "yes"
        return cls(kb, lambda: pseudonym_key(settings), retention_days=settings.log_retention_days, enabled=enabled)

    @cached_property
    def _key(self) -> bytes:
        return hashlib.blake2b(self._read_key(), digest_size=32).digest()

    def pseudonym(self, channel: str, conversation: str) -> str:
        """What stands for a conversation in the log: a keyed hash, the same each time, from which nobody can go back."""
        place = "local" if channel in _LOCAL else channel
        return hashlib.blake2b(f"{place}\0{conversation}".encode("utf-8", "replace"), key=self._key, digest_size=12).hexdigest()

    def record(
        self, question: Question, answer: Answer, channel: str, conversation: str, *, instead_of: int | None = None
    ) -> int | None:
        """Log a question that was answered; returns the entry's number, by which feedback finds it.

        ``instead_of`` is the entry of its first wording, which goes: it was taken back. None when questions are not logged, when
        this person does not want it, or when it could not be written.
        """
        if not self.enabled:
            return None

        def write(session: Session) -> int | None:
            if time.monotonic() - self._purged >= _PURGE_EVERY:
                self._purge(session)
            entry = self._entry(question, answer, channel, conversation)
            if instead_of is not None:
                mine = col(LoggedQuestion.conversation) == entry.conversation
                session.exec(delete(LoggedQuestion).where(col(LoggedQuestion.id) == instead_of, mine))
            if session.get(Asker, entry.conversation) is not None:
                session.commit()
                return None
            session.add(entry)
            session.commit()
            return entry.id

        return self._aside.write(write, None)

    def _entry(self, question: Question, answer: Answer, channel: str, conversation: str) -> LoggedQuestion:
        return LoggedQuestion(
            channel=channel,
            conversation=self.pseudonym(channel, conversation),
            lang=answer.lang,
            text=storable(answer.resolved or question.text),
            kind=answer.route,
            status=answer.status,
            found=found_keys(answer),
            took_ms=answer.took_ms,
        )

    def feedback(self, entry: int, verdict: str, note: str | None = None, *, conversation: tuple[str, str] | None = None) -> bool:
        """Note that an answer was liked (``up``) or not (``down``); returns whether there is such an entry.

        Where the number comes from outside, give ``conversation`` (channel and name): an entry of another one stays as it is.
        """
        if verdict not in (UP, DOWN):
            raise ValueError(f"feedback is {UP!r} or {DOWN!r}, not {verdict!r}")

        def write(session: Session) -> bool:
            found = session.get(LoggedQuestion, entry)
            if found is None or (conversation is not None and found.conversation != self.pseudonym(*conversation)):
                return False
            found.feedback = verdict
            found.feedback_note = storable(note) if note else None
            session.commit()
            return True

        return self._aside.write(write, False)

    def opt_out(self, channel: str, conversation: str) -> bool:
        """Log nothing of this conversation any more, and forget what was logged; returns whether that is done."""

        def write(session: Session) -> bool:
            name = self.pseudonym(channel, conversation)
            session.exec(delete(LoggedQuestion).where(col(LoggedQuestion.conversation) == name))
            session.exec(delete(Wish).where(col(Wish.conversation) == name))
            session.merge(Asker(conversation=name))
            session.commit()
            return True

        return self._aside.write(write, False)

    def opt_in(self, channel: str, conversation: str) -> bool:
        """Log this conversation again; returns whether that is done."""

        def write(session: Session) -> bool:
            session.exec(delete(Asker).where(col(Asker.conversation) == self.pseudonym(channel, conversation)))
            session.commit()
            return True

        return self._aside.write(write, False)

    def wish(self, answer: Answer, channel: str, conversation: str, address: str | None = None) -> bool:
        """Remember that this person wants to be told when staff have answered; returns whether that is done.

        ``address`` is for channels that must go to the person, such as a chat's id: kept only until they are told.
        """
        if not self.enabled:
            return False

        def write(session: Session) -> bool:
            name, text = self.pseudonym(channel, conversation), storable(answer.resolved or answer.question)
            session.add(Wish(channel=channel, conversation=name, address=address, lang=answer.lang, text=text))
            session.commit()
            return True

        return self._aside.write(write, False)

    def wishes(self, channel: str, conversation: str | None = None) -> list[Wish]:
        """Who wants to be told something, oldest first: all of a channel, or one conversation."""
        if not self.enabled:
            return []
        statement = select(Wish).order_by(col(Wish.id))
        if conversation is None:
            statement = statement.where(Wish.channel == channel)
        else:
            statement = statement.where(Wish.conversation == self.pseudonym(channel, conversation))
        with self._kb.session() as session:
            return list(session.exec(statement))

    def told(self, wish: Wish) -> None:
        """Forget a wish that was fulfilled, and the address with it."""

        def write(session: Session) -> None:
            session.exec(delete(Wish).where(col(Wish.id) == wish.id))
            session.commit()

        self._aside.write(write, None)

    def purge(self) -> None:
        """Forget what is older than the retention allows. Logging does it by itself once a day."""
        self._aside.write(self._purge, None)

    def _purge(self, session: Session) -> None:
        oldest = now() - self._retention
        session.exec(delete(LoggedQuestion).where(col(LoggedQuestion.asked_at) < oldest))
        session.exec(delete(Wish).where(col(Wish.made_at) < oldest))
        session.commit()
        self._purged = time.monotonic()


def found_keys(answer: Answer) -> list[str]:
    """The keys of what an answer shows: its cards, what it compares, then the metrics of its figures."""
    keys = (
        [card.key for card in answer.cards]
        + list(answer.table.keys if answer.table else ())
        + [f"metric/{figure.metric}" for figure in answer.figures]
    )
    return list(dict.fromkeys(keys))[:_MOST_KEYS]


def storable(text: str) -> str:
    """The text as it is kept: what any database can hold, not too long, without e-mail addresses and telephone numbers."""
    plain = text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")[:_LONGEST]
    return _PERSONAL.sub("[…]", plain)


def pseudonym_key(settings: Settings) -> bytes:
    """The key of the pseudonyms: the one set, or one of our own in the data folder, made at the first need."""
    if settings.log_key is not None:
        return settings.log_key.get_secret_value().encode()
    path = settings.data_dir / KEY
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        log.warning("%s cannot be written (%s); pseudonyms change with each start", path, error.strerror)
        return secrets.token_bytes(32)
    # Another process may be between making it and filling it.
    for _ in range(20):
        if found := path.read_bytes().strip():
            return found
        time.sleep(0.05)
    return secrets.token_bytes(32)
