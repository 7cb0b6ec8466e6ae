"""Articles: the answer itself, and the records it is about."""

from __future__ import annotations

from collections.abc import Sequence

from bot.compose.page import Page
from bot.values import Block, Card, Text
from knowledge.records import Article


def article_card(page: Page, article: Article, *, score: float = 0.0) -> Card:
    """The card of an article: its question, date and sources."""
    return page.card(article, [("dated", page.date(article.date))], kind="article", score=score, contact=False)


def article_blocks(page: Page, article: Article, *, score: float = 0.0, related: Sequence[Card] = ()) -> list[Block]:
    """The answer as the lead, its sources, and cards of what it speaks about."""
    return [Text(page.text(article, "answer") or "", "lead"), article_card(page, article, score=score), *related]
