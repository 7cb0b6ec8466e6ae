"""Updates in their order: many at a time, one after another within a chat, and each of them once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

from telegram import Update
from telegram.ext import BaseUpdateProcessor

TAKEN = 1_000  # updates that may wait for their turn
AT_ONCE = 32
PATIENCE = 60.0  # seconds that an update waits for other processes at most
_PAUSE, _LONGEST_PAUSE = 0.05, 0.4  # seconds between two looks at what others do

log = logging.getLogger("greenask.telegram")


class Gate(Protocol):
    """What must be so before an update is answered."""

    async def first_time(self, update: Update) -> bool:
        """Whether no process has taken this update up."""
        ...

    async def begins(self, update: Update) -> bool:
        """Whether no other process is at this chat or has an earlier update of it."""
        ...

    async def ended(self, update: Update) -> None:
        """The update was answered, or turned away."""
        ...

    async def passes(self, update: Update) -> bool:
        """Whether it is answered; it may be one too many."""
        ...


class InOrder(BaseUpdateProcessor):
    """Runs updates of different chats side by side, and those of one chat by their numbers."""

    def __init__(self, gate: Gate, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        super().__init__(TAKEN)
        self._hands = asyncio.Semaphore(at_once)
        self._gate = gate
        self._patience = patience
        self._turns: dict[int, _Turn] = {}

    async def initialize(self) -> None:
        """Nothing to make ready."""

    async def shutdown(self) -> None:
        """Nothing to put away."""

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Wait for the chat's turn, then handle the update, unless it was handled before or is one too many."""
        if not isinstance(update, Update):
            await coroutine
            return
        async with self._in_turn(update), self._hands:
            if await self._gate.first_time(update) and await self._gate.passes(update):
                await coroutine
            else:
                _drop(coroutine)

    @contextlib.asynccontextmanager
    async def _in_turn(self, update: Update) -> AsyncIterator[None]:
        # The place in the queue is taken before anything is awaited: updates come in their order.
        turn = self._turns.setdefault(chat := _chat(update), _Turn())
        turn.waiting.append(update.update_id)
        try:
            await self._come(turn, update)
            try:
                yield
            finally:
                await self._gate.ended(update)
        finally:
            turn.waiting.remove(update.update_id)
            await turn.free(update.update_id)
            if not turn.waiting:
                self._turns.pop(chat, None)

    async def _come(self, turn: _Turn, update: Update) -> None:
        """Wait until it is this update's turn, in this process and in others."""
        until, pause = time.monotonic() + self._patience, _PAUSE
        while True:
            await turn.take(update.update_id)
            if await self._gate.begins(update):
                return
            if time.monotonic() > until:
                log.warning("an update waited %s s for another process, and is answered now", self._patience)
                return
            # An earlier one may have come meanwhile.
            await turn.free(update.update_id)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)


class _Turn:
    """Whose turn it is in a chat: that of the lowest number among those waiting."""

    __slots__ = ("_changed", "_taken_by", "waiting")

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self._taken_by: int | None = None
        self._changed = asyncio.Condition()

    async def take(self, number: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken_by is None and number == min(self.waiting))
            self._taken_by = number

    async def free(self, number: int) -> None:
        async with self._changed:
            if self._taken_by == number:
                self._taken_by = None
            self._changed.notify_all()


def _chat(update: Update) -> int:
    """What an update waits its turn in: its chat; for an inline query the one who types."""
    if update.effective_chat is not None:
        return update.effective_chat.id
    return update.effective_user.id if update.effective_user is not None else 0


def _drop(coroutine: Awaitable[Any]) -> None:
    close = getattr(coroutine, "close", None)
    if close is not None:
        close()
