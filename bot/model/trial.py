"""The trial of a model: one short question, to see whether it answers. The doctor asks it, and only when told to."""

from __future__ import annotations

import time
from contextlib import closing

from bot.model import providers
from bot.model.chat import Chat, Request
from bot.model.health import Health, ModelFailed
from bot.model.ledger import Spent
from bot.settings import Settings

LONGEST = 30.0  # seconds; a model that takes longer is of no use in a conversation, whatever the settings allow
_ASKED = Request("trial", "Reply with one word.", "Are you there? 在吗？", most=16)


def patience(settings: Settings) -> float:
    """The seconds that the model has for its answer."""
    return min(settings.model_timeout, LONGEST)


def tried(settings: Settings) -> float:
    """The seconds after which the model answered; :class:`ModelFailed` when it did not. Nothing is written anywhere."""
    assert settings.model is not None
    start = time.monotonic()
    chat = Chat(settings.model, lambda: providers.make(settings), _Unbooked(), leave=providers.leave, health=_Silent())
    with closing(chat):
        chat.loaded()
        start = time.monotonic()
        if not chat.whole(_ASKED, start + patience(settings)).strip():
            raise ModelFailed("empty")
    return time.monotonic() - start


class _Unbooked:
    """Grants what is asked for: the doctor opens no ledger."""

    def take(self, who: str | None, tokens: int) -> bool:
        return True

    def settle(self, who: str | None, taken: int, spent: Spent) -> None:
        """Left unbooked."""


class _Silent(Health):
    """Logs nothing: what went wrong is told by whoever asked."""

    def failed(self, kind: str, detail: str = "") -> None:
        """Left untold."""
