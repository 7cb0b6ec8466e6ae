"""Inline mode: ``@bot heat pump`` in any chat offers results to send.

What is offered depends on the words alone, so that Telegram may keep it for everyone.
"""

from __future__ import annotations

import hashlib

from telegram import (
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
    Update,
)
from telegram.constants import ParseMode

from bot.speech import Speech
from bot.telegram import page
from bot.telegram.answers import Asked
from bot.telegram.channel import Channel, Context
from bot.telegram.flood import Verdict
from bot.telegram.replies import Replies
from bot.values import Answer, Card

_KEPT = 300  # seconds that Telegram may give the same results
_SHORTEST = 2
_DESCRIPTION = 120
_AT_ONCE = 10


class Inline:
    """Offers cards as results."""

    def __init__(self, channel: Channel, replies: Replies) -> None:
        self.channel, self.replies = channel, replies

    async def query(self, update: Update, _: Context) -> None:
        """Someone types after the bot's name."""
        query = update.inline_query
        if query is None:
            return
        text = query.query.strip()
        user, post = query.from_user.id, self.channel.post
        if not self.channel.is_staff(user) and await self.channel.typing.take(user, user) is not Verdict.FINE:
            await post.offer(query.id, [], cache_time=1)
            return
        if len(text) < _SHORTEST:
            await post.offer(query.id, [_how(self.channel.username)], cache_time=_KEPT, is_personal=False)
            return
        skip = int(query.offset) if query.offset.isdecimal() and len(query.offset) < 6 else 0
        answer = await self.replies.answer(Asked(text, skip=skip, take=_AT_ONCE))
        results = _results(answer)
        after = str(skip + len(results)) if answer.more else None
        button = None
        if not results and not query.offset:
            button = InlineQueryResultsButton(Speech(answer.lang, "telegram").say("inline_none"), start_parameter="inline")
        await post.offer(query.id, results, cache_time=_KEPT, is_personal=False, next_offset=after, button=button)


def _results(answer: Answer) -> list[InlineQueryResultArticle]:
    """A result for each card, or one for the figures."""
    speech = Speech(answer.lang)
    if not answer.cards and answer.figures:
        return [_figures(speech, answer)]
    return [_card(speech, card) for card in answer.cards]


def _card(speech: Speech, card: Card) -> InlineQueryResultArticle:
    lines = [text for _, text in card.lines[:2]]
    about = page.shortened(speech.script(" · ".join(lines)), _DESCRIPTION)
    text = page.pages([page.full(speech, card)])[0]
    return _article(card.key, speech.script(card.title), about, text)


def _figures(speech: Speech, answer: Answer) -> InlineQueryResultArticle:
    first = answer.figures[0]
    text = page.screen(answer)[0]
    title = speech.script(speech.say("labelled", label=first.label, text=first.shown))
    return _article(f"metric/{first.metric}", title, speech.script(first.scope), text)


def _article(key: str, title: str, about: str, text: str) -> InlineQueryResultArticle:
    content = InputTextMessageContent(text, ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True))
    id_ = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
    return InlineQueryResultArticle(id_, page.shortened(title, 100), content, description=about)


def _how(bot: str) -> InlineQueryResultArticle:
    """How to ask, in both languages: nothing typed tells no language."""
    speeches = [Speech(lang, "telegram") for lang in ("en", "zh")]
    title = " · ".join(speech.say("inline_how") for speech in speeches)
    text = "\n".join(speech.say("inline_how_text", bot=bot) for speech in speeches)
    return _article("how", title, page.shortened(text.replace("\n", " "), _DESCRIPTION), page.escape(text))
