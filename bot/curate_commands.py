"""greenask curate: the questions nobody could answer, and the answers that staff give them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import BadInput
from bot.shell import json_line
from bot.staff.desk import Desk

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.staff.curated import CuratedAnswers, CuratedReplies, Draft
    from bot.staff.unanswered import Row
    from knowledge.journal import CuratedVersion

curate = typer.Typer(help="help_curate", no_args_is_help=True)

LONGEST = 4_000  # characters of an answer
_LARGEST = 1_000_000  # bytes of a file
_ANSWER = re.compile(r"a(\d{1,9})", re.ASCII)
_ROW = re.compile(r"(q?)(\d{1,9})", re.ASCII)
_FIELDS = {"zh", "en", "source", "questions"}

Which = Annotated[str | None, typer.Argument(help="arg_row", show_default=False)]


@curate.command("list", help="help_curate_list")
def list_(
    answered: Annotated[bool, typer.Option("--answered", help="opt_answered")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="opt_queue_json")] = False,
) -> None:
    """The queue, or the answers there are."""
    with _opened() as at:
        if answered:
            for version in at.answers.latest():
                _print_version(at.desk, version)
            return
        rows = at.rows()
    if as_json:
        print(json_line([_row_as_dict(number, row) for number, row in enumerate(rows, 1)]))
        return
    if not rows:
        at.desk.line(at.desk.say("queue_empty"))
    for number, row in enumerate(rows, 1):
        at.desk.line(f"{number}. {_headline(at.desk, row)}")
        for each in row.wordings[:3]:
            at.desk.line(f"   [{each.lang}] {each.text}")


@curate.command(help="help_curate_answer")
def answer(
    which: Which = None,
    en: Annotated[str | None, typer.Option("--en", help="opt_en", show_default=False)] = None,
    zh: Annotated[str | None, typer.Option("--zh", help="opt_zh", show_default=False)] = None,
    source: Annotated[str | None, typer.Option("--source", help="opt_source", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option("--file", help="opt_curate_file", show_default=False)] = None,
    question: Annotated[list[str] | None, typer.Option("--question", help="opt_question", show_default=False)] = None,
    without: Annotated[list[str] | None, typer.Option("--without", help="opt_without", show_default=False)] = None,
) -> None:
    """Answer a row of the queue, revise an answer, or answer a question of one's own."""
    with _opened() as at:
        given = _read_file(at.desk, file) if file else {}
        before = at.version(which) if which and _ANSWER.fullmatch(which) else None
        row = at.row(which) if which and before is None else None
        draft = _draft(at.desk, before, en or given.get("en"), zh or given.get("zh"), source or given.get("source"))
        asked = [*_questions(row, before, set(without or ())), *(question or ()), *given.get("questions", ())]
        draft = replace(draft, questions=[text for text in asked if text.strip()])
        if not draft.questions:
            raise BadInput(at.desk.say("no_question"))
        version = at.answers.revise(before, draft) if before else at.answers.add(draft)
        at.desk.line(at.desk.say("curated", id=f"a{version.answer}", number=version.number))
        for text in version.questions:
            at.desk.line(f"   {text}")


@curate.command(help="help_curate_show")
def show(which: Annotated[str, typer.Argument(help="arg_row", show_default=False)]) -> None:
    """A row of the queue with all its wordings, or an answer."""
    with _opened() as at:
        if _ANSWER.fullmatch(which):
            _print_version(at.desk, at.version(which))
            return
        row = at.row(which)
        at.desk.line(_headline(at.desk, row))
        for each in row.wordings:
            at.desk.line(f"   q{each.entry} [{each.lang}] ×{each.count} {each.text}")


@curate.command(help="help_curate_revoke")
def revoke(which: Annotated[str, typer.Argument(help="arg_answer", show_default=False)]) -> None:
    """Take an answer back; its history stays."""
    with _opened() as at:
        before = at.version(which)
        if not before.live:
            raise BadInput(at.desk.say("revoked_already", id=which))
        at.answers.revoke(before)
        at.desk.line(at.desk.say("revoked", id=which))


@curate.command(help="help_curate_history")
def history(which: Annotated[str | None, typer.Argument(help="arg_answer", show_default=False)] = None) -> None:
    """Every version of one answer, or of all."""
    with _opened() as at:
        number = at.version(which).answer if which else None
        for version in at.answers.history(number):
            _print_version(at.desk, version)


