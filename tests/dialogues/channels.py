"""Channels as a test holds a dialogue in them: the assistant itself, ``ask --file``, and the chat of the terminal.

Another channel is a class with ``name`` and ``hold``; add it to ``CHANNELS``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, ClassVar, Protocol

import pytest
from dialogues import Dialogue
from typer.testing import CliRunner

from bot import render, terminal
from bot.assistant import Assistant
from bot.cli import main
from bot.settings import Settings
from bot.shell import Shell, words
from bot.values import Question

Turn = Mapping[str, Any]
Prepare = Callable[[Turn], None]


@dataclass(frozen=True)
class Reply:
    """What a person reads, and the JSON of it where the channel has that."""

    text: str
    json: Mapping[str, Any] | None = None


class Channel(Protocol):
    """A channel that holds dialogues. ``prepare`` is called before each turn."""

    name: ClassVar[str]

    def hold(self, dialogue: Dialogue, prepare: Prepare) -> list[Reply]:
        """The replies to all turns, in one conversation, or in those that the turns name."""
        ...


class Direct:
    """The assistant, asked without any channel."""

    name: ClassVar[str] = "assistant"

    def __init__(self, assistant: Assistant, _: pytest.MonkeyPatch) -> None:
        self.assistant = assistant

    def hold(self, dialogue: Dialogue, prepare: Prepare) -> list[Reply]:
        """Questions in a session."""
        replies = []
        for turn in dialogue.turns:
            prepare(turn)
            asked = Question(dialogue.said(turn), session=f"{dialogue}:{turn.get('session', '')}")
            answer = self.assistant.answer_now(asked)
            replies.append(Reply(render.text(answer), render.as_json(answer, explain=True)))
        return replies


class AskFile:
    """``greenask ask --file``, a line at a time: nothing but the database knows the conversation."""

    name: ClassVar[str] = "file"

    def __init__(self, assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Shell, "assistant", lambda self, *, build=True: _Kept(assistant))

    def hold(self, dialogue: Dialogue, prepare: Prepare) -> list[Reply]:
        """A run of the command for every turn."""
        replies = []
        for turn in dialogue.turns:
            prepare(turn)
            line = {"text": dialogue.said(turn), "session": f"file {dialogue}:{turn.get('session', '')}"}
            result = CliRunner().invoke(main, ["ask", "--explain", "--file", "-"], input=json.dumps(line, ensure_ascii=False))
            assert result.exit_code == 0, result.output
            said = json.loads(result.stdout)
            replies.append(Reply(said["text"], said))
        return replies


class Terminal:
    """The chat at a prompt. A chat is one conversation; another one is another terminal beside it."""

    name: ClassVar[str] = "terminal"

    def __init__(self, assistant: Assistant, _: pytest.MonkeyPatch) -> None:
        self.assistant = assistant

    def hold(self, dialogue: Dialogue, prepare: Prepare) -> list[Reply]:
        """What is typed at the prompts, and what is printed until they come again."""
        typists: dict[str, _Typist] = {}
        replies = []
        with redirect_stdout(io.StringIO()) as printed, ExitStack() as terminals:
            for turn in dialogue.turns:
                name = str(turn.get("session", ""))
                if name not in typists:
                    typists[name] = terminals.enter_context(_sitting(self.assistant))
                printed.seek(0)
                printed.truncate()
                prepare(turn)
                typists[name].types(dialogue.said(turn))
                replies.append(Reply(printed.getvalue()))
        return replies


CHANNELS: tuple[type[Direct] | type[AskFile] | type[Terminal], ...] = (Direct, AskFile, Terminal)


@dataclass(frozen=True)
class _Kept:
    """An assistant whose knowledge base the command closes in vain."""

    assistant: Assistant

    def __getattr__(self, name: str) -> Any:
        return io.StringIO() if name == "kb" else getattr(self.assistant, name)


class _Typist:
    """Sits at the prompt of a terminal that runs in a thread of its own."""

    def __init__(self) -> None:
        self._typed: SimpleQueue[str | None] = SimpleQueue()
        self._prompts: SimpleQueue[None] = SimpleQueue()

    def prompt(self, _: str) -> str:
        """The next line; EOFError when there is none."""
        self._prompts.put(None)
        typed = self._typed.get()
        if typed is None:
            raise EOFError
        return typed

    def types(self, text: str) -> None:
        """Type a line, and wait until the next one is asked for."""
        self._typed.put(text)
        self._prompts.get(timeout=60)

    def sits_down(self) -> None:
        """Wait for the first prompt."""
        self._prompts.get(timeout=60)

    def leaves(self) -> None:
        """Type no more."""
        self._typed.put(None)


@contextmanager
def _sitting(assistant: Assistant) -> Iterator[_Typist]:
    """Somebody in a chat of their own."""
    settings = Settings(lang="en")
    typist = _Typist()
    chat = Thread(target=terminal.talk, args=(Shell(settings, words(settings)), assistant, typist), daemon=True)
    chat.start()
    typist.sits_down()
    try:
        yield typist
    finally:
        typist.leaves()
        chat.join(60)
