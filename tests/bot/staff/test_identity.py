"""Who is staff, and what anyone else is told."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr, ValidationError

from bot.settings import TOKEN_HASH, Settings
from bot.staff.desk import refusal
from bot.staff.identity import COMMAND_LINE, TELEGRAM, WEB, Staff, hash_token, matches

HASHED = hash_token("correct horse 电池")


def test_token():
    """A token matches its hash and no other does; the hash is salted and says nothing a shell would take."""
    assert matches("correct horse 电池", HASHED)
    assert matches(" correct horse 电池\n", HASHED)
    assert not matches("correct horse", HASHED)
    assert not matches("", HASHED)
    assert hash_token("correct horse 电池") != HASHED
    assert TOKEN_HASH.fullmatch(HASHED)
    assert not re.search(r"[$#'\"\s]", HASHED)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "scrypt",
        HASHED.replace("32768", "3"),
        HASHED.replace("32768", "9999999"),
        HASHED[:-5],
        HASHED.replace("scrypt", "md5"),
    ],
    # The hash is salted, so that it would name the tests anew each time.
    ids=["nothing", "no parts", "a small cost", "a huge cost", "cut off", "another kind"],
)
def test_broken_hash(broken):
    """A hash that is none, or that asks for more memory than it may have, lets nobody in."""
    assert not matches("correct horse 电池", broken)


@pytest.mark.parametrize(
    ("channel", "identity", "staff"),
    [
        (TELEGRAM, 42, True),
        (TELEGRAM, "42", True),
        (TELEGRAM, 43, False),
        (TELEGRAM, True, False),
        (TELEGRAM, "4²", False),
        (TELEGRAM, None, False),
        (TELEGRAM, "correct horse 电池", False),
        (WEB, "correct horse 电池", True),
        (WEB, "wrong", False),
        (WEB, None, False),
        (WEB, 42, False),
        (COMMAND_LINE, "correct horse 电池", True),
        (COMMAND_LINE, None, False),
        ("elsewhere", "correct horse 电池", False),
    ],
)
def test_is_staff(channel, identity, staff):
    """Ids count in Telegram and the token elsewhere; nothing else does."""
    assert Staff(frozenset({42, 1}), SecretStr(HASHED)).is_staff(channel, identity) is staff


def test_without_settings():
    """With nothing set, whoever has the shell is staff, and nobody on the web or in Telegram."""
    nobody = Staff.of(Settings())
    assert nobody.is_staff(COMMAND_LINE)
    assert not nobody.is_staff(WEB, "")
    assert not nobody.is_staff(TELEGRAM, 1)


def test_settings(monkeypatch):
    """Ids are read from a list with commas, and neither token nor hash is in any form of the settings or of the staff."""
    monkeypatch.setenv("GREENASK_STAFF_TELEGRAM_IDS", "1, 42,")
    monkeypatch.setenv("GREENASK_STAFF_TOKEN_HASH", HASHED)
    monkeypatch.setenv("GREENASK_STAFF_TOKEN", "correct horse 电池")
    settings = Settings()
    assert settings.staff_telegram_ids == {1, 42}
    staff = Staff.of(settings)
    assert staff.is_staff(TELEGRAM, 42)
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(staff)):
        assert "horse" not in shown
        assert HASHED[-20:] not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAFF_TELEGRAM_IDS", "@alice"), ("STAFF_TELEGRAM_IDS", "-5"), ("STAFF_TOKEN_HASH", "plain secret"),
        ("LOG_QUESTIONS", "maybe"), ("LOG_RETENTION_DAYS", "0"), ("LOG_RETENTION_DAYS", "x"), ("STALE_AFTER_DAYS", "99999"),
    ],
)  # fmt: skip
def test_wrong_settings(run, monkeypatch, name, value):
    """A staff setting that cannot be is named with what is possible, and a secret one is not repeated."""
    monkeypatch.setenv(f"GREENASK_{name}", value)
    with pytest.raises(ValidationError):
        Settings()
    for lang in ("en", "zh"):
        result = run("usage", lang=lang)
        assert result.exit_code == 2
        assert f"GREENASK_{name}" in result.stderr
        assert ("***" in result.stderr) is (name == "STAFF_TOKEN_HASH")
        assert "plain secret" not in result.stderr


STAFF_COMMANDS = [("usage",), ("curate", "list"), ("curate", "answer", "1"), ("curate", "show", "1"),
                  ("curate", "revoke", "a1"), ("curate", "history"), ("kb", "watch")]  # fmt: skip


@pytest.mark.parametrize("command", STAFF_COMMANDS, ids=" ".join)
def test_refused(run, desk_home, monkeypatch, command):
    """With a hash set, no staff command works with a wrong token or with none; the refusal is plain, in both languages."""
    monkeypatch.setenv("GREENASK_STAFF_TOKEN_HASH", HASHED)
    without = run(*command)
    assert (without.exit_code, without.stdout) == (2, "")
    assert "GREENASK_STAFF_TOKEN" in without.stderr
    monkeypatch.setenv("GREENASK_STAFF_TOKEN", "wrong token")
    for lang, said in (("en", "This is for staff"), ("zh", "仅供工作人员使用")):
        result = run(*command, lang=lang)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr
        assert said in refusal(lang)
        assert "wrong token" not in result.stderr


def test_let_in(run, desk_home, monkeypatch):
    """With the right token a staff command works; asking needs none."""
    monkeypatch.setenv("GREENASK_STAFF_TOKEN_HASH", HASHED)
    assert run("ask", "hello").exit_code == 0
    monkeypatch.setenv("GREENASK_STAFF_TOKEN", "correct horse 电池")
    assert run("usage").exit_code == 0


def test_hash_command(run):
    """`greenask staff hash` reads a token and prints the setting, not the token; a short one is refused in both languages."""
    result = run("staff", "hash", stdin="correct horse 电池\n")
    name, _, hashed = result.stdout.strip().partition("=")
    assert name == "GREENASK_STAFF_TOKEN_HASH"
    assert matches("correct horse 电池", hashed)
    assert "horse" not in result.output
    for lang, said in (("en", "at least 8"), ("zh", "至少8个")):
        short = run("staff", "hash", lang=lang, stdin="short\n")
        assert short.exit_code == 2
        assert said in short.stderr
        assert "short" not in short.stdout