@dataclass(frozen=True)
class _At:
    """What a curating command works on."""

    desk: Desk
    assistant: Assistant
    answers: CuratedAnswers
    replies: CuratedReplies

    def rows(self) -> list[Row]:
        from bot.staff.log import QuestionLog
        from bot.staff.queue import Queue

        return Queue(self.assistant, QuestionLog.open(self.desk.shell.settings, self.assistant.kb)).rows()

    def row(self, which: str) -> Row:
        """The row at a place of the queue (3), or with a question in it (q17)."""
        found = _ROW.fullmatch(which)
        rows = self.rows()
        if found and found[1]:
            entry = int(found[2])
            chosen = [row for row in rows if any(each.entry == entry for each in row.wordings)]
        else:
            chosen = rows[int(found[2]) - 1 : int(found[2])] if found and int(found[2]) else []
        if not chosen:
            raise BadInput(self.desk.say("no_row", value=which))
        return chosen[0]

    def version(self, which: str) -> CuratedVersion:
        """The latest version of an answer (a3)."""
        found = _ANSWER.fullmatch(which)
        chosen = [version for version in self.answers.latest() if found and version.answer == int(found[1])]
        if not chosen:
            raise BadInput(self.desk.say("no_answer", value=which))
        return chosen[0]


@contextmanager
def _opened() -> Iterator[_At]:
    from bot.staff.curated import CuratedAnswers, CuratedReplies

    desk = Desk.open()
    assistant = desk.shell.assistant()
    try:
        yield _At(desk, assistant, CuratedAnswers(assistant.kb), CuratedReplies(assistant.kb, assistant.retriever))
    finally:
        assistant.kb.close()


def _draft(desk: Desk, before: CuratedVersion | None, en: str | None, zh: str | None, source: str | None) -> Draft:
    """What is answered now; of an answer that is revised, what is not given stays."""
    from bot.staff.curated import Draft, draft_of

    given = draft_of(before) if before else Draft((), "", "")
    texts = [_text(desk, text) if text is not None else old for text, old in ((en, given.text_en), (zh, given.text_zh))]
    if not any(texts):
        raise BadInput(desk.say("no_text"))
    title, url = _source(desk, source) if source else (given.source_title, given.source_url)
    if not url:
        raise BadInput(desk.say("no_source"))
    return Draft(given.questions, title, url, *texts)


def _text(desk: Desk, text: str) -> str | None:
    from bot.shell import safe

    said = safe(text.replace("\r\n", "\n")).strip()
    if len(said) > LONGEST:
        raise BadInput(desk.say("text_long", n=len(said), most=LONGEST))
    return said or None


def _source(desk: Desk, said: str) -> tuple[str, str]:
    """Title and link of a source; both are needed, and the link is one of the web."""
    from bot.staff.queue import read_source

    found = read_source(said)
    if found is None:
        raise BadInput(desk.say("bad_source", value=said))
    return found


def _questions(row: Row | None, before: CuratedVersion | None, without: set[str]) -> list[str]:
    if before:
        return list(before.questions)
    return [each.text for each in row.wordings if f"q{each.entry}" not in without] if row else []


def _read_file(desk: Desk, path: Path) -> dict[str, Any]:
    """An answer in a YAML file: ``en``, ``zh``, ``source`` (title and url) and, where wanted, ``questions``."""
    import yaml

    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.expanduser().open("rb") as opened:
            data = opened.read(_LARGEST)
        said = yaml.safe_load(data.decode("utf-8-sig"))
    except OSError as error:
        raise BadInput(desk.say("file_lost", path=path, reason=error.strerror or error)) from error
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise BadInput(desk.say("file_bad", path=path)) from error
    if not isinstance(said, dict) or not set(said) <= _FIELDS:
        raise BadInput(desk.say("file_bad", path=path))
    source, questions = said.get("source"), said.get("questions") or []
    if isinstance(source, dict):
        source = f"{source.get('title') or ''} {source.get('url') or ''}"
    given = {"en": said.get("en"), "zh": said.get("zh"), "source": source}
    if not all(isinstance(text, str | None) for text in given.values()) or not _is_texts(questions):
        raise BadInput(desk.say("file_bad", path=path))
    return {**given, "questions": questions}


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _headline(desk: Desk, row: Row) -> str:
    from bot.staff.curated import local

    langs = "/".join(row.langs)
    last = local(row.last).date().isoformat()
    return desk.say("row", id=row.id, count=row.count, disliked=row.disliked, langs=langs, last=last)


def _row_as_dict(number: int, row: Row) -> dict[str, Any]:
    wordings: Sequence[dict[str, Any]] = [
        {"id": f"q{each.entry}", "text": each.text, "lang": each.lang, "count": each.count, "disliked": each.disliked}
        for each in row.wordings
    ]
    return {
        "number": number,
        "id": row.id,
        "count": row.count,
        "disliked": row.disliked,
        "langs": list(row.langs),
        "wordings": wordings,
    }


def _print_version(desk: Desk, version: CuratedVersion) -> None:
    from bot.staff.curated import local

    when = local(version.made_at).strftime("%Y-%m-%d %H:%M")
    state = desk.say("live" if version.live else "not_live")
    desk.line(desk.say("version", id=f"a{version.answer}", number=version.number, when=when, state=state))
    for text in version.questions:
        desk.line(f"   ? {text}")
    for lang, written in (("en", version.text_en), ("zh", version.text_zh)):
        if written:
            desk.line(f"   [{lang}] {written}")
    desk.line(f"   {version.source_title} {version.source_url}")
