"""When two questions are one: how well the bars of bot/staff/likeness.py tell it, on questions that stand in both languages.

    .venv/bin/python -m benchmarks.same_question [FOLDER ...]

Each FOLDER holds a parallel set in BEIR layout (``queries.jsonl`` with ids en-… and zh-…); the journeys under tests are always
taken. For the queue: the share of pairs that come into one row, and the share of rows with a stranger in them. For curated
answers: the share of questions that get the answer of their other language, how many get another one's, and how many
different questions of one language would share an answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import yaml

from bot import bootstrap
from bot.settings import Settings
from bot.staff import likeness as bars
from bot.staff.likeness import Likeness, Meant
from bot.staff.unanswered import Asked, cluster

JOURNEYS = Path(__file__).parents[1] / "tests" / "journeys"
MOST = 400  # pairs of a set
ACROSS = (0.45, 0.48, 0.50, 0.55, 0.60)
_SMALL_TALK = ("greeting", "thanks", "capability")


def journeys() -> list[tuple[str, str]]:
    """The questions of the journeys that are asked in both languages."""
    listed = [
        journey for name in ("tune", "report") for journey in yaml.safe_load((JOURNEYS / f"{name}.yaml").read_text("utf-8"))
    ]
    both = [journey["ask"] for journey in listed if journey["kind"] not in _SMALL_TALK]
    return [(ask["en"], ask["zh"]) for ask in both if "en" in ask and "zh" in ask]


def parallel(folder: Path) -> list[tuple[str, str]]:
    """The questions of a BEIR folder, paired by what follows the language in their ids."""
    found: dict[str, dict[str, str]] = {}
    with (folder / "queries.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            found.setdefault(row["_id"].split("-", 1)[1], {})[row["metadata"]["lang"]] = row["text"]
    return [(texts["en"], texts["zh"]) for texts in found.values() if len(texts) == 2]


class _Read(Likeness):
    """A likeness that remembers what it read."""

    def __init__(self, likeness: Likeness, texts: list[str]) -> None:
        super().__init__(likeness.retriever)
        self.known = {meant.text: meant for meant in likeness.read(texts)}

    def read(self, texts: object) -> list[Meant]:
        return [self.known[text] for text in texts]  # type: ignore[attr-defined]


def measure(likeness: Likeness, pairs: list[tuple[str, str]]) -> Iterator[str]:
    """The lines of the report on one set."""
    chance = np.random.default_rng(0)
    pairs = [pair for pair in dict.fromkeys(pairs) if min(map(len, pair)) > 3]
    if len(pairs) > MOST:
        pairs = [pairs[number] for number in sorted(chance.choice(len(pairs), MOST, replace=False))]
    texts = [en for en, _ in pairs] + [zh for _, zh in pairs]
    read, size = _Read(likeness, texts), len(pairs)
    asked = [Asked(number, text, "en", 1, 0, datetime(2026, 1, 1)) for number, text in enumerate(texts)]
    for bar in ACROSS:
        bars.NEAR_ACROSS = bar
        rows = [[each.entry % size for each in row.wordings] for row in cluster(read, asked)]
        joined = sum(len(row) - len(set(row)) for row in rows)
        strangers = sum(len(set(row)) > 1 for row in rows)
        yield f"  rows, bar across {bar:.2f}: pairs joined {joined / size:.2f}, rows with a stranger {strangers / len(rows):.3f}"
    meant = read.read(texts)
    right = wrong = shared = 0
    for one in range(2 * size):
        for other in range(one + 1, 2 * size):
            if float(meant[one].vector @ meant[other].vector) < min(bars.SAME, bars.SAME_ACROSS):
                continue
            if read.same(meant[one], meant[other]):
                across = meant[one].lang != meant[other].lang
                right += across and one % size == other % size
                wrong += across and one % size != other % size
                shared += not across
    yield f"  curated: other language found {right / size:.2f}, wrong {wrong}, different ones of a language joined {shared}"


def main(folders: list[str]) -> None:
    """Print the report."""
    settings = Settings()
    with closing(bootstrap.open_kb(settings)) as kb:
        likeness = Likeness(bootstrap.open_retriever(settings, kb))
        for name, pairs in (("journeys", journeys()), *((Path(each).name, parallel(Path(each))) for each in folders)):
            print(f"{name}, {min(len(pairs), MOST)} pairs")
            for line in measure(likeness, pairs):
                print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
