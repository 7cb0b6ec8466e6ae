"""What the documents say is so: commands, files, links, pictures and README's transcript."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import typer
from refresh_readme import README, refreshed, transcript

from bot import render
from bot.cli import main
from bot.settings import Settings
from bot.shell import EXIT_CODES
from bot.values import Question
from retrieval.language import detect

ROOT = Path(__file__).parent.parent
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PACKAGES = ("bot", "retrieval", "knowledge")
SVG = "{http://www.w3.org/2000/svg}"
HAN = re.compile(r"[\u4e00-\u9fff]")
LETTERS = re.compile(r"[A-Za-z]{2}")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")
MODULE = re.compile(r"`((?:bot|retrieval|knowledge)/[\w/]+\.py)`")
# A path of somebody's machine, or where somebody's packages came from. (Written so as not to name what it looks for.)
MACHINE = re.compile(r"(?<![\w.:/~-])/(?:wor[k]|roo[t]|opt/py[p]i|opt/whee[l]s|hom[e]/\w|Use[r]s/\w)(?:/|\b)")
REGISTRY = re.compile(
    r"py[p]i\.org/simple|files\.pytho[n]hosted|registry\.n[p]mjs|deb\.de[b]ian\.org|proxy\.go[l]ang"
    r"|(?:index-url|find-links)[ =]+\S*://"
)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def texts() -> dict[str, str]:
    """Every text file of the checkout that git would not ignore."""
    ignored = [".git", *(line.rstrip("/") for line in read(ROOT / ".gitignore").splitlines() if line)]
    found = {}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch.fnmatch(name, each) for each in ignored)]
        for name in files:
            if name == ".git" or any(fnmatch.fnmatch(name, each) for each in ignored):
                continue
            path = Path(folder, name)
            try:
                found[relative(path)] = read(path)
            except UnicodeDecodeError:
                continue
    return found


@cache
def markdown() -> dict[str, str]:
    return {name: text for name, text in texts().items() if name.endswith(".md")}


def code(text: str) -> Iterator[str]:
    """What stands in code in a Markdown text: each line of a fenced block, each span."""
    for _, block in FENCE.findall(text):
        yield from block.splitlines()
    yield from CODE.findall(FENCE.sub("", text))


def of_all_markdown(pattern: str) -> list[tuple[str, str]]:
    """File and match for each time the pattern is found in code."""
    return sorted(
        {(name, found[0]) for name, text in markdown().items() for line in code(text) for found in re.finditer(pattern, line)}
    )


# README's transcript and examples


@pytest.mark.parametrize(("question", "reply"), list(transcript(read(README))))
def test_transcript(assistant, question, reply):
    """README shows what is really replied, line by line (python -m tests.refresh_readme writes it anew)."""
    assert render.text(assistant.answer_now(Question(question))) == reply


def test_transcript_is_in_every_script():
    """README's first screen has a question in simplified Chinese, one in traditional Chinese and one in English."""
    assert sorted(detect(question) for question, _ in transcript(read(README))) == ["en", "zh", "zh-Hant"]


def test_refreshing_is_stable():
    """Writing the transcript anew with the same replies changes nothing in README."""
    replies = dict(transcript(read(README)))
    assert refreshed(read(README), replies.__getitem__) == read(README)


def examples() -> list[tuple[str, str]]:
    """The rows of README's table of questions: in English, in Chinese."""
    table = read(README).split("## What it can answer")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return [(row[1], row[2]) for row in rows[2:]]


@pytest.mark.parametrize(("english", "chinese"), examples())
def test_examples(assistant, english, chinese):
    """Each kind of question in README's table is answered in both languages, with something in common."""
    answers = [assistant.answer_now(Question(question)) for question in (english, chinese)]
    assert [answer.status for answer in answers] == ["answered", "answered"]
    assert [answer.lang for answer in answers] == ["en", "zh"]
    shown = [
        {(item["kind"], item["id"]) for item in said["items"]}
        | {(figure["metric"], figure["value"]) for figure in said["figures"]}
        for said in map(render.as_json, answers)
    ]
    assert shown[0] & shown[1] or not (shown[0] or shown[1])


def test_chinese_half():
    """A reader of Chinese finds what it is, how to start, what it promises and how to import, in Chinese."""
    chinese = read(README).split("## 中文说明")[1]
    assert len(HAN.findall(chinese)) > 500
    for command in ("make start", "greenask ask", "greenask kb import", "greenask doctor"):
        assert command in chinese


# Commands


def test_make_targets():
    """Every make command in the documents is a target of the Makefile."""
    makefile = read(ROOT / "Makefile")
    named = of_all_markdown(r"(?<![\w-])make ([a-z]+)\b")
    assert {"make start", "make test"} <= {command for name, command in named if name == "README.md"}
    for name, command in named:
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE), f"{name}: {command}"


def commands() -> list[tuple[str, str]]:
    """Every greenask command line in the documents, up to where another command or a remark begins."""
    return of_all_markdown(r"(?<![\w./:-])(?:\.venv/bin/)?greenask(?= )(?! \.)[^#|;&`]*")


@pytest.mark.parametrize(("name", "line"), commands())
def test_greenask_commands(name, line):
    """Every greenask command in the documents exists, with the options it is given."""
    command = typer.main.get_command(main)
    known = {option for each in command.params for option in each.opts} | {"--help"}
    for word in line.split()[1:]:
        below = getattr(command, "commands", {})
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in known, f"{name}: {line}"
        elif below:
            assert word in below, f"{name}: {line}"
            command = below[word]
            known |= {option for each in command.params for option in each.opts}


