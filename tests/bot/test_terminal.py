"""The terminal: a conversation where a person sits, a reply a line where nobody does."""

from __future__ import annotations

import codecs
import io
import os
import re
import select
import stat
import sys
import time
from pathlib import Path

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from bot import render, terminal
from bot.shell import Shell
from bot.values import Answer, Card, Cited, Figure, Question, Text
from bot.writing import Hear, unheard

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    "Which VOC measurement instruments are there?",
    "谁是解洪兴？",
    "How many technologies are in the Green Technology Book?",
    "WIPO GREEN收錄了多少項技術？",
    "香港的合作伙伴有哪些？",
    "hello",
    "what is the capital of France",
]


class Parrot:
    """An assistant that says what it was asked, and fails when told to."""

    def answer_now(self, question: Question, hear: Hear = unheard) -> Answer:
        if "fail" in question.text:
            raise ZeroDivisionError
        return Answer(question.text, question.lang or "en", "answered", (Text(f"You said: {question.text}", "lead"),))

    def forget(self, session: str) -> None:
        """A parrot remembers nothing."""


def printed(answer: Answer, **options) -> str:
    """What a person sees of an answer on a wide terminal."""
    console = Console(file=io.StringIO(), force_terminal=True, width=2000, **{"color_system": None, **options})
    for part in terminal.pretty(answer):
        console.print(part)
    return console.file.getvalue()


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_lost(assistant, question):
    """Panels and tables say everything that the plain text says."""
    answer = assistant.answer_now(Question(question))
    seen = words(printed(answer))
    for line in render.text(answer).splitlines():
        missing = [word for word in words(line) if word not in seen and not any(word in each for each in seen)]
        if missing and line.startswith("•"):
            # A figure is a row of a table: its date stands in a column of its own.
            missing = [word for word in missing if not all(char in "".join(seen) for char in word)]
        assert missing == []


def hostile() -> Answer:
    """An answer whose texts try to colour, link and mark themselves up."""
    text = "\x1b[31m[bold red]x[/bold red]\x1b]8;;https://evil.example\x1b\\ :smile: \u202e"
    source = Cited(text, text, "2024-05", "https://good.example/a?b=1")
    card = Card("listing/a", "technology", text, text, ((text, text),), f"see https://good.example/a?b=1, {text}", (source,))
    figure = Figure("m", text, 3, "exact", text, text, None, text, text, source)
    return Answer(text, "en", "answered", (Text(text, "lead"), card, figure, Text(text, "note")))


def test_texts_are_only_texts():
    """What comes from data or from users neither steers the terminal nor counts as markup."""
    seen = printed(hostile())
    assert "\x1b" not in seen
    assert "\u202e" not in seen
    assert seen.count("[bold red]x[/bold red]") >= 10
    assert ":smile:" in seen


def test_links():
    """Web addresses can be clicked on, without the punctuation after them, and only those of the text."""
    links = re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b", printed(hostile(), color_system="truecolor"))
    assert set(links) == {"https://good.example/a?b=1"}


@pytest.mark.parametrize(("lang", "headings"), [("en", "Figure.*Scope.*As of.*Source"), ("zh-Hant", "數字.*範圍.*截至.*來源")])
def test_figures_are_a_table(lang, headings):
    """Figures that belong together stand in one table, with headings in the reader's language."""
    figure = Figure("m", "label", 3, "exact", "units", "China", "2024-05", "3 units", None, Cited("Gazette"))
    seen = printed(Answer("q", lang, "answered", (figure, figure)))
    assert len(re.findall(headings, seen)) == 1
    assert seen.count("Gazette") == 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_lines(run, warm, lang):
    """Without a terminal every line of input gets its plain reply, a blank line between replies."""
    asked = {"en": ["hello", "who is Xie Hongxing"], "zh": ["你好", "谁是解洪兴"]}[lang]
    result = run("chat", lang=lang, stdin="\n".join(["\ufeff" + asked[0], "", "  ", asked[1]]))
    replies = [render.text(warm.answer_now(Question(text))) for text in asked]
    assert result.exit_code == 0
    assert result.stdout == "\n\n".join(replies) + "\n"
    assert result.stderr == ""


def test_lines_with_commands(run, warm):
    """/help and /quit work in lines of input too; what comes after /quit is not answered."""
    result = run(stdin="/help\n/quit\nhello\n", lang="zh")
    assert result.exit_code == 0
    assert result.stdout.startswith("可以查技术")
    assert "绿问" not in result.stdout


