"""Boosted trees, as they were learnt by benchmarks/relevance.py: what they say of a find, in log odds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Tree = Any  # float | [int, float, Tree, Tree]
LEARNT = Path(__file__).with_name("relevance.json")


@dataclass(frozen=True)
class Trees:
    """The sum of what each tree says, and of a bias for each language of questions.

    A tree is a number, or a feature, a level, the tree for those up to it and the one for those above.
    """

    trees: Sequence[Tree]
    biases: Mapping[str, float] = field(default_factory=dict)
    names: Sequence[str] = ()

    def side(self, lang: str, features: Mapping[str, float]) -> float:
        """Log odds for these features of a question in a language; those the trees know nothing of are left aside."""
        return self.biases.get(lang, 0.0) + float(self.sides(self.rows([features]))[0])

    def rows(self, finds: Sequence[Mapping[str, float]]) -> Numbers:
        """The features of some finds in the order in which the trees know them, a row for each."""
        return np.array([[features[name] for name in self.names] for features in finds]).reshape(len(finds), len(self.names))

    def sides(self, rows: Numbers) -> Numbers:
        """Log odds for each row of features, without bias."""
        features, levels, leaves = self._flat
        at = np.zeros((len(rows), len(leaves)), np.int64)
        every = np.arange(len(leaves))
        for _ in range(self._depth):
            right = np.take_along_axis(rows, features[every, at], axis=1) > levels[every, at]
            at = 2 * at + 1 + right
        found: Numbers = leaves[every, at - (2**self._depth - 1)].sum(axis=1)
        return found

    @cached_property
    def _depth(self) -> int:
        return max((_depth(tree) for tree in self.trees), default=0)

    @cached_property
    def _flat(self) -> tuple[Places, Numbers, Numbers]:
        """All trees side by side, each filled up to the same depth: the features and levels of its nodes, and its leaves."""
        size = 2**self._depth
        features = np.zeros((len(self.trees), size - 1 or 1), np.int64)
        levels = np.full((len(self.trees), size - 1 or 1), np.inf)
        leaves = np.zeros((len(self.trees), size))
        for number, tree in enumerate(self.trees):
            row = [tree]
            for place in range(size - 1):
                node = row[place]
                if isinstance(node, list):
                    features[number, place], levels[number, place] = node[:2]
                row += node[2:] if isinstance(node, list) else [node, node]
            leaves[number] = row[size - 1 :]
        return features, levels, leaves


def _depth(tree: Tree) -> int:
    return 1 + max(_depth(tree[2]), _depth(tree[3])) if isinstance(tree, list) else 0


@cache
def learnt(what: str) -> Trees:
    """The trees that were learnt, from relevance.json beside this module: which of some finds is the best (``order``), whether

    it answers (``answers``), and whether what a rule found is what was asked for (``rules``).
    """
    return _every()[what]


@cache
def _every() -> Mapping[str, Trees]:
    stored = json.loads(LEARNT.read_text(encoding="utf-8"))
    return {name: Trees(each["trees"], each["biases"], each["features"]) for name, each in stored.items()}
