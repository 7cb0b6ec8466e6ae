"""The terminal: a conversation at a prompt, or one reply to each line of input when nobody sits there."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO

from bot import explain, render
from bot.shell import OK, Shell, report, safe
from bot.speech import Speech
from bot.staff.visit import CHAT, Visit, whoever
from bot.values import Answer, Block, Card, Figure, Question, Text
from bot.values import Table as Compared
from bot.writing import Hear, unheard
from knowledge.dates import PartialDate
from retrieval.language import detect

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import History
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text as Styled

    from bot.assistant import Assistant

HISTORY = "history"
LEAVE = ("/quit", "/exit", "/q", "/退出")
HELP = ("/help", "/?", "/帮助", "/幫助")
EXPLAIN = ("/explain", "/解释", "/解釋")
NEW = ("/new", "/新对话", "/新對話")
_LETTER = re.compile(r"[^\W\d_]")
_LINK = re.compile(r"https?://[!-;=?-~]+[!-+/-9=?-Z_a-z~]")
_ROLES = {"lead": "bold", "note": "italic", "step": "", "body": ""}


def chat(shell: Shell, *, build: bool = True, assistant: Assistant | None = None) -> int:
    """Talk until the person leaves or the input ends; returns the exit code. An ``assistant`` that is open is made use of."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _answer_lines(shell, sys.stdin.buffer, build=build)
    from prompt_toolkit import PromptSession

    with shell.err.status(shell.say("opening")):
        assistant = assistant or shell.assistant(build=build)
    shell.line(shell.say("welcome", records=sum(assistant.kb.counts().values())))
    visit = Visit.open(shell.settings, assistant, CHAT)
    for answer in visit.news():
        show(shell, answer)
    return talk(shell, assistant, PromptSession(history=_history(shell)), visit)


def new_session() -> str:
    """A name for the conversation of one chat, which no other chat has."""
    return f"terminal:{secrets.token_hex(8)}"


def talk(shell: Shell, assistant: Assistant, prompt: PromptSession[str], visit: Visit | None = None) -> int:
    """The conversation at the prompt; an answer that fails is reported and the conversation goes on."""
    visit = visit or Visit(None, CHAT, "")
    session = new_session()
    try:
        while True:
            typed = prompt.prompt("› ").strip()
            if typed in LEAVE:
                break
            if typed.startswith("/"):
                said = _commanded(shell, assistant, typed, visit, session)
                shell.line(said or shell.say("no_such_command", typed=typed))
            elif typed:
                _reply(shell, assistant, typed, visit, session)
    except (EOFError, KeyboardInterrupt):
        pass
    assistant.forget(session)
    shell.line(shell.say("leaving"))
    return OK


def _commanded(shell: Shell, assistant: Assistant, typed: str, visit: Visit, session: str) -> str | None:
    """What is replied to a command; None when it is none."""
    if typed in HELP:
        return shell.say("chat_help")
    if typed in EXPLAIN:
        return "\n".join(explain.lines(visit.last)) if visit.last is not None else shell.say("nothing_to_explain")
    if typed in NEW:
        assistant.forget(session)
        return shell.say("new_conversation")
    return visit.command(typed, shell.speech.lang)


def _reply(shell: Shell, assistant: Assistant, typed: str, visit: Visit, session: str) -> None:
    asked = question(typed, shell.speech.lang, session=session)
    try:
        with listening(shell) as hear:
            answer = assistant.answer_now(asked, hear)
    except Exception as error:  # noqa: BLE001  (the one place where the chat catches; report logs it)
        report(error)
    else:
        show(shell, answer)
        visit.answered(asked, answer)


def _answer_lines(shell: Shell, lines: BinaryIO, *, build: bool) -> int:
    """Answer each line of input in plain text, a blank line between replies; returns the worst exit code."""
    assistant: Assistant | None = None
    visit, session = Visit(None, CHAT, ""), new_session()
    worst, replies = OK, 0
    for line in lines:
        typed = line.decode("utf-8-sig", errors="replace").strip()
        if typed in LEAVE:
            break
        if not typed:
            continue
        if assistant is None:
            assistant = shell.assistant(build=build)
            visit = Visit.open(shell.settings, assistant, CHAT)
        asked = question(typed, shell.speech.lang, session=session)
        answer: Answer | None = None
        try:
            said = _commanded(shell, assistant, typed, visit, session)
            if said is None:
                answer = assistant.answer_now(asked)
                said = render.text(answer)
        except Exception as error:  # noqa: BLE001  (the one place where the chat catches; report logs it)
            worst = max(worst, report(error))
            continue
        print(*([""] if replies else []), safe(said), sep="\n", flush=True)
        replies += 1
        if answer is not None:
            visit.answered(asked, answer)
    if assistant is not None:
        assistant.forget(session)
    return worst


