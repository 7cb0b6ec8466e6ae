"""What is stored of a person: said, sent as a file, deleted, and no longer logged."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from telegram import CallbackQuery, Update

from bot.conversation.memory import StoredMemory
from bot.telegram import buttons, page
from bot.telegram.buttons import Pressed
from bot.telegram.channel import Channel, Context, Visitor, aside, visitor_of
from bot.telegram.memory import CHANNEL

_YES, _OFF = "yes", "off"


class OwnData:
    """Answers what people want to know and have done about their data."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    async def privacy(self, update: Update, _: Context) -> None:
        """What is stored, for how long, and how to be rid of it."""
        visitor = await visitor_of(self.channel, update)
        settings = self.channel.settings
        logged = (
            visitor.say("privacy_log", days=settings.log_retention_days)
            if self.channel.log.enabled
            else visitor.say("privacy_off")
        )
        stored = visitor.say("privacy_stored", days=settings.telegram_retention_days)
        points = [logged, stored, visitor.say("privacy_model"), visitor.say("privacy_what")]
        text = "\n".join([f"<b>{page.escape(visitor.say('privacy'))}</b>", *(f"• {page.escape(point)}" for point in points)])
        rows = []
        if self.channel.log.enabled:
            rows = [
                [buttons.button(visitor.say("button_log_off"), buttons.LOGGING, _OFF)],
                [buttons.button(visitor.say("button_log_on"), buttons.LOGGING, "on")],
            ]
        await self.channel.post.send(visitor.to, [text], buttons.keyboard(rows) if rows else None)

    async def send(self, update: Update, _: Context) -> None:
        """All that is stored, as a file; in private only."""
        visitor = await visitor_of(self.channel, update)
        if not visitor.private:
            await self.channel.post.send(visitor.to, [visitor.say("mydata_private")])
            return
        stored = await aside(self._stored, visitor)
        data = json.dumps(stored, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        await self.channel.post.file(visitor.to, "greenask-mydata.json", data, visitor.say("mydata_caption"))

    def _stored(self, visitor: Visitor) -> dict[str, Any]:
        """What is stored, the conversations that are not over among it."""
        memory, conversations = self.channel.memory, StoredMemory.open(self.channel.settings, self.channel.assistant.kb)
        open_ = [conversations.recall(session) for session in memory.sessions(visitor.someone.user)]
        return {**memory.everything(visitor.someone.user), "conversations": [asdict(one) for one in open_ if one]}

    async def delete(self, update: Update, _: Context) -> None:
        """Asks whether to delete everything."""
        visitor = await visitor_of(self.channel, update)
        owner = str(visitor.someone.user)
        rows = [
            [buttons.button(visitor.say("button_delete_yes"), buttons.DELETE, _YES, owner)],
            [buttons.button(visitor.say("button_delete_no"), buttons.DELETE, "no", owner)],
        ]
        await self.channel.post.send(visitor.to, [visitor.say("delete_sure")], buttons.keyboard(rows))

    async def pressed(self, visitor: Visitor, pressed: Pressed, query: CallbackQuery) -> str | None:
        """The confirmation, or the wish to be logged or not."""
        if pressed.verb == buttons.LOGGING:
            change, said = (
                (self.channel.log.opt_out, "log_is_off") if pressed.key == _OFF else (self.channel.log.opt_in, "log_is_on")
            )
            done = await aside(change, CHANNEL, str(visitor.someone.user))
            return visitor.say(said if done else "log_failed")
        # In a group, the buttons are there for everyone to press.
        if pressed.argument != str(visitor.someone.user):
            return visitor.say("not_yours")
        if pressed.key == _YES:
            await aside(self._forget, visitor)
        said = visitor.say("delete_done" if pressed.key == _YES else "delete_kept")
        assert query.message is not None
        await self.channel.post.edit(visitor.to.chat, query.message.message_id, said, None)
        return None

    def _forget(self, visitor: Visitor) -> None:
        memory = self.channel.memory
        here = memory.session(visitor.someone)
        for session in {*memory.sessions(visitor.someone.user), here}:
            self.channel.assistant.forget(session)
        memory.forget(visitor.someone.user)
