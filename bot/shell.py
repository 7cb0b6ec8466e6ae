"""What every command shares: exit codes, the language of messages, where output goes, and opening what is asked."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from bot.errors import BadInput, BotError
from bot.settings import PREFIX, Settings
from bot.speech import Speech
from knowledge.errors import ExportRefused, ImportRefused, KnowledgeError, RecordMissing
from retrieval.errors import IndexMissing, IndexOutOfDate, RetrievalError
from retrieval.language import EN, parse

if TYPE_CHECKING:
    from rich.console import Console

    from bot.assistant import Assistant
    from bot.bootstrap import Built
    from knowledge.store import KnowledgeBase
    from retrieval.index import Progress

OK, FAILED, BAD_INPUT, NOT_READY = 0, 1, 2, 3
EXIT_CODES: Mapping[int, str] = {
    OK: "exit_ok",
    FAILED: "exit_failed",
    BAD_INPUT: "exit_bad_input",
    NOT_READY: "exit_not_ready",
}
KNOWN_ERRORS = (KnowledgeError, RetrievalError, BotError)
LOG = "greenask.log"

_BAD_INPUT = (BadInput, RecordMissing, ImportRefused, ExportRefused)
# Sequences that steer a terminal; other control characters; marks that turn the direction of reading.
_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_FOR_A_LINE = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SECRET_OPTION = re.compile(r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&\s]+", re.IGNORECASE)


class Unusable(BotError):
    """The data folder or the database cannot be used."""


def language(chosen: str | None = None) -> str:
    """The language of messages: the one chosen, else the system's, else English."""
    names = (chosen, *(os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")))
    first = next((name for name in names if name), "")
    return parse(first.split(".")[0].split("@")[0]) or EN


def words(settings: Settings | None = None) -> Speech:
    """The messages of the command line, also when the settings cannot be read."""
    if settings is None:
        try:
            settings = Settings()
        except ValidationError:
            return Speech(language(), "cli")
    return Speech(language(settings.lang), "cli")


def safe(text: str) -> str:
    """The text without anything that a terminal would obey; line breaks and tabs stay."""
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


def json_line(data: object) -> str:
    """The data as JSON on one line; what a terminal would obey is escaped."""
    return _NOT_FOR_A_LINE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(data, ensure_ascii=False))


@dataclass(frozen=True)
class Shell:
    """One run of the command: its settings, the words it speaks, and the streams it writes to."""

    settings: Settings
    speech: Speech

    @classmethod
    def start(cls) -> Shell:
        """Read the settings, and log what they say to standard error."""
        settings = Settings()
        log = logging.getLogger("greenask")
        log.setLevel(settings.log_level)
        if not any(isinstance(handler, _ToStandardError) for handler in log.handlers):
            log.addHandler(_ToStandardError())
        return cls(settings, words(settings))

    @cached_property
    def out(self) -> Console:
        """Standard output."""
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Standard error: what is said beside the answers."""
        return _console(sys.stderr)

    def say(self, key: str, **values: object) -> str:
        """A message in the reader's script."""
        return self.speech.script(self.speech.say(key, **values))

    def label(self, table: str, key: str) -> str:
        """The word for a stage, a kind or the like; one that has no word is shown as it is."""
        return self.speech.script(self.speech.names(table).get(key, key))

    def line(self, text: str) -> None:
        """Print a line as it is, however long."""
        self.out.print(safe(text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Print a line to standard error."""
        self.err.print(safe(text), soft_wrap=True)

    def save(self, name: str, data: bytes) -> None:
        """Write a file and say so; one that is there already is replaced when the new one is whole."""
        path = Path(name).expanduser()
        try:
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".greenask-", delete=False) as part:
                part.write(data)
            Path(part.name).chmod(0o644)
            Path(part.name).replace(path)
        except OSError as error:
            raise BadInput(self.say("file_unwritable", path=name, reason=error.strerror or error)) from error
        self.note(self.say("exported", path=name))

    def table(self, rows: Iterable[Sequence[str]], *, right: bool = False) -> None:
        """Print rows in columns, the last one at the right edge if wanted; never cut where no person reads it."""
        from rich.cells import cell_len
        from rich.table import Table

        cells = [[safe(cell) for cell in row] for row in rows]
        if not self.out.is_terminal:
            widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
            for row in cells:
                gaps = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
                padded = [cell + gap for cell, gap in zip(row, gaps, strict=True)]
                self.line("  ".join([*padded[:-1], gaps[-1] + row[-1] if right else row[-1]]))
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        for number in range(len(cells[0]) - 1 if cells else 0):
            table.add_column(style="bold" if number else "cyan", no_wrap=True)
        table.add_column(justify="right" if right else "left", overflow="fold")
        for row in cells:
            table.add_row(*row)
        self.out.print(table)

    def kb(self) -> KnowledgeBase:
        """The knowledge base, its schema up to date."""
        from sqlalchemy.exc import SQLAlchemyError

        from bot import bootstrap

        try:
            return bootstrap.open_kb(self.settings)
        except (SQLAlchemyError, sqlite3.Error, ImportError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            text = self.say("database_unusable", url=database_shown(self.settings), reason=reason)
        except OSError as error:
            text = self.say("folder_unusable", folder=self.settings.data_dir, reason=error.strerror or error)
        raise Unusable(masked(text, self.settings))

    def build(self, kb: KnowledgeBase, *, force: bool = False) -> Built:
        """Bring the knowledge base and the index up to date, with a progress bar."""
        from bot import bootstrap

        with self.progress() as progress:
            return bootstrap.build(self.settings, kb, progress, force=force)

    def assistant(self, *, build: bool = True) -> Assistant:
        """The assistant. A missing or stale index is named and built again, or refused when ``build`` is false."""
        from bot import bootstrap
        from knowledge import starter

        kb = self.kb()
        if build and kb.note(bootstrap.STARTER) not in (None, starter.digest()):
            self.note(self.say("starter_is_newer"))
            self.build(kb)
        try:
            return bootstrap.open_assistant(self.settings, kb)
        except (IndexMissing, IndexOutOfDate) as error:
            if not build:
                raise
            self.note(self.say("index_missing" if isinstance(error, IndexMissing) else "index_stale"))
        self.build(kb)
        return bootstrap.open_assistant(self.settings, kb)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Shows how far the stages of a long task are, as bars on standard error where a person looks at it."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        if not self.err.is_terminal:
            yield lambda *_: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            tasks: dict[str, Any] = {}

            def show(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    for task in bar.tasks:
                        bar.update(task.id, completed=task.total)
                    tasks[stage] = bar.add_task(self.label("stages", stage), total=total or 1)
                bar.update(tasks[stage], completed=done, total=total or 1)

            yield show


def _console(stream: Any) -> Console:
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            """Left to whoever runs the command."""
            raise BrokenPipeError

    # Nothing is cut to fit a screen that is not there.
    width = None if stream.isatty() else 200
    return Piped(file=stream, width=width, markup=False, emoji=False, highlight=False)


def database_shown(settings: Settings) -> str:
    """The URL of the database without its secrets."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        shown = make_url(settings.database).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "***"
    return _SECRET_OPTION.sub(r"\1***", shown)


def masked(text: str, settings: Settings) -> str:
    """The text with every secret of the settings put out of sight."""
    for value in (getattr(settings, name) for name in type(settings).model_fields):
        if isinstance(value, SecretStr) and value.get_secret_value():
            text = text.replace(value.get_secret_value(), "***")
    password = re.search(r"://[^/@]*?:(.+)@", settings.database)
    return text.replace(password[1], "***") if password else text


def report(error: Exception) -> int:
    """Say what went wrong, in one line on standard error; returns the exit code. The unforeseen goes to the log."""
    speech = words()
    code, text = FAILED, ""
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        code, text = BAD_INPUT, _wrong_setting(error, speech)
    elif isinstance(error, (KnowledgeError, RetrievalError)):
        code = BAD_INPUT if isinstance(error, _BAD_INPUT) else NOT_READY
        what = speech.names("errors").get(type(error).__name__) or speech.names("errors")["other"]
        text = speech.say("error_of", what=what, text=error)
    elif isinstance(error, BotError):
        code = BAD_INPUT if isinstance(error, _BAD_INPUT) else NOT_READY
        text = speech.say("error", text=error)
    else:
        text = _unforeseen(error, speech)
    _console(sys.stderr).print(safe(speech.script(" ".join(text.split()))), soft_wrap=True)
    return code


def _wrong_setting(error: ValidationError, speech: Speech) -> str:
    said = []
    for fault in error.errors():
        name = str(fault["loc"][0])
        secret = "SecretStr" in str(Settings.model_fields[name].annotation)
        reason = fault.get("ctx", {}).get("expected") or fault["msg"]
        value = "***" if secret else fault["input"]
        said.append(speech.say("wrong_setting", name=PREFIX + name.upper(), value=value, reason=reason))
    return speech.say("error", text=" ".join(said))


def _unforeseen(error: Exception, speech: Speech) -> str:
    from logging.handlers import RotatingFileHandler

    reference = secrets.token_hex(4)
    kind = type(error).__name__
    try:
        settings = Settings()
        handler = RotatingFileHandler(
            settings.data_dir / LOG, maxBytes=1_000_000, backupCount=3, encoding="utf-8", errors="replace"
        )
    except (OSError, ValidationError):
        return speech.say("unforeseen_unlogged", kind=kind)
    formatter = _Masking("%(asctime)s %(levelname)s %(message)s")
    formatter.settings = settings
    handler.setFormatter(formatter)
    record = logging.LogRecord(
        "greenask", logging.ERROR, __file__, 0, "reference %s", (reference,), (type(error), error, error.__traceback__)
    )
    handler.handle(record)
    handler.close()
    return speech.say("unforeseen", kind=kind, reference=reference, log=settings.data_dir / LOG)


class _ToStandardError(logging.Handler):
    """Lines of the log on standard error, wherever that leads at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        print(safe(f"{record.levelname} {self.format(record)}"), file=sys.stderr)


class _Masking(logging.Formatter):
    """Lines of the log, without the secrets of the settings."""

    settings: Settings

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record), self.settings)
