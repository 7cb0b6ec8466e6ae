"""Channels as a test holds a dialogue in them: the assistant itself, ``ask --file``, and the chat of the terminal.

Another channel is a class with ``name`` and ``hold``; add it to ``CHANNELS``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
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
    """The chat at a prompt. It is one conversation, whatever the turns name."""

    name: ClassVar[str] = "terminal"

    def __init__(self, assistant: Assistant, _: pytest.MonkeyPatch) -> None:
        self.assistant = assistant

    def hold(self, dialogue: Dialogue, prepare: Prepare) -> list[Reply]:
        """What is typed at the prompt, and what is printed until the next one."""
        settings = Settings(lang="en")
        shell = Shell(settings, words(settings))
        typist = _Typist(dialogue, prepare)
        with redirect_stdout(typist.printed):
            terminal.talk(shell, self.assistant, typist)  # type: ignore[arg-type]
        return [Reply(text) for text in typist.replies]


CHANNELS: tuple[type[Direct] | type[AskFile] | type[Terminal], ...] = (Direct, AskFile, Terminal)


@dataclass(frozen=True)
class _Kept:
    """An assistant whose knowledge base the command closes in vain."""

    assistant: Assistant

    def __getattr__(self, name: str) -> Any:
        return io.StringIO() if name == "kb" else getattr(self.assistant, name)


class _Typist:
    """Types the turns of a dialogue, and keeps what was printed after each."""

    def __init__(self, dialogue: Dialogue, prepare: Prepare) -> None:
        self.printed = io.StringIO()
        self.replies: list[str] = []
        self._turns = iter(dialogue.turns)
        self._dialogue = dialogue
        self._prepare = prepare
        self._begun = False

    def prompt(self, _: str) -> str:
        """The next line; EOFError when there is none."""
        if self._begun:
            self.replies.append(self.printed.getvalue())
        self.printed.seek(0)
        self.printed.truncate()
        turn = next(self._turns, None)
        if turn is None:
            raise EOFError
        self._begun = True
        self._prepare(turn)
        return self._dialogue.said(turn)
