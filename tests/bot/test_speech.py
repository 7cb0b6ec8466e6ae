"""What the bot says and listens for, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

import bot
from bot.speech import LANGUAGES, LOCALES, Speech, cues

FILES = sorted(path.name for path in (LOCALES / "en").glob("*.yaml"))
LISTENED = ("cues.yaml", "measures.yaml", "followups.yaml")  # phrases of a language, which need not match the other's one by one
SAYING = re.compile(r"""\b(?:say|names|lines)\(\s*"(\w+)\"""")
HAN = re.compile(r"[\u4e00-\u9fff]")


def _read(lang: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((LOCALES / lang / file).read_text(encoding="utf-8"))
    return found


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text with where it stands, such as ``qualifiers.about`` or ``examples.2``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}.{number}")
    else:
        yield place, value


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_same_files(lang):
    """Every language has the same files."""
    assert sorted(path.name for path in (LOCALES / lang).iterdir()) == FILES


@pytest.mark.parametrize("file", FILES)
def test_same_keys(file):
    """A file says the same things in both languages, in the same order."""
    assert list(_read("en", file)) == list(_read("zh", file))


@pytest.mark.parametrize("file", [file for file in FILES if file not in LISTENED])
def test_same_placeholders(file):
    """A message has the same values to fill in, whichever the language, save where English is the library's own wording."""
    english, chinese = (dict(_texts(_read(lang, file))) for lang in LANGUAGES)
    assert english.keys() == chinese.keys()
    unlike = [key for key in english if _placeholders(english[key]) != _placeholders(chinese[key])]
    assert set(unlike) <= {"error_of", "usage.NoSuchOption", "usage.MissingParameter"}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_empty(lang, file):
    """No message and no cue is empty, save what stands between Chinese sentences and after a year or a rank."""
    empty = [place for place, text in _texts(_read(lang, file)) if not isinstance(text, str) or not text.strip()]
    assert set(empty) <= {"sentence.join"}


def test_chinese_is_chinese():
    """No message was left in English: without Chinese there are only values, marks and nothing else."""
    plain = [(place, text) for place, text in _texts(_read("zh", "messages.yaml")) if not HAN.search(text)]
    assert not [place for place, text in plain if re.search(r"[A-Za-z]", re.sub(r"\{\w*\}", "", text))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_cues_compile(lang):
    """Every cue is a pattern, and none matches everything."""
    for name, pattern in cues(lang).items():
        assert not pattern.search(""), name
        assert not pattern.search("qq 丂"), name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_measures_compile(lang):
    """Every phrase about figures is a pattern, and none matches everything."""
    for name, patterns in _texts(_read(lang, "measures.yaml")):
        pattern = re.compile(patterns.replace("#", "[0-9]"))
        assert not pattern.search(""), name
        assert not pattern.search("qq 丂"), name


def test_measures_are_the_same():
    """Both languages know the same times and operations."""
    english, chinese = (_read(lang, "measures.yaml") for lang in LANGUAGES)
    assert {name: list(each) for name, each in english.items()} == {name: list(each) for name, each in chinese.items()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_that_is_said_is_there(lang):
    """Every message the code names is in the file of messages."""
    known = {key for file in FILES if file not in LISTENED for key in _read(lang, file)}
    sources = [path.read_text(encoding="utf-8") for path in Path(bot.__file__).parent.rglob("*.py")]
    said = {key for source in sources for key in SAYING.findall(source)}
    assert said
    assert said <= known


@pytest.mark.parametrize(
    ("lang", "two", "three"), [("en", "a and b", "a, b and c"), ("zh", "a和b", "a、b和c"), ("zh-Hant", "a和b", "a、b和c")]
)
def test_join(lang, two, three):
    """Parts are put together as each language does."""
    speech = Speech(lang)
    assert (speech.join([]), speech.join(["a"])) == ("", "a")
    assert (speech.join(["a", "b"]), speech.join(["a", "b", "c"])) == (two, three)


def test_values_are_not_filled_in_twice():
    """Braces inside a value stay as they were typed."""
    assert Speech("en").say("quoted", text="{text} {0}") == "“{text} {0}”"


def test_script():
    """Only a reader of traditional Chinese gets traditional characters."""
    assert [Speech(lang).script("联系") for lang in ("en", "zh", "zh-Hant")] == ["联系", "联系", "聯繫"]
