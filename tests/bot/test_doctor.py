"""The doctor tells what is wrong and what to run, and changes nothing."""

from __future__ import annotations

import json
import sqlite3

import pytest

from bot.doctor import index_fault
from bot.settings import Settings
from knowledge.records import Article
from knowledge.store import KnowledgeBase

NAMES = [
    "python", "greenask", "packages", "data_dir", "space", "database", "records", "fingerprint", "index", "encoder",
    "model", "telegram", "locale", "terminal",
]  # fmt: skip


def checks(result) -> dict[str, dict]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


@pytest.mark.parametrize(("lang", "said"), [("en", "All is well."), ("zh", "一切正常。"), ("zh-Hant", "一切正常。")])
def test_all_is_well(run, at_home, lang, said):
    """With a built knowledge base all is well, in the user's language."""
    result = run("doctor", lang=lang)
    assert result.exit_code == 0
    assert result.stdout.endswith(f"{said}\n")
    assert str(at_home) in result.stdout


def test_json(run, at_home):
    """As JSON there is each check with its name, whether it is well, what was found and what to run."""
    result = run("doctor", "--json", lang="zh")
    assert json.loads(result.stdout)["ok"] is True
    assert list(checks(result)) == NAMES
    assert all(check["ok"] and check["text"] and check["run"] is None for check in checks(result).values())


def test_before_the_first_build(run, tmp_path):
    """Before the first build it says what to run, and makes no folder."""
    result = run("doctor", "--json")
    assert result.exit_code == 3
    assert checks(result)["database"]["run"] == "greenask kb build"
    assert not (tmp_path / "data").exists()


def test_edits_and_stale_index(run, own_home):
    """Records that were changed straight in the database are noticed, and so is an index that is not in step."""
    settings = Settings()
    kb = KnowledgeBase.open(settings.database)
    kb.delete([kb.all(Article)[0].key])
    assert index_fault(settings, kb) == "stale"
    kb.close()
    with sqlite3.connect(own_home / "knowledge.db") as connection:
        connection.execute("UPDATE organisation SET name_en = 'Evil Corp' WHERE id = (SELECT min(id) FROM organisation)")
    connection.close()
    result = run("doctor", "--json")
    assert result.exit_code == 3
    assert checks(result)["index"]["run"] == "greenask kb build"
    assert checks(result)["fingerprint"]["run"] == "greenask kb build --force"


def test_schema_ahead(run, own_home):
    """A database of a newer release is named as such, and 'kb status' refuses it with exit code 3."""
    with sqlite3.connect(own_home / "knowledge.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "9999" in checks(run("doctor", "--json"))["database"]["text"]
    status = run("kb", "status", lang="zh")
    assert status.exit_code == 3
    assert status.stderr.startswith("错误：数据库由更新的版本写成")
    assert status.stderr.count("\n") == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_database_out_of_reach(run, monkeypatch, lang):
    """A database that cannot be reached is a problem, and its password is not shown."""
    monkeypatch.setenv("GREENASK_DATABASE_URL", "postgresql+psycopg://ada:lovelace@127.0.0.1:1/kb?token=byron")
    for command in (("doctor",), ("doctor", "--json"), ("kb", "status")):
        result = run(*command, lang=lang)
        assert result.exit_code == 3
        assert "ada" in result.output
        assert "lovelace" not in result.output
        assert "byron" not in result.output


def test_encoder(run, at_home, monkeypatch):
    """An encoder that is not installed is a problem, told without the arguments it was given."""
    monkeypatch.setenv("GREENASK_EMBEDDER", "no_such_module:Encoder?api_key=byron")
    result = run("doctor", "--json")
    assert result.exit_code == 3
    assert not checks(result)["encoder"]["ok"]
    assert not checks(result)["index"]["ok"]
    assert "byron" not in result.output


def test_deep(run, at_home):
    """Looking deep, the encoder is loaded and finds a Chinese and an English text to mean the same."""
    assert checks(run("doctor", "--json", "--deep"))["encoder"]["ok"]


def test_folder_refused(run, monkeypatch, tmp_path):
    """A data folder that cannot be is a problem for the doctor, and one line and exit code 3 for other commands."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GREENASK_DATA_DIR", str(tmp_path / "file" / "data"))
    assert not checks(run("doctor", "--json"))["data_dir"]["ok"]
    status = run("kb", "status")
    assert status.exit_code == 3
    assert "GREENASK_DATA_DIR" in status.stderr
