"""The course of a conversation: what it is about after a reply."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation.resolved import CHOSEN, COMPARED, ITSELF, PAGE, RECORD, SINGLE, UNRESOLVED, WHICH, Resolved
from bot.conversation.state import Conversation, Pending, listed
from bot.understand import TALK
from bot.values import OUT_OF_SCOPE, Answer

_TALK = frozenset({*TALK, "empty"})


def after(before: Conversation | None, resolved: Resolved, answer: Answer) -> Conversation | None:
    """The state after a reply; None when there is nothing to go on from.

    Thanks, small talk and questions that are none of our business leave it as it was.
    """
    choices = tuple(Pending.of(choice) for choice in answer.choices)
    if resolved.how == WHICH and before is not None:
        pairs = zip(answer.choices, resolved.keys, strict=True)
        return replace(before, choices=tuple(Pending.of(choice, key, resolved.said) for choice, key in pairs))
    if resolved.how in UNRESOLVED or answer.route in _TALK:
        return before
    if before is not None and answer.status == OUT_OF_SCOPE and resolved.how == ITSELF:
        return before
    shown = tuple(card.key for card in answer.cards if not card.key.startswith("curated/"))
    if before is not None and resolved.how == RECORD:
        return replace(before, focus=resolved.keys, said=resolved.said, choices=choices)
    if before is not None and resolved.how == COMPARED:
        return replace(before, focus=(), said="", choices=choices)
    if before is not None and resolved.how == PAGE:
        page = max(resolved.skip - before.skipped, 0)
        return replace(before.going_on(page, shown), more=answer.more, focus=(), choices=choices)
    new = Conversation(
        resolved.question,
        answer.lang,
        answer.route,
        listed(shown),
        skipped=answer.skip,
        more=answer.more,
        focus=_focus(answer, shown),
        choices=choices,
    )
    if before is not None and resolved.how == CHOSEN and not choices:
        new = replace(new, choices=tuple(choice.earlier for choice in before.choices))
    if before is not None and not shown and resolved.how != ITSELF:
        return replace(new, listed=before.listed, page=before.page)  # what is on the screen can still be pointed to
    return new


def _focus(answer: Answer, shown: tuple[str, ...]) -> tuple[str, ...]:
    """The record a reply is about, if it is about one."""
    if answer.route == "metric" and answer.figures:
        return (f"metric/{answer.figures[0].metric}",)
    return shown[:1] if answer.route in SINGLE or len(shown) == 1 else ()
