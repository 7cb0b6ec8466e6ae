"""Staff in Telegram: usage as text and picture, and the unanswered queue, answered by replying to a question."""

from __future__ import annotations

import re
import tempfile
from datetime import date, timedelta
from pathlib import Path

from telegram import Message, Update

from bot.shell import safe
from bot.speech import Speech
from bot.staff.queue import Queue, read_source
from bot.staff.unanswered import Row
from bot.staff.usage import Period, Usage, read
from bot.telegram import page
from bot.telegram.channel import Channel, Context, Visitor, aside, visitor_of
from retrieval.language import base, detect

LONGEST = 4_000  # characters of an answer
_AT_ONCE = 5  # rows
_DAYS, _MOST_DAYS = 30, 366
_ROW = re.compile(r"q(\d{1,9})\b", re.ASCII)
_ROWS_OF_USAGE = 6


class Curating:
    """What only staff may do; anyone else is told so plainly."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.queue = Queue(channel.assistant, channel.log)

    async def usage(self, update: Update, context: Context) -> None:
        """What was asked in the last days, and how it was answered."""
        visitor = await visitor_of(self.channel, update)
        if not await self._let_in(visitor):
            return
        said = (context.args or [str(_DAYS)])[0]
        if not (said.isascii() and said.isdigit() and 1 <= int(said) <= _MOST_DAYS):
            await self.channel.post.send(visitor.to, [visitor.say("usage_which")])
            return
        today = date.today()
        period = Period(today - timedelta(days=int(said) - 1), today)
        async with self.channel.post.busy(visitor.to):
            found = await aside(read, self.channel.assistant.kb, period)
            picture = await aside(_drawn, found, visitor.lang) if found.questions else None
        if picture is None:
            await self.channel.post.send(visitor.to, [visitor.say("usage_none", since=period.since, until=period.until)])
            return
        await self.channel.post.send(visitor.to, _told(found, visitor))
        title = visitor.say("usage_title", since=period.since, until=period.until)
        await self.channel.post.picture(visitor.to, picture, page.escape(title))

    async def curate(self, update: Update, context: Context) -> None:
        """The queue from a place on, each question a message to reply to."""
        visitor = await visitor_of(self.channel, update)
        if not await self._let_in(visitor):
            return
        said = (context.args or ["1"])[0]
        first = max(1, int(said)) if said.isascii() and said.isdigit() and len(said) < 6 else 1
        async with self.channel.post.busy(visitor.to):
            rows = await aside(self.queue.rows)
        if not rows[first - 1 :]:
            await self.channel.post.send(visitor.to, [visitor.say("curate_empty")])
            return
        await self.channel.post.send(visitor.to, [page.escape(visitor.say("curate_how"))])
        shown = rows[first - 1 : first - 1 + _AT_ONCE]
        for row in shown:
            await self.channel.post.send(visitor.to, page.pages([_row(row, visitor)]))
        left = len(rows) - (first - 1) - len(shown)
        if left:
            await self.channel.post.send(visitor.to, [visitor.say("curate_more", n=left, next=first + len(shown))])

    async def replied(self, visitor: Visitor, message: Message) -> bool:
        """Take a reply to a row of the queue as its answer; whether it was one."""
        quoted = message.reply_to_message
        if quoted is None or quoted.from_user is None or quoted.from_user.id != self.channel.post.bot.id or not message.text:
            return False
        found = _ROW.match(quoted.text or "")
        if not found or not self.channel.is_staff(visitor.someone.user):
            return False
        async with self.channel.post.busy(visitor.to):
            said = await aside(self._answer, visitor, int(found[1]), message.text)
        await self.channel.post.send(visitor.to, [page.escape(said)])
        return True

    def _answer(self, visitor: Visitor, entry: int, written: str) -> str:
        body, _, last = safe(written).strip().rpartition("\n")
        source = read_source(last)
        if source is None:
            return visitor.say("curate_no_source")
        texts = _by_language(body)
        if not texts:
            return visitor.say("curate_no_text")
        longest = max(map(len, texts.values()))
        if longest > LONGEST:
            return visitor.say("curate_long", n=longest, most=LONGEST)
        row = self.queue.with_entry(entry)
        if row is None:
            return visitor.say("curate_gone", id=f"q{entry}")
        version = self.queue.answer(row, source, texts.get("en"), texts.get("zh"))
        id_ = f"a{version.answer}"
        done = [visitor.say("curate_done", id=id_), *version.questions, visitor.say("curate_revoke", id=id_)]
        return "\n".join(done)

    async def _let_in(self, visitor: Visitor) -> bool:
        if self.channel.is_staff(visitor.someone.user):
            return True
        await self.channel.post.send(visitor.to, [visitor.say("staff_only")])
        return False


def _row(row: Row, visitor: Visitor) -> str:
    head = visitor.say("curate_row", id=row.id, count=row.count, disliked=row.disliked)
    wordings = [f"[{each.lang}] {page.escape(page.shortened(each.text, 300))}" for each in row.wordings[:3]]
    return "\n".join([head, *wordings])


def _by_language(body: str) -> dict[str, str]:
    """What was written in each language; a paragraph is in one of them."""
    found: dict[str, list[str]] = {}
    for paragraph in re.split(r"\n\s*\n", body.strip()):
        if paragraph.strip():
            found.setdefault(base(detect(paragraph)), []).append(paragraph.strip())
    return {lang: "\n\n".join(each) for lang, each in found.items()}


def _drawn(usage: Usage, lang: str) -> bytes:
    from bot.staff.usage_chart import draw

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.png"
        draw(usage, path, Speech(lang, "staff"))
        return path.read_bytes()


def _told(usage: Usage, visitor: Visitor) -> list[str]:
    """The figures as text: what a phone shows of the tables."""
    from bot.staff.usage_files import tables

    speech = Speech(visitor.lang, "staff")
    chunks = []
    for name, _, rows in tables(usage, speech):
        shown = [[str(cell) for cell in row if cell is not None] for row in list(rows)[: _ROWS_OF_USAGE * 3]]
        lines = [page.escape(speech.script("  ".join(row))) for row in shown if row]
        if lines:
            chunks.append("\n".join([f"<b>{page.escape(speech.script(name))}</b>", *lines]))
    return page.pages(chunks)
