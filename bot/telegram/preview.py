"""A lead while a language model writes it: shown as a draft in private chats, and nowhere a message before it is whole.

Where there are no drafts (groups, older servers of the Bot API) people see that the bot is typing, and then the reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from types import TracebackType

from bot.speech import Speech
from bot.telegram import page
from bot.telegram.post import Address, Post
from retrieval.language import base, detect

_FADES = 20.0  # seconds after which a draft is shown again: Telegram takes it away after 30
_LAST = 2.0  # seconds that a draft which is under way may hold up the reply


class Preview:
    """Shows sentences as they come; when the block is left nothing more of them is on its way."""

    def __init__(self, post: Post, to: Address) -> None:
        self._post, self._to = post, to
        self._number = secrets.randbelow(2**31 - 1) + 1
        self._sentences: list[str] = []
        self._news, self._done = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._showing: asyncio.Task[None] | None = None

    def hear(self, sentence: str) -> None:
        """Take the next sentence; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._heard, sentence)

    def _heard(self, sentence: str) -> None:
        self._sentences.append(sentence)
        self._news.set()
        if self._showing is None:
            self._showing = asyncio.create_task(self._show())

    async def __aenter__(self) -> Preview:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        self._news.set()
        if self._showing is not None:
            # A draft that arrived after the reply would stand below it.
            await asyncio.wait({self._showing}, timeout=_LAST)
            self._showing.cancel()

    async def _show(self) -> None:
        while not self._done.is_set():
            self._news.clear()
            if not await self._post.draft(self._to, self._number, self._said()):
                return
            await _either(self._done, self._post.draft_pause)
            await _either(self._news, _FADES)

    def _said(self) -> str:
        joint = Speech(base(detect(self._sentences[0]))).names("sentence")["join"]
        return page.pages([page.paragraphs(joint.join(self._sentences))])[0]


async def _either(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
