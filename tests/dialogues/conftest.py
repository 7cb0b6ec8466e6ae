"""Dialogues are held on a machine without settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting, language or .env file of the machine reaches a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"GREENASK_{name.upper()}", raising=False)
    monkeypatch.setenv("GREENASK_LOG_QUESTIONS", "no")
    monkeypatch.setenv("GREENASK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GREENASK_LANG", "en")
    monkeypatch.chdir(tmp_path)
