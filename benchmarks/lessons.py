"""Lessons: boosted trees (LightGBM) taught by what was found for the questions of journeys.

order    which find for a question is the best: those that a journey wants before all others (LambdaMART, Burges 2010);
answers  whether the best answers: yes are finds that a journey wants, no those for questions that nothing here answers;
rules    whether what a rule found is right, beside what a search finds.

Each is taught by what those before it say of questions they were not taught by, and cross-validated by the same parts of the
journeys. That gives, for each language, the level at which as large a share of the questions without an answer gets one as of the
others gets none, and the shares that are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.journeys import FILES, PARTS, part_of
from bot.finding.trees import Tree, Trees
from bot.finding.trial import Ruling
from bot.finding.weighing import ALONE
from knowledge.records import LANGUAGES

LEVELLED = ("tune", "practice", "asked")  # set the level: they are what people ask, and the others harder
_AFTER = ("order", "ahead")  # features that are known once there is an order
_GROWTH = {
    "learning_rate": 0.06, "max_depth": 6, "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "seed": 0,
    "deterministic": True, "force_row_wise": True, "use_missing": False, "verbose": -1,
}  # fmt: skip
ORDER = {"objective": "lambdarank", "lambdarank_truncation_level": 5, "num_leaves": 15, "min_data_in_leaf": 30}
ANSWERS = {"objective": "binary", "is_unbalance": True, "num_leaves": 15, "min_data_in_leaf": 20}
RULES = {"objective": "binary", "num_leaves": 7, "min_data_in_leaf": 15, "learning_rate": 0.05}
ORDER_ROUNDS, ANSWERS_ROUNDS, RULES_ROUNDS = 300, 350, 150
Numbers = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Features = Mapping[str, float]


@dataclass(frozen=True)
class Pool:
    """What a search found for a question: features of each find, whether it answers, and whether it is a listing."""

    finds: Sequence[Features]
    right: Sequence[bool]
    listing: Sequence[bool]

    def best(self, orders: Sequence[float]) -> list[tuple[Features, bool, bool]]:
        """The best two finds by an order, with their features as they are then; whether each answers, and is a listing."""
        first, *others = sorted(range(len(orders)), key=lambda place: -orders[place])
        apart = orders[first] - orders[others[0]] if others else ALONE
        return [
            ({**self.finds[place], "order": orders[place], "ahead": ahead}, self.right[place], self.listing[place])
            for place, ahead in ((first, apart), *((place, -apart) for place in others[:1]))
        ]


@dataclass(frozen=True)
class Gathered:
    """A question of a journey: what is found among all records, and among listings if there are any; and what a rule found, if

    one did.
    """

    file: str
    case: str
    lang: str
    answerable: bool
    pools: Sequence[Pool]
    ruling: Ruling | None = None
    rule_right: bool = False


@dataclass(frozen=True)
class Best:
    """The best find for a question: of all records, and, where that is a listing, of the listings that are shown; the latter with

    the next, if there is one.
    """

    of_all: Features
    shown: Sequence[Features]
    right: Sequence[bool]


class Lessons:
    """What is learnt from some gathered questions."""

    def __init__(self, gathered: Sequence[Gathered]) -> None:
        self.gathered = [each for each in gathered if each.pools and each.pools[0].finds]
        self.parts = np.array([part_of(each.case) for each in self.gathered])
        self.names = [name for name in self.gathered[0].pools[0].finds[0] if name not in _AFTER]
        self.answerable = np.array([each.answerable for each in self.gathered])

    def taught(self) -> dict[str, Any]:
        """The trees as they are written, taught by all questions; what they are worth is printed."""
        self._print()
        every = range(len(self.gathered))
        return {
            "order": _stored(self._order(every)),
            "answers": _stored(self._answers(every), self._biases),
            "rules": _stored(self._rules(self._ruled)),
        }

    @cached_property
    def _orders(self) -> list[Trees]:
        """For each part, an order that the others taught."""
        return [self._order(np.flatnonzero(self.parts != part).tolist()) for part in range(PARTS)]

    @cached_property
    def _bests(self) -> list[Best]:
        """The best find for each question, by an order that has not seen it."""
        return [self._best(each, self._orders[part]) for each, part in zip(self.gathered, self.parts, strict=True)]

    def _best(self, each: Gathered, order: Trees) -> Best:
        every, *listings = (pool.best(_sides(order, pool.finds)) for pool in each.pools if pool.finds)
        (of_all, _, listing), *_ = every
        shown = listings[0] if listings and listing else every
        return Best(of_all, [features for features, _, _ in shown], [right for _, right, _ in shown])

    @cached_property
    def _judges(self) -> list[Trees]:
        """For each part, trees that tell whether a find answers, taught by the others."""
        return [self._answers(np.flatnonzero(self.parts != part).tolist()) for part in range(PARTS)]

    @cached_property
    def _plain(self) -> Numbers:
        """How sure it is that the best find for each question answers, before there is a level."""
        return self._unseen(range(len(self.gathered)), self._judges, [best.shown[0] for best in self._bests])

    @cached_property
    def _biases(self) -> dict[str, float]:
        return {lang: -self._level(lang) for lang in LANGUAGES}

    @cached_property
    def _sure(self) -> Numbers:
        """How sure it is that the best find for each question answers; 0 and above is sure enough."""
        return self._plain + [self._biases[each.lang] for each in self.gathered]

    @cached_property
    def _ruled(self) -> list[int]:
        """The questions for which a rule found something."""
        return [place for place, each in enumerate(self.gathered) if each.ruling is not None]

    @cached_property
    def _pleas(self) -> dict[int, Features]:
        """What tells whether the finding of a rule stands, for each question that has one."""
        sure = self._unseen(self._ruled, self._judges, [self._bests[place].of_all for place in self._ruled])
        found: dict[int, Features] = {}
        for place, by_search in zip(self._ruled, sure, strict=True):
            each, order = self.gathered[place], self._orders[self.parts[place]]
            assert each.ruling is not None
            own, others = (_sides(order, [*finds.values()]) for finds in (each.ruling.own, each.ruling.found))
            found[place] = each.ruling.features(own, others, by_search + self._biases[each.lang])
        return found

    @cached_property
    def _stands(self) -> Numbers:
        """What speaks for the finding of a rule, for each question that has one, in log odds."""
        juries = [self._rules([place for place in self._ruled if self.parts[place] != part]) for part in range(PARTS)]
        return self._unseen(self._ruled, juries, [self._pleas[place] for place in self._ruled])

    def _unseen(self, places: Sequence[int], trees: Sequence[Trees], features: Sequence[Features]) -> Numbers:
        """What trees that were not taught by them say of some questions."""
        said, parts = np.zeros(len(places)), self.parts[list(places)]
        for part in set(parts.tolist()):
            mine = np.flatnonzero(parts == part).tolist()
            said[mine] = _sides(trees[part], [features[place] for place in mine])
        return said

    def _order(self, places: Sequence[int]) -> Trees:
        """Trees that put finds in order, taught by questions that have an answer."""
        pools = [pool for place in places if self.answerable[place] for pool in self.gathered[place].pools if pool.finds]
        finds = [find for pool in pools for find in pool.finds]
        right = [right for pool in pools for right in pool.right]
        return _grown(ORDER, ORDER_ROUNDS, finds, right, self.names, [len(pool.finds) for pool in pools])

    def _answers(self, places: Sequence[int]) -> Trees:
        """Trees that tell whether a find answers. A wrong one for a question with an answer may be one nobody thought of."""
        bests = [
            (features, right)
            for place in places
            for features, right in zip(self._bests[place].shown, self._bests[place].right, strict=True)
            if right or not self.answerable[place]
        ]
        finds, right = [features for features, _ in bests], [right for _, right in bests]
        return _grown(ANSWERS, ANSWERS_ROUNDS, finds, right, [*self.names, *_AFTER])

    def _rules(self, places: Sequence[int]) -> Trees:
        """Trees that tell whether the finding of a rule stands."""
        right = [self.gathered[place].rule_right for place in places]
        return _grown(RULES, RULES_ROUNDS, [self._pleas[place] for place in places], right, [*self._pleas[self._ruled[0]]])

    def _level(self, lang: str) -> float:
        """The level at which the shares of false and of missed answers are the same in a language."""
        mine = self._among(LEVELLED, [lang])
        sides, answerable = self._plain[mine], self.answerable[mine]
        levels = np.unique(np.quantile(sides, np.linspace(0, 1, 400)))
        gaps = [abs((sides[~answerable] >= level).mean() - (sides[answerable] < level).mean()) for level in levels]
        return float(levels[int(np.argmin(gaps))])

    def _among(self, files: Sequence[str], langs: Sequence[str]) -> Mask:
        return np.array([each.file in files and each.lang in langs for each in self.gathered])

    def _print(self) -> None:
        """For each file and language, of journeys that were not learnt from: how good the search is, and the rules beside it."""
        right = np.array([best.right[0] for best in self._bests])
        silent = self._sure < 0
        first = np.where(self.answerable, right, silent)  # whether the best find is a right one
        answered = np.where(self.answerable, right & ~silent, silent)
        by_rule, stands = np.array([each.rule_right for each in self.gathered]), np.zeros(len(silent), bool)
        stands[self._ruled] = self._stands >= 0
        ruled = np.zeros(len(silent), bool)
        ruled[self._ruled] = True
        always, tried = np.where(ruled, by_rule, answered), np.where(stands, by_rule, answered)
        shares: Mapping[str, Callable[[Mask], str]] = {
            "best is right": lambda mine: _mean(first[mine & self.answerable]),
            "missed": lambda mine: _mean(silent[mine & self.answerable]),
            "false": lambda mine: _mean(~silent[mine & ~self.answerable]),
            "right where a rule fits: the search, the rule, the rule if it stands": lambda mine: " ".join(
                _mean(each[mine & ruled]) for each in (answered, always, tried)
            ),
        }
        for file in (*FILES, "all"):
            for lang in LANGUAGES:
                mine = self._among(FILES if file == "all" else [file], [lang])
                print(f"{file} {lang}:", "; ".join(f"{name} {share(mine)}" for name, share in shares.items()))


def _mean(values: Mask) -> str:
    return f"{values.mean():.3f}" if len(values) else "–"


def _sides(trees: Trees, finds: Sequence[Features]) -> list[float]:
    sides: list[float] = trees.sides(trees.rows(finds)).tolist()
    return sides


def _grown(
    how: Mapping[str, Any],
    rounds: int,
    finds: Sequence[Features],
    right: Sequence[bool],
    names: Sequence[str],
    groups: Sequence[int] | None = None,
) -> Trees:
    """Trees grown on finds, of which some are right; ``groups`` are how many belong together, for those that are put in order."""
    import lightgbm

    rows = Trees([], {}, names).rows(finds)
    data = lightgbm.Dataset(rows, np.array(right, np.int64), group=groups)
    grown = lightgbm.train({**_GROWTH, **how}, data, rounds).dump_model()
    return Trees([_tree(each["tree_structure"]) for each in grown["tree_info"]], {}, names)


def _tree(node: Mapping[str, Any]) -> Tree:
    """A tree of LightGBM's as bot/finding/trees.py reads it; shorter numbers are as good."""
    if "leaf_value" in node:
        return float(f"{node['leaf_value']:.6g}")
    below, above = (_tree(node[side]) for side in ("left_child", "right_child"))
    return [int(node["split_feature"]), float(f"{node['threshold']:.9g}"), below, above]


def _stored(trees: Trees, biases: Mapping[str, float] | None = None) -> dict[str, Any]:
    rounded = {lang: round(bias, 4) for lang, bias in (biases or {}).items()}
    return {"biases": rounded, "features": list(trees.names), "trees": list(trees.trees)}
