"""The knowledge base: records in a SQL database, and the fingerprint that ties an index to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, bindparam, event, func, insert, inspect, literal, make_url, text, update
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, col, create_engine, delete, select

import knowledge.chats
import knowledge.journal  # noqa: F401  (their tables belong to the schema, too)
from knowledge.errors import DatabaseAhead, RecordMissing
from knowledge.records import KINDS, Meta, Record, split_key

R = TypeVar("R", bound=Record)
T = TypeVar("T")

SCHEMA_HEAD = "0010"
# The last schema that changed what records say: an index made at it or later stays good.
RECORDS_SCHEMA = "0001"
MIGRATIONS = Path(__file__).parent / "migrations"
_BATCH = 500


@dataclass
class Changes:
    """What a write did, as record keys."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed)


class KnowledgeBase:
    """All records, whichever SQL database holds them.

    Open one with :meth:`open`; it creates or upgrades the schema. Reading methods return detached records.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> KnowledgeBase:
        """Connect to ``url`` (any SQLAlchemy URL) and bring its schema up to date without losing a row."""
        engine = _engine(url)
        try:
            _upgrade(engine)
        except DatabaseAhead:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def session(self) -> Session:
        """A session whose records stay readable after it ends."""
        return Session(self.engine, expire_on_commit=False)

    def get(self, key: str) -> Record:
        """The record with this key, such as ``organisation/bcaa``."""
        found = self.fetch([key])
        if not found:
            raise RecordMissing(f"no record {key!r}; 'greenask kb export' lists what there is")
        return found[0]

    def fetch(self, keys: Sequence[str]) -> list[Record]:
        """The records with these keys, in that order; keys that no longer exist are left out."""
        wanted: dict[str, list[str]] = {}
        for key in keys:
            kind, id_ = split_key(key)
            wanted.setdefault(kind, []).append(id_)
        found: dict[str, Record] = {}
        with self.session() as session:
            for kind, ids in wanted.items():
                table = KINDS.get(kind)
                if table is None:
                    continue
                for start in range(0, len(ids), _BATCH):
                    chunk = ids[start : start + _BATCH]
                    found.update((row.key, row) for row in session.exec(select(table).where(col(table.id).in_(chunk))))
        return [found[key] for key in keys if key in found]

    def all(self, table: type[R], **equals: Any) -> list[R]:
        """Every record of a kind, by id; keyword arguments narrow by equality: ``all(Event, city="Beijing")``."""
        statement = select(table).order_by(col(table.id))
        for name, value in equals.items():
            statement = statement.where(getattr(table, name) == value)
        with self.session() as session:
            return list(session.exec(statement))

    def each(self, table: type[R]) -> Iterator[R]:
        """Every record of a kind, by id, a batch at a time: for tables too long to hold."""
        last = ""
        while True:
            statement = select(table).where(col(table.id) > last).order_by(col(table.id)).limit(_BATCH)
            with self.session() as session:
                batch = list(session.exec(statement))
            yield from batch
            if len(batch) < _BATCH:
                return
            last = batch[-1].id

    def records(self) -> Iterator[Record]:
        """Every record of every kind."""
        for table in KINDS.values():
            yield from self.each(table)

    def states(self) -> list[str]:
        """What tells each record as it is now from any other: its key and its digest, a tab between them."""
        told: list[str] = []
        with self.session() as session:
            for kind, table in KINDS.items():
                # One long text comes out of the database in half the time of a hundred thousand rows.
                line = literal(f"{kind}/") + col(table.id) + "\t" + col(table.digest)
                whole = session.exec(select(func.aggregate_strings(line, "\n"))).one()
                told += whole.split("\n") if whole else []
        return told

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are."""
        with self.session() as session:
            return {kind: session.exec(select(func.count()).select_from(table)).one() for kind, table in KINDS.items()}

    @property
    def fingerprint(self) -> str:
        """A digest of all records as of the last write; equal fingerprints mean equal contents."""
        return self.note("fingerprint") or ""

    def recount_fingerprint(self) -> str:
        """The fingerprint worked out afresh from every record, to catch edits made behind our back."""
        return _sum_of_digests(record.fingerprint() for record in self.records())

    def note(self, name: str) -> str | None:
        """A remembered fact about the knowledge base, such as the starter data it was built from."""
        with self.session() as session:
            row = session.get(Meta, name)
            return row.value if row else None

    def remember(self, name: str, value: str) -> None:
        """Remember a fact under ``name``."""
        with self.session() as session:
            session.merge(Meta(name=name, value=value))
            session.commit()

    def existing(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that name a record."""
        with self.session() as session:
            return set(_known(session, keys))

    def save(self, records: Iterable[Record], *, origin: str) -> Changes:
        """Add new records and update changed ones, all of them or none, in whatever order they come.

        Starter records never overwrite a record that was imported or curated here: those keys come back as ``kept``.
        The records are taken a batch at a time; only those whose parent is still to come are held back.
        """
        changes = Changes()
        with self.session() as session:
            waiting: list[Record] = []
            for batch in _batches(records):
                early = _before_their_parents(session, batch)
                waiting += (record for record in batch if record.id in early)
                _write(session, [record for record in batch if record.id not in early], origin, changes)
            for batch in _batches(waiting):
                _write(session, batch, origin, changes)
            _refresh_fingerprint(session)
            session.commit()
        return changes

    def compare(self, records: Iterable[Record], *, origin: str) -> Changes:
        """What :meth:`save` would do with these records; nothing is written."""
        changes = Changes()
        with self.session() as session:
            for batch in _batches(records):
                _sort_out(session, batch, origin, changes)
        return changes

    def delete(self, keys: Sequence[str]) -> list[str]:
        """Remove these records; returns the keys that were there."""
        gone = [record.key for record in self.fetch(keys)]
        with self.session() as session:
            for table in reversed(KINDS.values()):
                ids = [id_ for kind, id_ in map(split_key, gone) if kind == table.KIND]
                if ids:
                    session.exec(delete(table).where(col(table.id).in_(ids)))
            _refresh_fingerprint(session)
            session.commit()
        return gone


def _known(session: Session, keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Origin and digest of those of these keys that exist."""
    wanted: dict[str, set[str]] = {}
    for kind, id_ in map(split_key, keys):
        wanted.setdefault(kind, set()).add(id_)
    return {
        f"{kind}/{id_}": (origin, digest)
        for kind, ids in wanted.items()
        if (table := KINDS.get(kind))
        for chunk in _chunks(ids)
        for id_, origin, digest in session.exec(select(table.id, table.origin, table.digest).where(col(table.id).in_(chunk)))
    }


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in batches of one kind; where an id comes twice in a batch, the later one counts."""
    order = {kind: position for position, kind in enumerate(KINDS)}
    for chunk in _chunks(records):
        chunk.sort(key=lambda record: order[record.KIND])
        for _, batch in groupby(chunk, key=lambda record: record.KIND):
            yield list({record.id: record for record in batch}.values())


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, _BATCH)):
        yield chunk


def _before_their_parents(session: Session, batch: list[Record]) -> set[str]:
    """Ids of the records in a batch of one kind whose foreign keys name rows that are not there yet."""
    early: set[str] = set()
    for column in _table(batch).columns:
        for key in column.foreign_keys:
            named = {record.id: getattr(record, column.name) for record in batch}
            query = select(key.column).where(key.column.in_(set(named.values())))
            there = set(session.exec(query))
            early |= {id_ for id_, parent in named.items() if parent not in there}
    return early


def _sort_out(session: Session, batch: list[Record], origin: str, changes: Changes) -> tuple[list[Any], list[Any]]:
    """Note in ``changes`` what is new here; returns the rows to insert and the rows to update."""
    known = _known(session, (record.key for record in batch))
    fresh: list[Any] = []
    stale: list[Any] = []
    for record in batch:
        digest = record.fingerprint()
        before = known.get(record.key)
        if before is not None and origin == "starter" and before[0] != "starter":
            changes.kept.append(record.key)
        elif before == (origin, digest):
            changes.same.append(record.key)
        else:
            (changes.added if before is None else changes.changed).append(record.key)
            (fresh if before is None else stale).append({**record.model_dump(), "origin": origin, "digest": digest})
    return fresh, stale


def _write(session: Session, batch: list[Record], origin: str, changes: Changes) -> None:
    if not batch:
        return
    table = _table(batch)
    fresh, stale = _sort_out(session, batch, origin, changes)
    if fresh:
        session.connection().execute(insert(table), fresh)
    if stale:
        # A bound name may not be the name of a column that is being set.
        says: dict[str, Any] = {name: bindparam(f"new_{name}") for name in stale[0] if name != "id"}
        rows = [{f"new_{name}": value for name, value in row.items()} for row in stale]
        session.connection().execute(update(table).where(table.c.id == bindparam("new_id")).values(says), rows)


def _table(batch: list[Record]) -> Table:
    return SQLModel.metadata.tables[batch[0].KIND]


def _refresh_fingerprint(session: Session) -> None:
    session.flush()
    digests: list[str] = []
    for table in KINDS.values():
        whole = session.exec(select(func.aggregate_strings(col(table.digest), "\n"))).one()
        digests += whole.split("\n") if whole else []
    total = _sum_of_digests(digests)
    session.merge(Meta(name="fingerprint", value=total))


def _sum_of_digests(digests: Iterable[str]) -> str:
    # A sum does not depend on the order of rows, so no sorting of a million of them.
    total = sum(int(digest, 16) for digest in digests) % (1 << 128)
    return hashlib.sha256(f"{RECORDS_SCHEMA}:{total:x}".encode()).hexdigest()[:32]


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    memory = parsed.database in (None, "", ":memory:")
    if not memory:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"check_same_thread": False}, **({"poolclass": StaticPool} if memory else {}))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA busy_timeout = 10000")
        if not memory:
            connection.execute("PRAGMA journal_mode = WAL")
            # With a write-ahead log this is safe; a power cut may take the last moment's writes back, but breaks nothing.
            connection.execute("PRAGMA synchronous = NORMAL")

    return engine


def _upgrade(engine: Engine) -> None:
    if _revision(engine) == SCHEMA_HEAD:
        return
    # Alembic costs a fifth of a second to import; an up-to-date database has no need of it.
    from alembic import command
    from alembic.config import Config
    from alembic.script.revision import ResolutionError
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except (CommandError, ResolutionError) as error:
            raise DatabaseAhead(
                f"the database is at schema {_revision(engine)!r}, this release knows {SCHEMA_HEAD!r}: "
                "install the newer release, or point GREENASK_DATABASE_URL at another database"
            ) from error


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def create_all(engine: Engine) -> None:
    """Make every table at once, without migrations (for comparing the two in tests)."""
    SQLModel.metadata.create_all(engine)
