"""Turns that processes share: which of them is at a chat is written in the database, so that order holds across replicas.

Telegram hands over the next update of a chat only when the one before was accepted. An update is therefore written down before
it is accepted, and begun when no earlier one of its chat is left and none is being answered, wherever that may be.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, update

from knowledge.chats import SeenUpdate, TelegramTurn
from knowledge.journal import now
from knowledge.store import KnowledgeBase

LEASE = timedelta(seconds=20)  # after it, what a process that died had begun holds nobody up
_RENEWED = 5.0  # seconds

# Put together once: it is asked for every update.
_other = aliased(TelegramTurn)
_BEFORE = exists().where(
    col(_other.chat) == bindparam("its_chat"),
    col(_other.update) != bindparam("mine"),
    col(_other.until) > bindparam("at"),
    col(_other.begun) | (col(_other.number) < bindparam("its_number")),
)
_BEGIN = update(TelegramTurn).where(col(TelegramTurn.update) == bindparam("mine"), ~_BEFORE).values(begun=True)

log = logging.getLogger("greenask.telegram")


@dataclass(frozen=True)
class Ticket:
    """An update that waits its turn: its name among those of all bots, its number, and its chat."""

    name: str
    number: int
    chat: str


class Turns:
    """The turns of this process among others on the same database, whose clocks agree within seconds.

    Every method but :meth:`hold` waits for the database: in the event loop, hand them to a thread.
    """

    def __init__(self, kb: KnowledgeBase, lease: timedelta = LEASE, clock: Callable[[], datetime] = now) -> None:
        self._kb = kb
        self._lease = lease
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._held = 0

    def arrive(self, ticket: Ticket) -> bool:
        """Write down an update that came; False when some process has it already."""
        with self._kb.session() as session:
            session.add(SeenUpdate(update=ticket.name))
            until = self._clock() + self._lease
            turn = TelegramTurn(update=ticket.name, number=ticket.number, chat=ticket.chat, holder=self._holder, until=until)
            session.add(turn)
            try:
                session.commit()
            except IntegrityError:
                return False
        self._held += 1
        return True

    def begin(self, ticket: Ticket) -> bool:
        """Whether this update is next in its chat; if so it has begun. True as well where it was never written down."""
        asked = {"mine": ticket.name, "its_number": ticket.number, "its_chat": ticket.chat, "at": self._clock()}
        with self._kb.session() as session:
            self._alone(session, ticket.chat)
            begun = session.connection().execute(_BEGIN, asked).rowcount > 0
            is_known = begun or session.get(TelegramTurn, ticket.name) is not None
            session.commit()
        return begun or not is_known

    def end(self, ticket: Ticket) -> None:
        """Let the next one of the chat begin."""
        self._held = max(0, self._held - 1)
        with self._kb.session() as session:
            session.exec(delete(TelegramTurn).where(col(TelegramTurn.update) == ticket.name))
            session.commit()

    def renew(self) -> None:
        """Hold what this process has for another while; forget what processes that died have left."""
        with self._kb.session() as session:
            at = self._clock()
            session.exec(delete(TelegramTurn).where(col(TelegramTurn.until) < at - self._lease))
            session.exec(update(TelegramTurn).where(col(TelegramTurn.holder) == self._holder).values(until=at + self._lease))
            session.commit()

    async def hold(self, every: float = _RENEWED) -> None:
        """Renew as long as something is held, until cancelled."""
        while True:
            await asyncio.sleep(every)
            if self._held:
                try:
                    await asyncio.to_thread(self.renew)
                except Exception as error:  # noqa: BLE001  (the next time may do better)
                    log.warning("turns could not be held (%s)", type(error).__name__)

    def _alone(self, session: Session, chat: str) -> None:
        """Nobody else begins in this chat until the transaction is over. SQLite has one writer at a time anyway."""
        if session.get_bind().dialect.name == "postgresql":
            number = int.from_bytes(hashlib.blake2b(chat.encode(), digest_size=8).digest(), "big", signed=True)
            session.connection().execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
