"""Flood protection: so many messages a minute from one person and from one chat; one polite note, then silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

_IDLE = 4_096  # buckets after which those that are full again are dropped


class Verdict(Enum):
    """What to do with an update: answer it, say once that it is too fast, or say nothing."""

    FINE = "fine"
    NOTE = "note"
    SILENCE = "silence"


class _Bucket:
    """Fills up again at a steady pace; every update takes one out."""

    __slots__ = ("at", "left", "noted")

    def __init__(self, size: float, at: float) -> None:
        self.left, self.at, self.noted = size, at, False


class Flood:
    """Counts updates. ``per_minute`` is what one person may send; a chat of several may send three times as much."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: dict[tuple[str, int], _Bucket] = {}

    def take(self, user: int, chat: int) -> Verdict:
        """Count one update and say what to do with it."""
        buckets = [self._filled("user", user, self.per_minute)]
        if chat != user:
            buckets.append(self._filled("chat", chat, 3 * self.per_minute))
        empty = [bucket for bucket in buckets if bucket.left < 1]
        if not empty:
            for bucket in buckets:
                bucket.left -= 1
            return Verdict.FINE
        if any(bucket.noted for bucket in empty):
            return Verdict.SILENCE
        for bucket in empty:
            bucket.noted = True
        return Verdict.NOTE

    def _filled(self, kind: str, id_: int, size: int) -> _Bucket:
        now = self._clock()
        if len(self._buckets) > _IDLE:
            self._buckets = {key: one for key, one in self._buckets.items() if now - one.at < 60}
        bucket = self._buckets.setdefault((kind, id_), _Bucket(size, now))
        bucket.left = min(size, bucket.left + (now - bucket.at) * size / 60)
        bucket.at = now
        if bucket.left >= size / 2:
            bucket.noted = False
        return bucket
