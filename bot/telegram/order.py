"""Updates in their order: many at a time, one after another within a chat, and each of them once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

TAKEN = 1_000  # updates that may wait for their turn
AT_ONCE = 32


class InOrder(BaseUpdateProcessor):
    """Runs updates of different chats side by side. ``first_time`` says whether an update is new; ``passes`` may turn it away."""

    def __init__(
        self, first_time: Callable[[int], Awaitable[bool]], passes: Callable[[Update], Awaitable[bool]], at_once: int = AT_ONCE
    ) -> None:
        super().__init__(TAKEN)
        self._hands = asyncio.Semaphore(at_once)
        self._first_time = first_time
        self._passes = passes
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
        turn = self._turns.setdefault(chat := _chat(update), _Turn())
        turn.waiting += 1
        try:
            # The turn is taken before anything is awaited: updates come in their order.
            async with turn.lock, self._hands:
                if await self._first_time(update.update_id) and await self._passes(update):
                    await coroutine
                else:
                    _drop(coroutine)
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(chat, None)


class _Turn:
    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock, self.waiting = asyncio.Lock(), 0


def _chat(update: Update) -> int:
    """What an update waits its turn in: its chat; for an inline query the one who types."""
    if update.effective_chat is not None:
        return update.effective_chat.id
    return update.effective_user.id if update.effective_user is not None else 0


def _drop(coroutine: Awaitable[Any]) -> None:
    close = getattr(coroutine, "close", None)
    if close is not None:
        close()
