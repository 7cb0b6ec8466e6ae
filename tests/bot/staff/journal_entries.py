"""Questions and answers to log."""

from __future__ import annotations

from bot.values import ANSWERED, Answer, Question


def reply(text: str = "what?", lang: str = "en", status: str = ANSWERED, **fields) -> tuple[Question, Answer]:
    """A question and an answer to it."""
    return Question(text), Answer(text, lang, status, **fields)
