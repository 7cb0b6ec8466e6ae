"""A visit: one conversation at the command line as the log sees it, and what the person may say about their answers."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.speech import Speech
from bot.values import NOT_FOUND, Answer, Question, Text

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.settings import Settings
    from bot.staff.log import QuestionLog

CHAT, ASK, FILE = "chat", "ask", "file"

GOOD = ("/good", "/有用")
BAD = ("/bad", "/没用", "/沒用")
TELL_ME = ("/tellme", "/告诉我", "/告訴我")
DO_NOT_LOG = ("/nolog", "/不记录", "/不記錄")
DO_LOG = ("/log", "/记录", "/記錄")


class Visit:
    """Logs each answer after it was shown, and takes the commands about them."""

    def __init__(self, log: QuestionLog | None, channel: str, conversation: str, assistant: Assistant | None = None) -> None:
        self._log = log if log is not None and log.enabled else None
        self._channel = channel
        self._conversation = conversation
        self._assistant = assistant
        self._last: tuple[int | None, Answer] | None = None
        self.last: Answer | None = None

    @classmethod
    def open(cls, settings: Settings, assistant: Assistant, channel: str) -> Visit:
        """The visit of whoever sits at this machine."""
        if settings.log_questions == "no":
            return cls(None, channel, "")
        from bot.staff.log import QuestionLog

        return cls(QuestionLog.open(settings, assistant.kb), channel, whoever(), assistant)

    def answered(self, question: Question, answer: Answer, conversation: str | None = None) -> None:
        """Log an answer that was shown. ``conversation`` names another one than that of this visit."""
        self.last = answer
        if self._log is not None:
            entry = self._log.record(question, answer, self._channel, conversation or self._conversation)
            self._last = (entry, answer)

    def command(self, typed: str, lang: str) -> str | None:
        """What is replied to a command about answers; None when this is none of them."""
        word, _, note = typed.partition(" ")
        speech = Speech(lang, "staff")
        for words, do in (
            (GOOD, self._good),
            (BAD, self._bad),
            (TELL_ME, self._tell),
            (DO_NOT_LOG, self._stop),
            (DO_LOG, self._go_on),
        ):
            if word in words:
                return speech.script(speech.say("log_off" if self._log is None else do(note.strip())))
        return None

    def news(self) -> Iterator[Answer]:
        """The answers that this person asked to be told of; each is told once."""
        if self._log is None or self._assistant is None:
            return
        for wish in self._log.wishes(self._channel, self._conversation):
            answer = self._assistant.curated(Question(wish.text, wish.lang))
            if answer is None:
                continue
            speech = Speech(wish.lang, "staff")
            yield replace(answer, blocks=(Text(speech.say("news", question=wish.text), "note"), *answer.blocks))
            self._log.told(wish)

    def _good(self, note: str) -> str:
        return self._rate("up", note)

    def _bad(self, note: str) -> str:
        return self._rate("down", note)

    def _rate(self, verdict: str, note: str) -> str:
        assert self._log is not None
        if self._last is None:
            return "nothing_to_rate"
        entry, _ = self._last
        if entry is None or not self._log.feedback(entry, verdict, note):
            return "not_logged"
        return f"thanks_{verdict}"

    def _tell(self, _: str) -> str:
        assert self._log is not None
        if self._last is None or self._last[1].status != NOT_FOUND:
            return "nothing_to_tell"
        return "will_tell" if self._log.wish(self._last[1], self._channel, self._conversation) else "not_logged"

    def _stop(self, _: str) -> str:
        assert self._log is not None
        self._last = None
        return "stopped_logging" if self._log.opt_out(self._channel, self._conversation) else "log_failed"

    def _go_on(self, _: str) -> str:
        assert self._log is not None
        return "goes_on_logging" if self._log.opt_in(self._channel, self._conversation) else "log_failed"


def whoever() -> str:
    """Who sits at this machine: only its keyed hash is ever kept."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, or a system that has no user ids
        name = "someone"
    return f"{name}@{platform.node()}"
