"""A single word that says too little: air, 水. What listings say with it, to choose from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from bot.finding.searched import LISTINGS
from bot.finding.shelf import Finding, Shelf
from bot.understand import Understanding
from knowledge.records import Listing
from retrieval.language import HAN, fold
from retrieval.retriever import Query

_LOOKED_AT = 100  # listings
_OFFERED = 4
# Topics and sectors from which a word is too broad: with fewer there is nothing to choose. Listings that were found are shown
# unless it says hardly anything.
_FEWEST, _SECTORS = 3, 2
_VERY_FEWEST, _VERY_SECTORS = 8, 4


class Broad:
    """Offers topics in place of a word that spans sectors."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def topics(self, asked: Understanding, *, found: bool) -> Finding | None:
        """The topics that have the one word of a question, those of most listings first, of different sectors before others.

        ``found`` says that the word alone finds listings; None where they are the better answer.
        """
        words = (*asked.topic, *asked.singles)
        if len(words) != 1 or asked.names or asked.wants_figures or {m.facet for m in asked.facets.mentions} - {"kind"}:
            return None
        word = fold(words[0])
        tags = self._tags(word, asked.base)
        fewest, sectors = (_VERY_FEWEST, _VERY_SECTORS) if found else (_FEWEST, _SECTORS)
        if len(tags) < fewest or len(set().union(*tags.values())) < sectors:
            return None
        return Finding("broad", scope=(words[0], *_apart(tags)))

    def _tags(self, word: str, lang: str) -> dict[str, set[str]]:
        """The tags with this word, the most used first, and the sectors they are used in."""
        hits = self.shelf.retriever.find(Query(word, lang, (LISTINGS,)), k=_LOOKED_AT).hits
        found: dict[str, list[str]] = defaultdict(list)
        has = re.compile(re.escape(word) if HAN.match(word) else rf"\b{re.escape(word)}\b")
        for listing in self.shelf.fetch([hit.key for hit in hits]):
            assert isinstance(listing, Listing)
            for tag in listing.tags_en if lang == "en" else listing.tags_zh:
                if fold(tag) != word and has.search(fold(tag)):
                    found[tag].append(listing.sector)
        ordered = sorted(found, key=lambda tag: (-len(found[tag]), tag))
        return {tag: set(found[tag]) for tag in ordered}


def _apart(tags: Mapping[str, set[str]]) -> list[str]:
    """A few of the tags: of different sectors as long as there are such, and none that says another one again."""
    chosen: list[str] = []
    covered: set[str] = set()
    for any_sector in (False, True):
        for tag, sectors in tags.items():
            new = any_sector or not sectors & covered
            if len(chosen) < _OFFERED and new and not any(tag in one or one in tag for one in chosen):
                chosen.append(tag)
                covered |= sectors
    return chosen
