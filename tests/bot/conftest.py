"""Running the command line in this process, on data folders of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.assistant import Assistant
from bot.cli import main
from bot.shell import Shell

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting, language or .env file of the machine reaches a test."""
    for name in ("DATA_DIR", "DATABASE_URL", "CHROMA_URL", "EMBEDDER", "LANG", "LOG_LEVEL"):
        monkeypatch.delenv(f"GREENASK_{name}", raising=False)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("GREENASK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``greenask`` with these arguments, in a language, and gives what it printed and its exit code."""

    def run_(*args: str, lang: str = "en", stdin: str | bytes | None = None) -> Result:
        monkeypatch.setenv("GREENASK_LANG", lang)
        return CliRunner().invoke(main, list(args), input=stdin)

    return run_


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """The command works on the built data folder, which is not to be changed."""
    monkeypatch.setenv("GREENASK_DATA_DIR", str(home))
    return home


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path) -> Path:
    """The command works on a copy of the built data folder."""
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    monkeypatch.setenv("GREENASK_DATA_DIR", str(copy))
    return copy


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch, at_home: Path, assistant: Assistant) -> Assistant:
    """Commands find the assistant already open, which saves seconds at each."""
    monkeypatch.setattr(Shell, "assistant", lambda self, *, build=True: assistant)
    return assistant
