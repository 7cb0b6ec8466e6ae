"""Flood protection: so many messages a minute from one person and from one chat; one polite note, then silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from sqlalchemy import text
from sqlmodel import Session, col, delete

from knowledge.chats import TelegramBucket
from knowledge.store import KnowledgeBase

_IDLE = 4_096  # buckets after which those that are full again are dropped
_FULL_AGAIN = 60.0  # seconds

# In one statement the row is there and nobody else's until the end of the transaction, in SQLite as in PostgreSQL.
_TAKE_HOLD = text(
    "INSERT INTO telegram_bucket (name, rest, at, noted) VALUES (:name, :rest, :at, :noted) "
    "ON CONFLICT (name) DO UPDATE SET at = telegram_bucket.at"
)


class Verdict(Enum):
    """What to do with an update: answer it, say once that it is too fast, or say nothing."""

    FINE = "fine"
    NOTE = "note"
    SILENCE = "silence"


class Flood(Protocol):
    """Counts updates. What one person may send in a minute is set; a chat of several may send three times as much."""

    async def take(self, user: int, chat: int) -> Verdict:
        """Count one update and say what to do with it."""
        ...


@dataclass
class Bucket:
    """Fills up again at a steady pace, within a minute; every update takes one out."""

    size: float
    rest: float
    at: float
    noted: bool = False

    def fill(self, now: float) -> None:
        """Add what has come since it was filled last."""
        self.rest = min(self.size, self.rest + max(0.0, now - self.at) * self.size / _FULL_AGAIN)
        self.at = now
        if self.rest >= self.size / 2:
            self.noted = False


def judged(buckets: Sequence[Bucket]) -> Verdict:
    """Take an update out of each, or out of none when one is empty."""
    empty = [bucket for bucket in buckets if bucket.rest < 1]
    if not empty:
        for bucket in buckets:
            bucket.rest -= 1
        return Verdict.FINE
    if any(bucket.noted for bucket in empty):
        return Verdict.SILENCE
    for bucket in empty:
        bucket.noted = True
    return Verdict.NOTE


def _sizes(user: int, chat: int, per_minute: int) -> dict[str, int]:
    """The buckets of an update by name: the person's, and the chat's where it is one of several."""
    mine = {f"user:{user}": per_minute}
    return mine if chat == user else {**mine, f"chat:{chat}": 3 * per_minute}


class OwnFlood:
    """Counts what comes to this process."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    async def take(self, user: int, chat: int) -> Verdict:
        """Count one update and say what to do with it."""
        return judged([self._filled(name, size) for name, size in _sizes(user, chat, self._per_minute).items()])

    def _filled(self, name: str, size: int) -> Bucket:
        now = self._clock()
        if len(self._buckets) > _IDLE:
            self._buckets = {key: one for key, one in self._buckets.items() if now - one.at < _FULL_AGAIN}
        bucket = self._buckets.setdefault(name, Bucket(size, size, now))
        bucket.fill(now)
        return bucket


class SharedFlood:
    """Counts what comes to all processes on one database, whose clocks agree within seconds. Names are kept as pseudonyms."""

    def __init__(
        self, kb: KnowledgeBase, pseudonym: Callable[[str], str], per_minute: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._kb = kb
        self._pseudonym = pseudonym
        self._per_minute = per_minute
        self._clock = clock

    async def take(self, user: int, chat: int) -> Verdict:
        """Count one update and say what to do with it."""
        return await asyncio.to_thread(self._taken, user, chat)

    def _taken(self, user: int, chat: int) -> Verdict:
        sizes = {self._pseudonym(name): size for name, size in _sizes(user, chat, self._per_minute).items()}
        with self._kb.session() as session:
            # In one order everywhere, so that no two wait for each other.
            rows = [self._held(session, name, sizes[name]) for name in sorted(sizes)]
            buckets = [Bucket(sizes[row.name], row.rest, row.at, row.noted) for row in rows]
            for bucket in buckets:
                bucket.fill(self._clock())
            verdict = judged(buckets)
            for row, bucket in zip(rows, buckets, strict=True):
                row.rest, row.at, row.noted = bucket.rest, bucket.at, bucket.noted
            session.commit()
        return verdict

    def _held(self, session: Session, name: str, size: int) -> TelegramBucket:
        session.connection().execute(_TAKE_HOLD, {"name": name, "rest": size, "at": self._clock(), "noted": False})
        return session.get_one(TelegramBucket, name)


def drop_full(session: Session) -> None:
    """Forget the buckets that have filled up again."""
    session.exec(delete(TelegramBucket).where(col(TelegramBucket.at) < time.time() - _FULL_AGAIN))