def question(text: str, lang: str, *, hint: str | None = None, session: str | None = None) -> Question:
    """The question as it was typed; one without a letter is answered in ``lang``, unless a language was asked for.

    Whoever sits here asks it.
    """
    text = text.encode("utf-8", errors="replace").decode()
    return Question(text, hint or (None if _LETTER.search(text) else lang), session, user=whoever())


def show_explained(shell: Shell, answer: Answer | None) -> None:
    """Print how an answer came about, if there is one to explain."""
    for line in explain.lines(answer) if answer is not None else ():
        shell.line(line)


@contextmanager
def listening(shell: Shell) -> Iterator[Hear]:
    """Shows the sentences of a lead while a model writes it, until the whole reply takes their place.

    Where nobody looks, or no model writes, nothing is shown.
    """
    if not shell.out.is_terminal:
        yield unheard
        return
    lead = _Growing(shell.out)
    try:
        yield lead.hear
    finally:
        lead.close()


class _Growing:
    """A lead on the screen that grows by the sentence, and is gone when it is closed: the reply that follows has it, too."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._said: list[str] = []
        self._live: Live | None = None

    def hear(self, sentence: str) -> None:
        from rich.live import Live

        self._said.append(sentence)
        speech = Speech(detect(sentence), "model")
        if self._live is None:
            self._live = Live(console=self._out, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(_styled(speech, speech.names("sentence")["join"].join(self._said), _ROLES["lead"]), refresh=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()


def show(shell: Shell, answer: Answer) -> None:
    """Print the answer: as text where output is read by a program, in panels and tables where a person looks at it."""
    if not shell.out.is_terminal:
        print(safe(render.text(answer)))
        return
    for part in pretty(answer):
        shell.out.print(part)


def pretty(answer: Answer) -> Iterator[RenderableType]:
    """What rich prints for an answer: everything that the plain text says, and nothing else."""
    speech, own = Speech(answer.lang), Speech(answer.lang, "cli")
    for kind, blocks in groupby(answer.blocks, type):
        if kind is Figure:
            yield _table(speech, own, (block for block in blocks if isinstance(block, Figure)))
        else:
            yield from (_block(speech, block) for block in blocks)
    for line in render.go_on_lines(answer):
        yield _styled(speech, line, "dim")


def _block(speech: Speech, block: Block) -> RenderableType:
    if isinstance(block, Card):
        from rich.panel import Panel
        from rich.text import Text as Styled

        _, title, *lines = render.card_lines(speech, block)
        body = [_styled(speech, title.removeprefix("■ "), "bold"), *(_labelled(speech, line) for line in lines)]
        return Panel(Styled("\n").join(body), border_style="green", expand=False)
    if isinstance(block, Compared):
        return _compared(speech, block)
    assert isinstance(block, Text)
    return _styled(speech, f"  {block.text}" if block.role == "step" else block.text, _ROLES.get(block.role, ""))


def _compared(speech: Speech, compared: Compared) -> Table:
    """Records side by side, a column each."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_lines=True)
    table.add_column("", style="dim", no_wrap=True)
    for name in compared.names:
        table.add_column(_styled(speech, name), overflow="fold")
    for label, cells in compared.rows:
        table.add_row(_styled(speech, label), *(_styled(speech, cell) for cell in cells))
    return table


def _table(speech: Speech, own: Speech, figures: Iterable[Figure]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text as Styled

    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    for heading in ("figure", "scope", "as_of", "source"):
        table.add_column(_styled(speech, own.names("columns")[heading]), overflow="fold")
    for figure in figures:
        value = Styled().append_text(_styled(speech, figure.shown, "bold"))
        if figure.note:
            value.append_text(_styled(speech, f"\n{figure.note}", "italic"))
        date = PartialDate.parse(figure.as_of).spoken(speech.base) if figure.as_of else own.say("undated")
        source = render.source_text(speech, figure.source) if figure.source else ""
        table.add_row(value, *(_styled(speech, text) for text in (figure.scope, date, source)))
    return table


def _labelled(speech: Speech, line: str) -> Styled:
    """A line of a card, its label dimmed."""
    styled = _styled(speech, line.strip())
    end = styled.plain.find(speech.script(speech.say("labelled", label="", text="").rstrip()))
    if end > 0:
        styled.stylize("dim", 0, end + 1)
    return styled


def _styled(speech: Speech, text: str, style: str = "") -> Styled:
    """Text that a terminal takes for nothing else, with its links to click on."""
    from rich.text import Text as Styled

    styled = Styled(safe(speech.script(text)), style)
    for found in _LINK.finditer(styled.plain):
        styled.stylize(f"underline link {found[0]}", *found.span())
    return styled


def _history(shell: Shell) -> History:
    from prompt_toolkit.history import FileHistory

    path = shell.settings.data_dir / HISTORY
    # What a person asks is for nobody else to read.
    os.close(os.open(path, os.O_CREAT | os.O_APPEND, 0o600))
    return FileHistory(str(path))