def test_every_command_is_documented():
    """There is no command that README and the operating page do not mention."""

    def paths(command: object, path: str) -> Iterator[str]:
        below = getattr(command, "commands", {})
        for word, each in below.items():
            yield from paths(each, f"{path} {word}")
        if not below:
            yield path

    documented = read(README) + read(ROOT / "docs" / "operating.md") + read(ROOT / "CHANGELOG.md")
    assert [path for path in paths(typer.main.get_command(main), "greenask") if path not in documented] == []


def test_exit_codes():
    """The operating page lists the exit codes there are, in both languages."""
    section = read(ROOT / "docs" / "operating.md").split("## Exit codes")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if re.match(r"\| \d", line)]
    assert [int(row[0]) for row in rows] == list(EXIT_CODES)
    assert all(LETTERS.search(row[1]) and HAN.search(row[2]) for row in rows)


def test_settings_named():
    """Every GREENASK_ variable in the documents is a setting, or one that tests read."""
    known = {f"GREENASK_{name.upper()}" for name in Settings.model_fields} | {"GREENASK_TEST_HOME"}
    assert {name for text in markdown().values() for name in re.findall(r"GREENASK_[A-Z_]*[A-Z]", text)} <= known


# Links, pictures, files


def anchors(text: str) -> set[str]:
    """The anchors that headings of a Markdown text get."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", markdown())
def test_links(name):
    """Every relative link and picture in a Markdown file leads to a file that is there, and to a heading it has."""
    text = FENCE.sub("", markdown()[name])
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(read(file)), f"{name}: {target}"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").glob("*.svg")), ids=lambda path: path.name)
def test_pictures(picture):
    """A picture is used, says in words what it shows, brings its own background and no font or file from elsewhere."""
    assert any(picture.name in text for text in markdown().values())
    tree = ElementTree.parse(picture).getroot()
    assert tree.find(f"{SVG}title").text
    assert tree.find(f"{SVG}desc").text
    left, top, width, height = map(float, tree.get("viewBox").split())
    background = tree.find(f"{SVG}rect")
    assert background.get("fill") == "#ffffff"
    assert (float(background.get("width")), float(background.get("height"))) >= (width - 2, height - 2)
    assert "sans-serif" in tree.find(f"{SVG}style").text
    assert "://" not in re.sub(r"xmlns=\S+|<text.*?</text>", "", read(picture))
    for text in tree.iter(f"{SVG}text"):
        assert left < float(text.get("x")) < width
        assert top < float(text.get("y")) < height


@pytest.mark.parametrize("lang", ["en", "zh", "zh-Hant"])
def test_answer_picture(assistant, lang):
    """What README's picture shows is what is replied, in each script (… stands for the rest of a line)."""
    tree = ElementTree.parse(ROOT / "docs" / "images" / "answer.svg").getroot()
    asked = next(text.text for text in tree.iter(f"{SVG}text") if text.get("class") == "asked" and text.get("lang") == lang)
    group = next(each for each in tree.iter(f"{SVG}g") if each.get("lang") == lang)
    answer = assistant.answer_now(Question(asked))
    lines = [line.strip(" ■") for line in render.text(answer).splitlines()]
    assert answer.lang == lang
    for text in group:
        assert any(line == text.text or line.startswith(text.text.rstrip("…").rstrip()) for line in lines), text.text


def test_modules():
    """docs/architecture.md names every module of the three packages, and none that is not there."""
    named = set(MODULE.findall(read(ARCHITECTURE)))
    there = {relative(path) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    there = {path for path in there if not path.endswith("__init__.py") and "/versions/" not in path}
    assert named == there


def test_module_descriptions():
    """Each module stands in its table once, with a line that says what it is."""
    rows = re.findall(r"^\| `([\w/]+\.py)` \| (.+) \|$", read(ARCHITECTURE), re.MULTILINE)
    assert len({name for name, _ in rows}) == len(rows)
    assert {name for name, _ in rows} == set(MODULE.findall(read(ARCHITECTURE)))


def test_index_contents(home):
    """docs/architecture.md names what lies in an index, a generation and a base, and nothing that does not."""
    index = home / "index"
    generation = index / read(index / "current").strip()
    base = index / json.loads(read(generation / "manifest.json"))["base"]
    for title, folder in (("the index", index), ("a generation", generation), ("a base", base)):
        section = read(ARCHITECTURE).split(f"| in {title} |")[1].split("\n\n")[0]
        named = set(CODE.findall(re.sub(r" \|[^|\n]*\|$", "", section, flags=re.MULTILINE)))
        assert named == {re.sub(r"-\d+$", "-N", path.name) for path in folder.iterdir()}


# Words


def test_glossary():
    """Every word of the glossary has a name and a meaning in both languages."""
    rows = [line.strip("| ").split(" | ") for line in read(ROOT / "docs" / "glossary.md").splitlines() if line.startswith("|")]
    words = [row for row in rows if not set(row[0]) <= set("-| ") and row[0] != "English"]
    assert len(words) > 50
    for word in words:
        assert len(word) == 4, word
        assert all(LETTERS.search(cell) for cell in word[::2]), word
        assert all(HAN.search(cell) for cell in word[1::2]), word


def test_changelog():
    """The newest entry of the changelog is that of the version there is."""
    version = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["version"]
    entries = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", read(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert next(entry for entry in entries if entry[0] != "Unreleased")[0] == version
    assert all(date or name == "Unreleased" for name, date in entries)


def test_no_machine():
    """No text of the repository names a path of somebody's machine or a host that packages were fetched from."""
    found = [
        f"{name}: {match[0]}"
        for name, text in texts().items()
        for pattern in (MACHINE, REGISTRY)
        for match in pattern.finditer(text)
    ]
    assert found == []
