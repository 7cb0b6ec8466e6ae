"""How rare a word is in its language at large: what a question's rare words are about, a find must be about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from retrieval.language import HAN
from retrieval.segment import DATA, Segmenter, stem

# Words this common say nothing, by count: of definitions in CC-CEDICT, of occurrences in jieba's corpus.
_COMMON = {"en": 600, "zh": 20_000}


@cache
def english() -> Mapping[str, int]:
    """Stems of common English words, and in how many definitions of CC-CEDICT each occurs (made by benchmarks/words.py)."""
    lines = (DATA / "words.en.txt").read_text(encoding="utf-8").split("\n")
    return {word: int(count) for word, count in (line.split() for line in lines if line)}


def is_english(word: str) -> bool:
    """Whether a lower-case word is one of the common English words, whatever its ending."""
    return stem(word) in english()


def rarity(word: str, segmenter: Segmenter) -> float:
    """Between 0, a word everyone uses all the time, and 1, one that is in no dictionary; ``word`` is folded."""
    if HAN.match(word):
        return _rare(int(segmenter.jieba.FREQ.get(word) or 0), _COMMON["zh"])
    parts = [part for part in word.replace("'", "-").split("-") if part]
    return max((_rare(english().get(stem(part), 0), _COMMON["en"]) for part in parts), default=0.0)


def _rare(count: int, common: int) -> float:
    return max(0.0, 1 - math.log1p(count) / math.log1p(common))
