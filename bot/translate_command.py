"""greenask kb translate: the language that records lack, by the language model, and what somebody who had a look says of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import BadInput
from bot.shell import BAD_INPUT, OK, Shell
from bot.speech import Speech

if TYPE_CHECKING:
    from bot.model.translator import Translated
    from knowledge.records import Record
    from knowledge.store import KnowledgeBase

IMPORTED = "import"  # the origin of records that are the user's own


def translate(
    keys: Annotated[list[str] | None, typer.Argument(help="arg_keys_translate", metavar="KEY...", show_default=False)] = None,
    accept: Annotated[bool, typer.Option("--accept", help="opt_accept")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="opt_discard")] = False,
    no_build: Annotated[bool, typer.Option("--no-build", help="opt_no_build")] = False,
) -> None:
    """Translate imported records that lack a language, or say that translations are right or wrong."""
    from bot.kb_commands import rebuild_unless

    shell = Shell.start()
    if accept and discard:
        raise BadInput(_say(shell, "accept_or_discard"))
    if not (accept or discard):
        check(shell)
    with closing(shell.kb()) as opened:
        chosen = [opened.get(key) for key in keys] if keys else list(opened.records())
        own = [record for record in chosen if record.origin == IMPORTED]
        if keys and len(own) < len(chosen):
            raise BadInput(_say(shell, "translate_own"))
        if accept or discard:
            _reviewed(shell, opened, own, accept=accept)
            code = OK
        else:
            code = translate_keys(shell, opened, [record.key for record in own])
        rebuild_unless(shell, opened, no_build)
    raise typer.Exit(code)


def check(shell: Shell) -> None:
    """Refuse when no model is set that may translate."""
    from bot.model import providers

    settings = shell.settings
    if settings.model is None or "translate" not in settings.model_jobs:
        raise BadInput(_say(shell, "translate_needs_model"))
    providers.check(settings.model, Speech(shell.speech.lang, "model"))


def translate_keys(shell: Shell, opened: KnowledgeBase, keys: Sequence[str]) -> int:
    """Translate these records, save them and say what became of them; returns the exit code."""
    from bot.model.jobs import chat_of
    from bot.model.translator import Translator, lacking

    waiting = [record for record in opened.fetch(keys) if list(lacking(record))]
    if not waiting:
        shell.line(_say(shell, "nothing_to_translate"))
        return OK
    with closing(chat_of(shell.settings, opened)) as chat, shell.progress() as progress:
        done = Translator(chat).all(waiting, lambda number: progress("translate", number, len(waiting)))
    if done.records:
        opened.save(done.records, origin=IMPORTED)
    _told(shell, done)
    return BAD_INPUT if done.failed or done.left else OK


def _told(shell: Shell, done: Translated) -> None:
    shell.line(_say(shell, "translated", n=len(done.records)))
    if done.failed:
        shell.line(_say(shell, "not_translated", n=len(done.failed), keys=", ".join(done.failed[:10])))
    if done.left:
        shell.line(_say(shell, "translations_left", n=done.left))


def _reviewed(shell: Shell, opened: KnowledgeBase, records: Sequence[Record], *, accept: bool) -> None:
    """Take the mark of the machine off translations, or take the translations away."""
    from knowledge.records import MACHINE

    changed: list[Record] = []
    for record in records:
        made = [entry for entry in record.translated if entry.endswith(MACHINE)]
        if not made:
            continue
        found = type(record).model_validate(record.model_dump())
        kept = [entry for entry in record.translated if entry not in made]
        if accept:
            kept += [entry.removesuffix(MACHINE) for entry in made]
        else:
            for entry in made:
                setattr(found, entry.removesuffix(MACHINE).replace(".", "_"), None)
        found.translated = kept
        changed.append(found)
    if changed:
        opened.save(changed, origin=IMPORTED)
    shell.line(_say(shell, "accepted" if accept else "discarded", n=len(changed)))


def _say(shell: Shell, key: str, **values: object) -> str:
    speech = Speech(shell.speech.lang, "model")
    return speech.script(speech.say(key, **values))
