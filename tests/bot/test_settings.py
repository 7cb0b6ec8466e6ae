"""What can be set, and what is told about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def table() -> dict[str, list[str]]:
    """The rows of the table of settings, by variable."""
    lines = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{PREFIX}")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_table_is_complete(table):
    """Every setting has its row in the table, and every row its setting."""
    assert set(table) == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_table_is_right(table, name):
    """A row gives the default and the meaning that the code has, and the meaning in Chinese."""
    default, english, chinese = table[PREFIX + name.upper()]
    field = Settings.model_fields[name]
    assert english == field.description
    assert HAN.search(chinese)
    if isinstance(field.default, str | int):
        assert default == f"`{field.default}`"
    elif field.default_factory is None:
        assert default == "not set"


def test_frozen():
    """Nobody changes the settings after they were read."""
    with pytest.raises(ValidationError):
        Settings().lang = "zh"


def test_secrets_stay_secret(monkeypatch):
    """A password in the database URL is in no form of the settings that may be printed."""
    monkeypatch.setenv("GREENASK_DATABASE_URL", "postgresql://ada:lovelace@db/kb")
    settings = Settings()
    assert settings.database == "postgresql://ada:lovelace@db/kb"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert "lovelace" not in shown


def test_database_is_in_the_data_folder(monkeypatch, tmp_path):
    """Without a URL the database is a file in the data folder, and ~ is the home of the user."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GREENASK_DATA_DIR", "~/kb")
    assert Settings().database == f"sqlite:///{tmp_path}/kb/knowledge.db"
    assert Settings().index_dir == tmp_path / "kb" / "index"


def test_env_file(monkeypatch, tmp_path):
    """A .env file sets what the environment does not, and an empty variable sets nothing."""
    (tmp_path / ".env").write_text("GREENASK_LANG=zh\nGREENASK_LOG_LEVEL=info\n", encoding="utf-8")
    monkeypatch.setenv("GREENASK_LOG_LEVEL", "error")
    monkeypatch.setenv("GREENASK_EMBEDDER", "")
    settings = Settings()
    assert (settings.lang, settings.log_level, settings.embedder) == ("zh", "ERROR", "use")


@pytest.mark.parametrize(
    ("tag", "lang"), [("zh-TW", "zh-Hant"), ("zh_HK", "zh-Hant"), ("zh_CN", "zh"), ("EN", "en"), ("en-GB", "en")]
)
def test_language_tags(monkeypatch, tag, lang):
    """Any usual tag of English or Chinese is understood."""
    monkeypatch.setenv("GREENASK_LANG", tag)
    assert Settings().lang == lang
