"""The command line: what can be asked for, and the one place where its errors are caught."""

from __future__ import annotations

import importlib.metadata
import os
import sys
import tomllib
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bot import (
    curate_commands,
    doctor,
    eval_answers,
    eval_commands,
    kb_commands,
    staff_commands,
    telegram_commands,
    translate_command,
)
from bot.settings import CHECKOUT
from bot.shell import BAD_INPUT, EXIT_CODES, Shell, report, words
from bot.speech import Speech


class Root(TyperGroup):
    """The command itself: it speaks the user's language, and says in one line what went wrong below it."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command; leaves with the exit code, or returns it when not by itself."""
        # One BLAS thread: the vectors are small, and on a busy machine more threads wait for each other, many times over.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        _speak_to_any_terminal()
        speech = words()
        put_into_words(self, speech)
        try:
            code = super().main(args, "greenask", complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            # Without a message, it is help that was asked for and that has been shown.
            if error.format_message():
                typer.echo(speech.script(_usage(error, speech)), err=True)
            code = BAD_INPUT
        except typer.Abort:
            code = BAD_INPUT
        if standalone_mode:
            sys.exit(code or 0)
        return code or 0

    def invoke(self, ctx: Any) -> Any:
        """Run what was asked for. Every error of ours and every unforeseen one ends here."""
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except BrokenPipeError:
            # Whoever read the output has had enough. What is still unwritten must not fail again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:  # noqa: BLE001  (report says it in one line and logs what nobody foresaw)
            raise typer.Exit(report(error)) from None


main = typer.Typer(
    cls=Root, help="help_greenask", add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True
)
main.add_typer(kb_commands.kb, name="kb")
main.add_typer(eval_commands.evaluation, name="eval")
main.add_typer(curate_commands.curate, name="curate")
main.add_typer(staff_commands.staff, name="staff")
eval_commands.evaluation.command("answers", help="help_answers")(eval_answers.answers)


@main.callback()
def greenask(ctx: typer.Context, version: Annotated[bool, typer.Option("--version", help="opt_version")] = False) -> None:
    """The command without a subcommand: the version, or the chat."""
    if version:
        typer.echo(f"greenask {installed_version()}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        chat()


@main.command(help="help_chat")
def chat(no_build: Annotated[bool, typer.Option("--no-build", help="opt_no_build_ask")] = False) -> None:
    """Ask at a prompt, or a question a line where there is no terminal."""
    from bot import terminal

    raise typer.Exit(terminal.chat(Shell.start(), build=not no_build))


@main.command(help="help_ask")
def ask(
    question: Annotated[list[str] | None, typer.Argument(help="arg_question", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="opt_json")] = False,
    file: Annotated[str | None, typer.Option("--file", help="opt_file", show_default=False)] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="opt_lang", show_default=False)] = None,
    export: Annotated[str | None, typer.Option("--export", help="opt_export", show_default=False)] = None,
    explain: Annotated[bool, typer.Option("--explain", help="opt_explain")] = False,
    no_build: Annotated[bool, typer.Option("--no-build", help="opt_no_build_ask")] = False,
) -> None:
    """Answer one question, or those of a file."""
    from bot.ask import Form, ask_file, ask_one
    from bot.errors import BadInput

    shell = Shell.start()
    if (question is None) == (file is None):
        raise BadInput(shell.say("ask_what"))
    if file is not None and export is not None:
        raise BadInput(shell.say("export_one"))
    if file is not None:
        raise typer.Exit(ask_file(shell, file, lang=lang, explain=explain, build=not no_build))
    text, form = " ".join(question or ()), Form(as_json=as_json, explain=explain)
    raise typer.Exit(ask_one(shell, text, lang=lang, form=form, export=export, build=not no_build))


@main.command(help="help_stats")
def stats(
    metric: Annotated[list[str] | None, typer.Argument(help="arg_metric", show_default=False)] = None,
    chart: Annotated[str | None, typer.Option("--chart", help="opt_chart", show_default=False)] = None,
    csv: Annotated[str | None, typer.Option("--csv", help="opt_csv", show_default=False)] = None,
    xlsx: Annotated[str | None, typer.Option("--xlsx", help="opt_xlsx", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="opt_json")] = False,
    lang: Annotated[str | None, typer.Option("--lang", help="opt_lang", show_default=False)] = None,
    no_build: Annotated[bool, typer.Option("--no-build", help="opt_no_build_ask")] = False,
) -> None:
    """The figures of a metric, or the list of metrics."""
    from bot.stats import Files
    from bot.stats import stats as told

    files = Files(chart, tuple(name for name in (csv, xlsx) if name))
    asked = " ".join(metric or ()).strip()
    raise typer.Exit(told(Shell.start(), asked, files, lang=lang, as_json=as_json, build=not no_build))


main.command("doctor", help="help_doctor")(doctor.doctor)
main.command("telegram", help="help_telegram")(telegram_commands.telegram)
main.command("start", help="help_start")(telegram_commands.start)
main.command("qr", help="help_qr")(telegram_commands.qr)
main.command("usage", help="help_usage")(staff_commands.usage)
kb_commands.kb.command("watch", help="help_watch")(staff_commands.watch)
kb_commands.kb.command("translate", help="help_translate")(translate_command.translate)


def installed_version() -> str:
    """The version that is installed; in a checkout without an installation, the one it says."""
    try:
        return importlib.metadata.version("greenask")
    except importlib.metadata.PackageNotFoundError:
        with (CHECKOUT / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])


def put_into_words(command: Any, speech: Speech) -> None:
    """Give the command, its options and those below it their help: in this file they have only the keys of messages."""
    texts, panels = speech.names("help"), speech.names("panels")
    command.help = speech.script(texts.get(command.help, command.help or ""))
    option = command.get_help_option(typer.Context(command))
    option.help = speech.script(texts["opt_help"])
    for each in (*command.params, option):
        each.help = speech.script(texts.get(each.help, each.help or ""))
        each.rich_help_panel = speech.script(panels[each.param_type_name])
    if isinstance(command, Root):
        codes = (f"{code}  {texts[key]}" for code, key in EXIT_CODES.items())
        command.epilog = speech.script("\n\n".join([texts["exit_codes"], *codes]))
    below: Any
    for below in getattr(command, "commands", {}).values():
        below.rich_help_panel = speech.script(panels["command"])
        put_into_words(below, speech)


def _usage(error: typer.TyperException, speech: Speech) -> str:
    param = getattr(error, "param", None)
    name = getattr(error, "option_name", None) or (param.opts[0] if param else "")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "greenask"
    kind = type(error).__name__
    if kind == "UsageError" and isinstance(getattr(context, "command", None), TyperGroup):
        kind = "NoSuchCommand"
    said = speech.names("usage").get(kind, "{text}")
    text = speech.say("error", text=said.format(name=name, text=error.format_message()))
    return text + "\n" + speech.say("see_help", command=path)


def _speak_to_any_terminal() -> None:
    # A terminal that knows no Chinese shows question marks rather than a traceback.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure and (stream.encoding or "").lower().replace("-", "") != "utf8":
            reconfigure(**({"errors": "replace"} if stream.isatty() else {"encoding": "utf-8"}))


if __name__ == "__main__":
    main()
