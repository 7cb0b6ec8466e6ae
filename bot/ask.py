"""Questions of the command line: one with the command, or many in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import render
from bot.errors import BadInput
from bot.shell import BAD_INPUT, OK, Shell, json_line, report
from bot.staff.visit import ASK, FILE, Visit
from bot.terminal import listening, question, show, show_explained
from bot.values import Answer, Question
from bot.writing import unheard
from retrieval.language import parse

if TYPE_CHECKING:
    from bot.assistant import Assistant

STANDARD_INPUT = "-"
_LINE = '{"text": "…"}'  # how a line of a file looks


@dataclass(frozen=True)
class Form:
    """How an answer is printed: as text or as JSON, with or without how it came about."""

    as_json: bool = False
    explain: bool = False


def ask_one(shell: Shell, text: str, *, lang: str | None, form: Form, export: str | None = None, build: bool) -> int:
    """Answer one question, and write its figures to a file if wanted; returns the exit code."""
    from bot.stats import known_table, save_tables

    hint = read_lang(shell, lang)
    if export is not None:
        known_table(shell, export)
    assistant = shell.assistant(build=build)
    with closing(assistant.kb):
        asked = question(text, shell.speech.lang, hint=hint)
        with nullcontext(unheard) if form.as_json else listening(shell) as hear:
            answer = assistant.answer_now(asked, hear)
        if form.as_json:
            print(json_line(render.as_json(answer, explain=form.explain)), flush=True)
        else:
            show(shell, answer)
            show_explained(shell, answer if form.explain else None)
        Visit.open(shell.settings, assistant, ASK).answered(asked, answer)
        if export is not None:
            save_tables(shell, answer, (export,))
    return OK


def ask_file(shell: Shell, name: str, *, lang: str | None, explain: bool = False, build: bool) -> int:
    """Answer each line of a file with a line of JSON, in its order; a line it cannot read, by its error."""
    hint = read_lang(shell, lang)
    with _opened(shell, name) as lines:
        assistant = shell.assistant(build=build)
        with closing(assistant.kb):
            return _answer_each(shell, assistant, lines, hint, explain=explain)


def _answer_each(shell: Shell, assistant: Assistant, lines: Iterable[bytes], hint: str | None, *, explain: bool) -> int:
    worst = OK
    visit = Visit.open(shell.settings, assistant, FILE)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        answered: tuple[Question, Answer] | None = None
        try:
            asked = _question(shell, line, number, hint)
            answered = asked, assistant.answer_now(asked)
            said = render.as_json(answered[1], explain=explain)
        except BadInput as error:
            worst = worst or BAD_INPUT
            said = {"error": str(error), "line": number}
        except Exception as error:  # noqa: BLE001  (one question that fails must not take the others along; report logs it)
            worst = report(error)
            said = {"error": shell.say("answer_failed"), "line": number}
        print(json_line(said), flush=True)
        if answered:
            visit.answered(*answered, answered[0].session)
    return worst


def read_lang(shell: Shell, tag: object) -> str | None:
    """The language of replies that was asked for, if any."""
    if tag is None:
        return None
    lang = parse(tag) if isinstance(tag, str) else None
    if lang is None:
        raise BadInput(shell.say("unknown_lang", value=tag))
    return lang


def _question(shell: Shell, line: bytes, number: int, hint: str | None) -> Question:
    asked = _object(shell, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    text = asked.get("text")
    if not isinstance(text, str):
        raise BadInput(shell.say("line_text", example=_LINE))
    for name in ("session", "user"):
        if not isinstance(asked.get(name), str | None):
            value = json.dumps(asked[name], ensure_ascii=False)[:80]
            raise BadInput(shell.say("line_string", field=name, value=value))
    read = question(text, shell.speech.lang, hint=read_lang(shell, asked.get("lang")) or hint, session=asked.get("session"))
    # The lines of a file may be those of many people: each conversation stands for one, unless the line says whose it is.
    return replace(read, user=asked.get("user") or (None if read.session else read.user))


def _object(shell: Shell, line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(shell.say("line_not_utf8")) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(shell.say("line_not_json", reason=error)) from error
    if not isinstance(asked, dict):
        raise BadInput(shell.say("line_not_object", example=_LINE))
    return asked


@contextmanager
def _opened(shell: Shell, name: str) -> Iterator[Iterable[bytes]]:
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).expanduser().open("rb")
    except OSError as error:
        raise BadInput(shell.say("file_unreadable", path=name, reason=error.strerror or error)) from error
    with file:
        yield file
