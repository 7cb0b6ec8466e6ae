"""A lead in a terminal while a model writes it: sentences as they come, then the reply, and nothing said twice."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot import terminal
from bot.settings import Settings
from bot.shell import Shell, words
from bot.staff.visit import CHAT, Visit
from bot.values import Question
from tests.bot.test_terminal import read_until

ROOT = Path(__file__).parents[3]
ASKED = {"en": "who is Xie Hongxing?", "zh": "解洪兴是谁？", "zh-Hant": "解洪興是誰？"}
SAID = {
    "en": "Xie Hongxing is the director of the Bluetech Clean Air Alliance [1]. He is known in English reports as Tonny Xie [1].",
    "zh": "解洪兴是中关村创蓝清洁空气产业联盟主任[1]。英文报道中也称他为Tonny Xie[1]。",
}
ENDS = {"en": "Tonny Xie [1].", "zh": "Tonny Xie[1]。", "zh-Hant": "Tonny Xie[1]。"}


class Watched(io.StringIO):
    """What a terminal was sent, and what stood on its screen after each piece of it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def write(self, text: str) -> int:
        """Take a piece, and look at the screen."""
        written = super().write(text)
        self.seen.append(self.screen)
        return written

    @property
    def screen(self) -> str:
        """The lines as a person sees them now."""
        lines, row = [""], 0
        for code, plain in re.findall(r"(\x1b\[[0-9;?]*[A-Za-z])|([^\x1b]+)", self.getvalue().replace("\r", "")):
            if code == "\x1b[1A":
                row -= 1
            elif code == "\x1b[2K":
                lines[row] = ""
            for char in plain:
                if char == "\n":
                    row += 1
                    lines += [""] * (row == len(lines))
                else:
                    lines[row] += char
        return "\n".join(lines)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The screen of a terminal on which commands print."""
    watched = Watched()
    console = Console(file=watched, force_terminal=True, width=200, color_system=None, legacy_windows=False)
    monkeypatch.setattr(Shell, "out", console)
    return watched


def ask(assistant, text: str) -> None:
    shell = Shell(Settings(lang="en"), words(Settings(lang="en")))
    terminal._reply(shell, assistant, text, Visit(None, CHAT, ""), "s")


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_sentences_come_one_by_one(lang, chat, assistant_with, screen):
    """Each checked sentence is on the screen before the next; then the reply takes their place, its lead said once."""
    ask(assistant_with(chat(SAID["en" if lang == "en" else "zh"])), ASKED[lang])
    begun = [seen for seen in screen.seen if "Tonny" not in seen and "╭" not in seen and len(seen) > 20]
    assert begun, screen.seen
    both = next(seen for seen in screen.seen if ENDS[lang] in seen)
    assert "╭" not in both
    assert both.startswith(begun[-1].rstrip())
    assert screen.screen.count("Tonny") == 1 + screen.screen.split("╭", 1)[1].count("Tonny")
    assert screen.screen.index(ENDS[lang]) < screen.screen.index("╭")


def test_what_fails_the_check_is_never_on_the_screen(chat, assistant_with, screen):
    """A sentence that the records do not bear out is not shown for a moment, either."""
    lying = SAID["en"].replace("He is known", "He was awarded a prize [1]. He is known")
    ask(assistant_with(chat(lying)), ASKED["en"])
    assert ENDS["en"] in screen.screen
    assert not any("prize" in seen for seen in screen.seen)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_a_model(lang, assistant, screen):
    """Without a model the reply is printed as it ever was: nothing is drawn before it and nothing taken back."""
    ask(assistant, ASKED[lang])
    assert "\x1b[1A" not in screen.getvalue()
    assert "\x1b[?25l" not in screen.getvalue()
    expected = io.StringIO()
    console = Console(file=expected, force_terminal=True, width=200, color_system=None, legacy_windows=False)
    for part in terminal.pretty(assistant.answer_now(Question(ASKED[lang]))):
        console.print(part)
    assert screen.getvalue() == expected.getvalue()


def test_an_answer_that_fails_leaves_a_clean_screen(screen):
    """When the answer fails in the middle of its lead, the sentence goes, the cursor is back and the chat goes on."""

    class Breaks:
        def answer_now(self, question, hear):
            hear("Half of it.")
            raise ZeroDivisionError

    ask(Breaks(), "anything")
    assert screen.screen.strip() == ""
    assert "\x1b[?25h" in screen.getvalue()


def test_one_question(run, warm, chat, assistant_with, monkeypatch, screen):
    """'greenask ask' on a terminal shows the sentences, too; as JSON, or into a file, the reply comes in one piece."""
    over = assistant_with(chat(SAID["en"]))
    monkeypatch.setattr(over.kb, "close", lambda: None)
    monkeypatch.setattr(Shell, "assistant", lambda self, *, build=True: over)
    assert run("ask", ASKED["en"]).exit_code == 0
    assert "\x1b[?25l" in screen.getvalue()
    before = screen.getvalue()
    assert '"text"' in run("ask", "--json", ASKED["en"]).stdout
    assert screen.getvalue() == before


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_real_terminal_and_a_real_server(llmock, own_home, tmp_path):
    """On a real terminal, with a server that sends a word at a time, the first sentence is there before the reply is."""
    import pty

    llmock.pace(150)
    llmock.reply(SAID["en"], times=None)
    pid, terminal_end = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "GREENASK_DATA_DIR": str(own_home), "OPENBLAS_NUM_THREADS": "1",
            "LANG": "C.UTF-8", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "GREENASK_LOG_QUESTIONS": "no", "COLUMNS": "200",
            "GREENASK_MODEL": "openai:mock-model", "GREENASK_MODEL_URL": llmock.base_url(), "GREENASK_MODEL_KEY": "k",
            "GREENASK_MODEL_TIMEOUT": "60",
        }  # fmt: skip
        os.execve(sys.executable, [sys.executable, "-m", "bot.cli"], environment)
    read_until(terminal_end, "", "›", 60)
    os.write(terminal_end, f"{ASKED['en']}\r".encode())
    first = read_until(terminal_end, "", r"Alliance \[1\]\.", 60)
    assert "Tonny" not in first
    assert "╭" not in first
    rest = read_until(terminal_end, "", "╯[^╯]*›", 60)
    assert ENDS["en"] in rest
    os.write(terminal_end, b"\x04")
    read_until(terminal_end, "", "Goodbye")
    with contextlib.suppress(ChildProcessError):
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    os.close(terminal_end)
