"""greenask telegram, start and qr: the bot, the bot beside the chat, and codes for posters."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import BadInput, BotError
from bot.shell import OK, Shell

if TYPE_CHECKING:
    from bot.telegram.channel import Channel

NoBuild = Annotated[bool, typer.Option("--no-build", help="opt_no_build_ask")]


class TokenMissing(BotError):
    """The bot was started without a token."""


def telegram(no_build: NoBuild = False) -> None:
    """Run the Telegram bot until it is stopped."""
    _foreground(Shell.start(), build=not no_build)


def start(no_build: NoBuild = False) -> None:
    """The chat, and beside it the Telegram bot when a token is set; the bot alone where nobody sits at a terminal."""
    from bot import terminal

    shell = Shell.start()
    here = sys.stdin.isatty() and sys.stdout.isatty()
    if shell.settings.telegram_token is None:
        raise typer.Exit(terminal.chat(shell, build=not no_build))
    if not here:
        _foreground(shell, build=not no_build)
        return
    from bot.telegram.run import Beside

    assistant = shell.assistant(build=not no_build)
    bot = Beside(shell.settings, assistant)
    shell.note(shell.say("telegram_beside"))
    code = OK
    try:
        code = terminal.chat(shell, build=not no_build, assistant=assistant)
    finally:
        bot.stop()
    raise typer.Exit(code)


def _foreground(shell: Shell, *, build: bool) -> None:
    if shell.settings.telegram_token is None:
        raise TokenMissing(shell.say("telegram_no_token"))
    from bot.telegram.run import TokenRefused, run

    def ready(channel: Channel) -> None:
        shell.note(shell.say("telegram_ready", bot=channel.username))

    assistant = shell.assistant(build=build)
    with closing(assistant.kb):
        try:
            run(shell, assistant, ready)
        except TokenRefused:
            raise TokenRefused(shell.say("telegram_token_refused")) from None
    shell.note(shell.say("telegram_stopped"))


def qr(
    what: Annotated[str, typer.Argument(help="arg_qr_what", show_default=False)],
    of: Annotated[str, typer.Argument(help="arg_qr_of", show_default=False)],
    out: Annotated[str, typer.Argument(help="arg_qr_out", show_default=False)],
    bot: Annotated[str | None, typer.Option("--bot", help="opt_qr_bot", show_default=False)] = None,
) -> None:
    """Write the code that opens the bot at an event, an organisation or a question."""
    from bot import posters

    shell = Shell.start()
    form = out.rpartition(".")[2].lower()
    if what not in posters.KINDS:
        raise BadInput(shell.say("qr_what", value=what))
    if form not in posters.FORMS:
        raise BadInput(shell.say("unknown_form", path=out, forms=", ".join(f".{each}" for each in posters.FORMS)))
    with closing(shell.kb()) as kb:
        name = (bot or kb.note(posters.USERNAME) or "").removeprefix("@")
        if not posters.is_username(name):
            raise BadInput(shell.say("qr_bot"))
        poster = posters.make(kb, what, of, name)
    shell.save(out, posters.draw(poster, form))
    shell.note(poster.link)
