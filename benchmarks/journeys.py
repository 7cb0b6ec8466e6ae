"""The journeys that may be learnt from, in parts of which each can be held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zlib import crc32

import yaml

from bot.answer_cases import Case, load

JOURNEYS = Path(__file__).parent.parent / "tests" / "journeys"
FIGURES = JOURNEYS.parent / "statistics" / "questions.yaml"
FILES = ("tune", "practice", "described", "wanted", "asked", "spoken", "learning", "figures")
PARTS = 4
Told = tuple[str, Case, Sequence[str]]  # file, journey, what a reply has to say


def told() -> Iterator[Told]:
    """Every journey with its file, and the phrases that a reply in any language has to say; then the questions about figures."""
    for file in FILES[:-1]:
        path = JOURNEYS / f"{file}.yaml"
        says = {row["id"]: row.get("says", {}) for row in yaml.safe_load(path.read_text(encoding="utf-8"))}
        for case in load(path):
            yield file, case, [phrase for phrases in says[case.id].values() for phrase in phrases]
    for row in yaml.safe_load(FIGURES.read_text(encoding="utf-8")):
        expected = row.get("first", ())[:1]
        if expected or row.get("status") == "not_found":
            yield "figures", Case(f"figures-{row['id']}", row["ask"], expected, answerable=bool(expected)), []


def part_of(case: str) -> int:
    """The part that a journey belongs to, by its id; one with other wordings of the same, whose id ends in -2, has no other."""
    return crc32(case.removesuffix("-2").encode()) % PARTS
