"""greenask kb: build, look at, check, export, import into and delete from the knowledge base."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell import BAD_INPUT, NOT_READY, OK, Shell, database_shown

if TYPE_CHECKING:
    from knowledge.importer import Report
    from knowledge.records import Record
    from knowledge.rules import Finding
    from knowledge.store import KnowledgeBase

kb = typer.Typer(help="help_kb", no_args_is_help=True)

NoBuild = Annotated[bool, typer.Option("--no-build", help="opt_no_build")]
Kind = Annotated[str | None, typer.Option("--kind", help="opt_kind_import", show_default=False)]


@kb.command(help="help_build")
def build(force: Annotated[bool, typer.Option("--force", help="opt_force")] = False) -> None:
    """Bring records and index up to date."""
    shell = Shell.start()
    with closing(shell.kb()) as opened:
        if force:
            _adopt(opened)
        rebuild(shell, opened, force=force)
        _print_counts(shell, opened.counts())


@kb.command(help="help_status")
def status() -> None:
    """Say what there is and whether the index is in step with it."""
    from bot.doctor import BUILD, index_fault, with_run

    shell = Shell.start()
    with closing(shell.kb()) as opened:
        counts, fingerprint, fault = opened.counts(), opened.fingerprint, index_fault(shell.settings, opened)
    _print_counts(shell, counts)
    rows = {
        "records": sum(counts.values()),
        "fingerprint": fingerprint or "–",
        "index": with_run(shell, shell.label("faults", fault), BUILD) if fault else shell.say("in_step"),
        "data_dir": shell.settings.data_dir,
        "database": database_shown(shell.settings),
        "index_dir": shell.settings.index_dir,
    }
    shell.table((shell.label("status", name), str(value)) for name, value in rows.items())
    raise typer.Exit(NOT_READY if fault else OK)


@kb.command(help="help_validate")
def validate(
    file: Annotated[Path | None, typer.Argument(help="arg_validate", show_default=False)] = None, kind: Kind = None
) -> None:
    """Check the whole knowledge base, or what a file would bring."""
    shell = Shell.start()
    if file is None:
        with closing(shell.kb()) as opened:
            raise typer.Exit(_print_faults(shell, opened))
    with closing(_with_starter(shell)) as opened:
        raise typer.Exit(_print_report(shell, _import(shell, opened, file, kind, dry_run=True)))


@kb.command("export", help="help_export")
def export_(
    path: Annotated[Path, typer.Argument(help="arg_export", show_default=False)],
    kind: Annotated[list[str] | None, typer.Option("--kind", help="opt_kind_export", show_default=False)] = None,
) -> None:
    """Write records to a file that imports back."""
    from knowledge.exporter import export

    shell = Shell.start()
    with closing(shell.kb()) as opened:
        _print_counts(shell, export(opened, path.expanduser(), kinds=kind))
    shell.line(shell.say("exported", path=path))


@kb.command("import", help="help_import")
def import_(
    file: Annotated[Path, typer.Argument(help="arg_import", show_default=False)],
    kind: Kind = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="opt_dry_run")] = False,
    translate: Annotated[bool, typer.Option("--translate", help="opt_translate")] = False,
    no_build: NoBuild = False,
) -> None:
    """Take in the good rows of a file and name the others."""
    shell = Shell.start()
    with closing(_with_starter(shell)) as opened:
        if translate:
            from bot import translate_command

            translate_command.check(shell)
        report = _import(shell, opened, file, kind, dry_run=dry_run)
        code = _print_report(shell, report)
        if translate and not dry_run:
            translate_command.translate_keys(shell, opened, [*report.changes.added, *report.changes.changed])
        if not dry_run:
            rebuild_unless(shell, opened, no_build)
    raise typer.Exit(code)


@kb.command(help="help_delete")
def delete(
    keys: Annotated[list[str], typer.Argument(help="arg_keys", metavar="KEY...", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="opt_yes")] = False,
    no_build: NoBuild = False,
) -> None:
    """Remove records by their keys."""
    shell = Shell.start()
    with closing(shell.kb()) as opened:
        doomed = [opened.get(key) for key in dict.fromkeys(keys)]
        if not _may_go(shell, opened, doomed):
            raise typer.Exit(BAD_INPUT)
        _name_doomed(shell, doomed)
        if not yes and not _agreed(shell, len(doomed)):
            shell.line(shell.say("nothing_deleted"))
            raise typer.Exit(OK)
        shell.line(shell.say("deleted", n=len(opened.delete([record.key for record in doomed]))))
        rebuild_unless(shell, opened, no_build)


def rebuild(shell: Shell, opened: KnowledgeBase, *, force: bool = False) -> None:
    """Bring records and index up to date and say what that changed."""
    start = time.perf_counter()
    built = shell.build(opened, force=force)
    changes = built.changes
    if changes or changes.kept:
        added, changed, kept = map(len, (changes.added, changes.changed, changes.kept))
        shell.line(shell.say("starter_saved", added=added, changed=changed, kept=kept))
    took = f"{time.perf_counter() - start:.1f}"
    shell.line(shell.say("indexed", seconds=took) if built.indexed else shell.say("nothing_to_do"))


def rebuild_unless(shell: Shell, opened: KnowledgeBase, no_build: bool) -> None:
    """Bring the index up to date, or say that it was left as it is."""
    if no_build:
        shell.line(shell.say("not_built"))
    else:
        rebuild(shell, opened)


def _with_starter(shell: Shell) -> KnowledgeBase:
    """The knowledge base with the starter records in it, which the rows of a file may name."""
    from bot.bootstrap import STARTER
    from knowledge import starter

    opened = shell.kb()
    if opened.note(STARTER) is None:
        opened.save(starter.records(), origin="starter")
        opened.remember(STARTER, starter.digest())
    return opened


def _adopt(opened: KnowledgeBase) -> None:
    """Take edits made straight in the database for what the records say now."""
    if opened.recount_fingerprint() == opened.fingerprint:
        return
    records = list(opened.records())
    for origin in {record.origin for record in records}:
        opened.save([record for record in records if record.origin == origin], origin=origin)


def _import(shell: Shell, opened: KnowledgeBase, file: Path, kind: str | None, *, dry_run: bool) -> Report:
    from knowledge.importer import import_file

    path = file.expanduser()
    if not shell.err.is_terminal:
        return import_file(opened, path, kind=kind, dry_run=dry_run)
    with shell.err.status(shell.say("reading", rows=0)) as spinner:

        def show(rows: int) -> None:
            spinner.update(shell.say("reading", rows=rows))

        return import_file(opened, path, kind=kind, dry_run=dry_run, progress=show)


def _as_they_will_be(opened: KnowledgeBase) -> Iterator[Record]:
    """Every record as the next build leaves it: the starter files as they stand, and what was added beside them."""
    from knowledge import starter

    fresh = {record.key: record for record in starter.records()}
    for record in opened.records():
        if record.origin != "starter" or record.key not in fresh:
            fresh[record.key] = record
    yield from fresh.values()


def _faults(records: Sequence[Record]) -> Iterator[Finding]:
    from knowledge.rules import check

    known = {record.key for record in records}
    for record in records:
        yield from check(record, known)


def _print_faults(shell: Shell, opened: KnowledgeBase) -> int:
    """Print every rule that is broken anywhere, and whether the database was edited behind our back."""
    from bot.doctor import BUILD, with_run

    records = list(_as_they_will_be(opened))
    findings = list(_faults(records))
    _print_findings(shell, findings)
    edited = bool(opened.fingerprint) and opened.recount_fingerprint() != opened.fingerprint
    if edited:
        shell.line("✗ " + with_run(shell, shell.say("edited_outside"), f"{BUILD} --force"))
    faults = len(findings) + edited
    shell.line(shell.say("validated_faults" if faults else "validated", n=len(records), faults=faults))
    return BAD_INPUT if faults else OK


def _name_doomed(shell: Shell, doomed: Sequence[Record]) -> None:
    for record in doomed:
        shell.line(f"- {record.key}  {record.name(shell.speech.base)}")
    if any(record.origin == "starter" for record in doomed):
        shell.line(shell.say("starter_returns"))


def _may_go(shell: Shell, opened: KnowledgeBase, doomed: Sequence[Record]) -> bool:
    """Name the records that point at those to be deleted; false when one of them cannot be without it."""
    from knowledge.records import Appearance, Statistic
    from knowledge.rules import references

    keys = {record.key for record in doomed}
    others = [record for record in opened.records() if record.key not in keys]
    pointing = [each for each in others if keys & {key for _, key in references(each.KIND, each.model_dump())}]
    bound = [each for each in pointing if _bound(each, keys, (Appearance, Statistic))]
    if pointing:
        named = ", ".join(each.key for each in (bound or pointing)[:10])
        message = shell.say("bound" if bound else "pointing", n=len(bound or pointing), keys=named)
        (shell.note if bound else shell.line)(message)
    return not bound


def _bound(record: Record, keys: set[str], children: tuple[type[Record], ...]) -> bool:
    owners = {f"{name}/{getattr(record, name, '')}" for name in ("person", "event", "metric")}
    return isinstance(record, children) and bool(owners & keys)


def _agreed(shell: Shell, count: int) -> bool:
    shell.err.print(shell.say("really_delete", n=count), end=" ")
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是", "好")


def _print_report(shell: Shell, report: Report) -> int:
    _print_findings(shell, report.warnings, mark="!")
    _print_findings(shell, report.findings)
    refused = len({(finding.line, finding.detail.get("part")) for finding in report.findings})
    values = {"rows": report.rows, "added": report.added, "changed": report.changed, "same": report.same}
    shell.line(shell.say("would_import" if report.dry_run else "imported", **values, refused=refused))
    return BAD_INPUT if report.findings else OK


def _print_findings(shell: Shell, findings: Iterable[Finding], mark: str = "✗") -> None:
    for finding in findings:
        said = shell.speech.script(finding.message(shell.speech.base))
        shell.line(f"{mark} {said} [{finding.rule}]")


def _print_counts(shell: Shell, counts: dict[str, int]) -> None:
    shell.table(((shell.label("kinds", kind), str(count)) for kind, count in counts.items()), right=True)
