"""The schema: what the migrations make is what the records say, and no upgrade loses a row."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlmodel import SQLModel, select

from knowledge import store
from knowledge.errors import DatabaseAhead
from knowledge.journal import LoggedQuestion
from knowledge.records import Record
from knowledge.store import MIGRATIONS, SCHEMA_HEAD, KnowledgeBase

NEXT = '''
"""a schema to come"""
from alembic import op
import sqlalchemy as sa

revision = "to_come"
down_revision = "{head}"


def upgrade() -> None:
    with op.batch_alter_table("listing") as batch_op:
        batch_op.add_column(sa.Column("colour", sa.Text(), nullable=True))
'''


def test_migrations_make_what_the_records_say(each_kb: KnowledgeBase) -> None:
    """A migrated database has exactly the tables, columns and indexes of the records."""
    with each_kb.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_the_known_schema_is_the_last_migration() -> None:
    """The release opens databases at the head of the migrations, of which there is one."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_HEAD]


def test_tables_made_at_once_are_the_migrated_ones(kb: KnowledgeBase) -> None:
    """Making every table without migrations gives the same tables."""
    engine = create_engine("sqlite://")
    store.create_all(engine)
    made = set(inspect(engine).get_table_names())
    engine.dispose()
    assert made == set(inspect(kb.engine).get_table_names()) - {"alembic_version"}


def test_opening_again_keeps_every_row(kb_file: KnowledgeBase, one_of_each: list[Record]) -> None:
    """A database at the head is opened as it is."""
    kb_file.save(one_of_each, origin="import")
    again = KnowledgeBase.open(str(kb_file.engine.url))
    assert again.counts() == kb_file.counts()
    assert again.recount_fingerprint() == kb_file.fingerprint
    again.close()


@pytest.mark.parametrize("database", ["kb_file", "kb_postgres"])
def test_an_upgrade_loses_no_row(
    database: str,
    request: pytest.FixtureRequest,
    one_of_each: list[Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database of this release, opened by a later one with a further migration, keeps every record."""
    kb: KnowledgeBase = request.getfixturevalue(database)
    kb.save(one_of_each, origin="import")
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations/versions/to_come.py").write_text(NEXT.format(head=SCHEMA_HEAD))
    monkeypatch.setattr(store, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr(store, "SCHEMA_HEAD", "to_come")
    later = KnowledgeBase.open(kb.engine.url.render_as_string(hide_password=False))
    assert "colour" in {column["name"] for column in inspect(later.engine).get_columns("listing")}
    assert list(later.records()) == list(kb.records())
    later.close()


@pytest.mark.parametrize("database", ["kb_file", "kb_postgres"])
def test_the_first_release_is_upgraded(
    database: str,
    request: pytest.FixtureRequest,
    one_of_each: list[Record],
) -> None:
    """A database of the first schema gets the journal; every record stays, and so does the fingerprint its index goes by."""
    kb: KnowledgeBase = request.getfixturevalue(database)
    kb.save(one_of_each, origin="import")
    before, fingerprint, url = list(kb.records()), kb.fingerprint, kb.engine.url.render_as_string(hide_password=False)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with kb.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert "question_log" not in inspect(kb.engine).get_table_names()
    kb.close()
    later = KnowledgeBase.open(url)
    assert list(later.records()) == before
    assert later.fingerprint == later.recount_fingerprint() == fingerprint
    with later.session() as session:
        session.add(LoggedQuestion(channel="chat", conversation="c", lang="zh", text="蝗灾？", status="not_found"))
        session.commit()
        assert [entry.text for entry in session.exec(select(LoggedQuestion))] == ["蝗灾？"]
    assert later.fingerprint == later.recount_fingerprint() == fingerprint
    later.close()


def test_fingerprints_of_the_first_release_hold(kb: KnowledgeBase, record: Callable[..., Record]) -> None:
    """A fingerprint is what the first release worked out for the same records, so that its indexes stay good."""
    kb.save([record("source")], origin="import")
    total = int(record("source").fingerprint(), 16)
    assert kb.fingerprint == hashlib.sha256(f"0001:{total:x}".encode()).hexdigest()[:32]


@pytest.mark.parametrize("url", ["sqlite", "postgres_url"])
def test_a_newer_database_is_refused(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A database whose schema this release does not know is refused, with the next step, and left as it is."""
    where = f"sqlite:///{tmp_path / 'newer.db'}" if url == "sqlite" else request.getfixturevalue(url)
    kb = KnowledgeBase.open(where)
    with kb.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseAhead, match=r"'9999'.*GREENASK_DATABASE_URL"):
        KnowledgeBase.open(where)
    with kb.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    kb.close()


def test_a_path_with_odd_characters_is_opened(tmp_path: Path, record: Callable[..., Record]) -> None:
    """Percent signs, blanks and Chinese in the path of a database are no obstacle."""
    kb = KnowledgeBase.open(f"sqlite:///{tmp_path / '100% 绿 问' / 'k.db'}")
    kb.save([record("source")], origin="import")
    assert kb.counts()["source"] == 1
    kb.close()
