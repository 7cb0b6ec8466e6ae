"""greenask usage, greenask staff and greenask kb watch: what was asked, who is staff, what is due for review."""

from __future__ import annotations

import getpass
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import BadInput
from bot.shell import Shell, json_line
from bot.speech import Speech

if TYPE_CHECKING:
    from bot.staff.desk import Desk
    from bot.staff.links import Checked
    from bot.staff.stale import Stale
    from bot.staff.usage import Period, Usage

staff = typer.Typer(help="help_staff", no_args_is_help=True)

DAYS = 30
SHOWN = 5
SHORTEST = 8  # characters of a token


@staff.command("hash", help="help_staff_hash")
def hash_() -> None:
    """Make the hash of a token that is typed unseen, or read from standard input."""
    from bot.staff.identity import hash_token

    shell = Shell.start()
    speech = Speech(shell.speech.lang, "staff")
    token = _typed(speech)
    if len(token) < SHORTEST:
        raise BadInput(speech.say("token_short", n=SHORTEST))
    print(f"GREENASK_STAFF_TOKEN_HASH={hash_token(token)}")


def _typed(speech: Speech) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    token = getpass.getpass(speech.script(speech.say("token_new"))).strip()
    if getpass.getpass(speech.script(speech.say("token_again"))).strip() != token:
        raise BadInput(speech.say("token_differs"))
    return token


def usage(
    since: Annotated[str | None, typer.Option("--since", help="opt_since", show_default=False)] = None,
    until: Annotated[str | None, typer.Option("--until", help="opt_until", show_default=False)] = None,
    days: Annotated[int | None, typer.Option("--days", help="opt_days", show_default=False)] = None,
    chart: Annotated[Path | None, typer.Option("--chart", help="opt_usage_chart", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="opt_usage_csv", show_default=False)] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="opt_usage_xlsx", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="opt_usage_json")] = False,
) -> None:
    """What was asked in a period, and how it was answered."""
    from bot.staff import usage as counted
    from bot.staff.desk import Desk
    from bot.staff.log import QuestionLog

    desk = Desk.open()
    period = _period(desk, since, until, days)
    for path, forms in ((csv, (".csv",)), (xlsx, (".xlsx",)), (chart, (".png", ".svg"))):
        if path is not None and path.suffix.lower() not in forms:
            raise BadInput(desk.say("file_form", path=path, forms=" ".join(forms)))
    with closing(desk.shell.kb()) as kb:
        QuestionLog.open(desk.shell.settings, kb).purge()
        settings = desk.shell.settings
        prices = counted.Prices(settings.model_price_in, settings.model_price_out, settings.model_currency)
        found = counted.read(kb, period, prices)
    print(json_line(found.as_dict())) if as_json else _print_usage(desk, found)
    _write_usage(desk, found, [path for path in (csv, xlsx) if path], chart)


def _period(desk: Desk, since: str | None, until: str | None, days: int | None) -> Period:
    from bot.staff.usage import Period

    if since is not None and days is not None:
        raise BadInput(desk.say("since_or_days"))
    if days is not None and not 1 <= days <= 3660:
        raise BadInput(desk.say("bad_days", value=days))
    last = _date(desk, until) if until else date.today()
    first = _date(desk, since) if since else last - timedelta(days=(days or DAYS) - 1)
    if first > last:
        raise BadInput(desk.say("bad_period", since=first, until=last))
    return Period(first, last)


def _date(desk: Desk, text: str) -> date:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise BadInput(desk.say("bad_date", value=text)) from None


def _print_usage(desk: Desk, usage: Usage) -> None:
    from bot.staff.usage_files import tables

    desk.line(
        desk.say("usage_head", since=usage.period.since, until=usage.period.until, zone=datetime.now().astimezone().tzname())
    )
    if not usage.questions:
        desk.line(desk.say("usage_none" if desk.shell.settings.log_questions == "yes" else "usage_off"))
    for name, head, rows in tables(usage, desk.speech):
        if rows and (usage.questions or name == desk.speech.names("usage")["models"]):
            desk.line("")
            desk.line(desk.speech.script(name))
            cells = [head, *(["" if cell is None else str(cell) for cell in row] for row in rows)]
            desk.shell.table(([desk.speech.script(cell) for cell in row] for row in cells), right=True)


def _write_usage(desk: Desk, usage: Usage, files: Iterable[Path], chart: Path | None) -> None:
    from bot.staff.usage_files import write

    for path in files:
        write(usage, path.expanduser(), desk.speech)
        desk.shell.note(desk.say("written", path=path))
    if chart is not None:
        from bot.staff.usage_chart import draw

        speaks = draw(usage, chart.expanduser(), desk.speech)
        desk.shell.note(desk.say("written", path=chart))
        if speaks.base != desk.speech.base:
            desk.shell.note(desk.say("no_font"))


def watch(
    check_links: Annotated[bool, typer.Option("--links", help="opt_links")] = False,
    all_: Annotated[bool, typer.Option("--all", help="opt_all")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="opt_watch_json")] = False,
) -> None:
    """What is due for review, lacks a contact or a language, and with --links which links are dead."""
    from bot.staff import stale
    from bot.staff.desk import Desk
    from bot.staff.links import WELL, LinkChecker

    desk = Desk.open()
    with closing(desk.shell.kb()) as kb:
        found = list(stale.watch(kb, date.today(), desk.shell.settings.stale_after_days))
        links = stale.links(kb) if check_links else {}
    if check_links and not as_json:
        desk.shell.note(desk.say("checking", n=len(links)))
    checked = [each for each in LinkChecker().check_all(links) if each.verdict != WELL]
    if as_json:
        said = [{**asdict(each), "records": links[each.url]} for each in checked]
        print(json_line({"stale": [asdict(each) for each in found], "links": said if check_links else None}))
        return
    _print_stale(desk, found, None if all_ else SHOWN)
    if check_links:
        _print_links(desk, checked, links)


def _print_stale(desk: Desk, found: Iterable[Stale], most: int | None) -> None:
    by_cause: dict[str, list[Stale]] = defaultdict(list)
    for each in found:
        by_cause[each.cause].append(each)
    if not by_cause:
        desk.line(desk.say("watch_well"))
    days = desk.shell.settings.stale_after_days
    for cause, each_of in by_cause.items():
        desk.line(desk.speech.script(desk.speech.names("causes")[cause].format(n=len(each_of), days=days)))
        for each in each_of[:most]:
            name = each.name_en if desk.speech.base == "en" else each.name_zh
            desk.line("  " + "  ".join(part for part in (each.key, name, each.detail) if part))
        if most is not None and len(each_of) > most:
            desk.line("  " + desk.say("and_more", n=len(each_of) - most))


def _print_links(desk: Desk, checked: Iterable[Checked], links: dict[str, list[str]]) -> None:
    verdicts = Counter(each.verdict for each in checked)
    desk.line(
        desk.say("links_checked", n=len(links), dead=verdicts["dead"], unsure=verdicts["unsure"], refused=verdicts["refused"])
    )
    for each in sorted(checked, key=lambda each: each.verdict):
        reason = desk.label("reasons", each.reason)
        desk.line(f"  {desk.label('verdicts', each.verdict)} ({reason})  {each.url}  {', '.join(links[each.url][:3])}")