@pytest.mark.parametrize("stdin", ["", "\n \n", "/quit\n"])
def test_no_input(run, stdin):
    """Input without a question ends at once, without opening or building anything, and the exit code is 0."""
    result = run(stdin=stdin)
    assert result.exit_code == 0
    assert result.output == ""


def test_lines_go_on(run, warm, monkeypatch):
    """An answer that fails is reported on standard error, the next line is answered, and the exit code is 1."""
    monkeypatch.setattr(Shell, "assistant", lambda self, *, build=True: Parrot())
    result = run(stdin="one\nfail\n\x1b[31mtwo\xff\n")
    assert result.stdout == "You said: one\n\nYou said: twoÿ\n"
    assert "ZeroDivisionError" in result.stderr
    assert result.exit_code == 1


def test_odd_bytes(run, warm, monkeypatch):
    """Input that is no UTF-8 is answered as far as it can be read."""
    monkeypatch.setattr(Shell, "assistant", lambda self, *, build=True: Parrot())
    assert run(stdin=b"one \xff\xfe\r\ntwo\r\n").stdout == "You said: one \ufffd\ufffd\n\nYou said: two\n"


def typed(keys: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lang: str = "en") -> str:
    """What a conversation prints when these keys are pressed."""
    monkeypatch.setenv("GREENASK_LANG", lang)
    shell = Shell.start()
    shell.settings.data_dir.mkdir(exist_ok=True)
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        prompt: PromptSession[str] = PromptSession(history=terminal._history(shell), input=pipe, output=DummyOutput())
        assert terminal.talk(shell, Parrot(), prompt) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("leave", ["/quit\r", "/退出\r", "\x04", "\x03", "half\x03"])
@pytest.mark.parametrize(("lang", "bye"), [("en", "Goodbye."), ("zh", "再见。"), ("zh-Hant", "再見。")])
def test_leaving(capsys, monkeypatch, leave, lang, bye):
    """/quit, Ctrl-D and Ctrl-C leave with a word of goodbye."""
    assert typed(f"one\r{leave}", capsys, monkeypatch, lang) == f"You said: one\n{bye}\n"


def test_commands(capsys, monkeypatch):
    """/help explains, an unknown command is named, an empty line and an answer that fails change nothing."""
    said = typed("/help\r\r/dance\rfail\rstill here\r\x04", capsys, monkeypatch)
    assert "/quit" in said
    assert "There is no /dance" in said
    assert "You said: still here" in said


def test_history(capsys, monkeypatch, tmp_path):
    """What was asked comes back with the arrow key the next time, and no other user may read it."""
    typed("first question\r\x04", capsys, monkeypatch)
    assert "You said: first question" in typed("\x1b[A\r\x04", capsys, monkeypatch)
    assert stat.S_IMODE((tmp_path / "data" / terminal.HISTORY).stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_whole_conversation(home, tmp_path):
    """On a real terminal the chat welcomes, answers in panels, says goodbye at Ctrl-D and leaves with 0."""
    import pty

    pid, terminal_end = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GREENASK_DATA_DIR": str(home),
            "LANG": "zh_CN.UTF-8", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "GREENASK_LOG_QUESTIONS": "no",
        }  # fmt: skip
        os.execve(sys.executable, [sys.executable, "-m", "bot.cli"], environment)
    seen = read_until(terminal_end, "", "›")
    os.write(terminal_end, "有哪些VOC测量装置？\r".encode())
    # Ctrl-D counts once the next prompt is there.
    seen = read_until(terminal_end, seen, "╯[^╯]*›")
    os.write(terminal_end, b"\x04")
    seen = read_until(terminal_end, seen, "再见")
    _, status = os.waitpid(pid, 0)
    os.close(terminal_end)
    assert os.waitstatus_to_exitcode(status) == 0
    assert "绿问：收录" in seen
    assert "污染源VOCs测量装置" in seen
    assert "Traceback" not in seen


def read_until(terminal_end: int, seen: str, wanted: str, seconds: float = 30) -> str:
    """What the terminal has shown when ``wanted``, a pattern, is there, or the time is up."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    end = time.monotonic() + seconds
    ready = select.poll()  # select() itself takes no descriptor above 1,023
    ready.register(terminal_end, select.POLLIN)
    while not re.search(wanted, seen, re.DOTALL) and time.monotonic() < end:
        if not ready.poll(1_000):
            continue
        try:
            seen += decoder.decode(os.read(terminal_end, 4096))
        except OSError:
            break
    return seen
