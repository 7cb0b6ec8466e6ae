"""Where conversations are kept between two questions: the database, so that several processes may share them."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import Protocol

from sqlmodel import Session, col, delete

from bot.conversation.state import Conversation
from bot.settings import Settings
from bot.side_writer import SideWriter
from bot.staff.log import pseudonym_key
from knowledge.journal import OpenConversation, now
from knowledge.store import KnowledgeBase

_PURGE_EVERY = 600.0  # seconds

log = logging.getLogger("greenask")


class Memory(Protocol):
    """Remembers conversations by the name of their session."""

    def recall(self, session: str) -> Conversation | None:
        """What the conversation is about, if it is known and not over."""
        ...

    def keep(self, session: str, state: Conversation) -> None:
        """Remember what it is about from now on."""
        ...

    def forget(self, session: str) -> None:
        """Begin anew."""
        ...


class StoredMemory:
    """Conversations in the database, under a keyed hash of the session's name, until ``minutes`` after the last reply.

    It never fails: where a state cannot be read or written, the question is answered as if it were the first one.
    """

    def __init__(self, kb: KnowledgeBase, key: Callable[[], bytes], *, minutes: int) -> None:
        self._kb = kb
        self._read_key = key
        self._lifetime = timedelta(minutes=minutes)
        self._purged = float("-inf")
        self._aside = SideWriter(kb, "a conversation cannot be kept; questions are answered all the same")

    @classmethod
    def open(cls, settings: Settings, kb: KnowledgeBase) -> StoredMemory:
        """The memory as the settings want it."""
        return cls(kb, lambda: pseudonym_key(settings), minutes=settings.conversation_minutes)

    @cached_property
    def _key(self) -> bytes:
        return hashlib.blake2b(self._read_key(), digest_size=32, person=b"conversation").digest()

    def recall(self, session: str) -> Conversation | None:
        """What the conversation is about; None when it is over, was never begun, or cannot be read."""
        try:
            with self._kb.session() as database:
                found = database.get(OpenConversation, self._name(session))
            if found is None or found.touched_at < now() - self._lifetime:
                return None
            return Conversation.load(found.state)
        except Exception as error:  # noqa: BLE001  (whatever it is, the question can be answered)
            self._aside.complain(error)
            return None

    def keep(self, session: str, state: Conversation) -> None:
        """Remember the conversation until its lifetime is over."""

        def write(database: Session) -> None:
            database.merge(OpenConversation(conversation=self._name(session), touched_at=now(), state=state.dump()))
            if time.monotonic() - self._purged >= _PURGE_EVERY:
                database.exec(delete(OpenConversation).where(col(OpenConversation.touched_at) < now() - self._lifetime))
                self._purged = time.monotonic()
            database.commit()

        self._aside.write(write, None)

    def forget(self, session: str) -> None:
        """Delete what is known of the conversation."""

        def write(database: Session) -> None:
            database.exec(delete(OpenConversation).where(col(OpenConversation.conversation) == self._name(session)))
            database.commit()

        self._aside.write(write, None)

    def _name(self, session: str) -> str:
        return hashlib.blake2b(session.encode("utf-8", "replace"), key=self._key, digest_size=16).hexdigest()
