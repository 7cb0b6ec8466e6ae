"""Catalogues of any size to measure with: bilingual listings put together from real vocabulary, the same for the same seed.

    python -m benchmarks.catalogue --size 1000 --out catalogue.jsonl

Heads, problems and figures come from ``data/grammar.yaml``, aspects from the tags of the starter listings and the glossary, goods
from a table of UN titles where one is given. What is frequent and what is rare follows Zipf's law. Listing number i is the
same in a catalogue of any size, so that a large one begins with the small one.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from knowledge import starter
from knowledge.records import LANGUAGES, STAGES, Listing
from knowledge.starter import read_yaml
from knowledge.vocabulary import load

Pair = tuple[str, str]

GRAMMAR = Path(__file__).parent / "data" / "grammar.yaml"
GLOSSARY = Path(__file__).parent.parent / "retrieval" / "data" / "glossary.yaml"
SEED = 20261122
PROVIDERS = 200_000
_LONGEST = 380  # characters of an English summary
_BLOCK, _DRAWS = 1_000, 40
_SECTORS = {
    "energy": 0.27, "water": 0.16, "pollution_waste": 0.15, "farming_forestry": 0.11, "industry_materials": 0.1,
    "buildings": 0.08, "transport": 0.06, "ict": 0.04, "climate_adaptation": 0.03,
}  # fmt: skip
_KINDS = {"technology": 0.88, "need": 0.08, "expert": 0.04}
_SPOKEN = {LANGUAGES: 0.94, ("en",): 0.03, ("zh",): 0.03}
_TITLES = {"technology": (0.5, 0.3, 0.12, 0.08), "need": (1.0,), "expert": (1.0,)}
_STAGES = ("commercial_large", "commercial_small", "commercial_initial", "prototype_field", *STAGES)
_GOODS = 0.3  # the share of listings about goods of the UN table, where one is given
_SERVICES = "5"  # the first section of the UN's product classification that holds no goods
_TITLE_OF_GOODS = re.compile(r"[A-Za-z][A-Za-z -]{3,34}")


class Draws:
    """Random numbers of one listing, spent one after another."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self._numbers = iter(numbers)

    def number(self) -> float:
        """The next number, from 0 up to 1."""
        return next(self._numbers)

    def among(self, count: int, steepness: float = 0.9) -> int:
        """A rank below ``count``; rank r is drawn in proportion to 1 / (r + 1) ** ``steepness``."""
        return min(bisect(_ladder(count, steepness), self.number()), count - 1)

    def share(self, shares: Mapping[Any, float]) -> Any:
        """One of the keys, each as often as its share says."""
        names, ladder = _shares(tuple(shares.items()))
        return names[min(bisect(ladder, self.number() * ladder[-1]), len(ladder) - 1)]


@cache
def _ladder(count: int, steepness: float) -> list[float]:
    weights = 1.0 / np.arange(1, count + 1) ** steepness
    ladder: list[float] = (np.cumsum(weights) / weights.sum()).tolist()
    return ladder


@cache
def _shares(shares: tuple[tuple[Any, float], ...]) -> tuple[list[Any], list[float]]:
    return [name for name, _ in shares], list(accumulate(share for _, share in shares))


@dataclass(frozen=True)
class Provider:
    """Who offers: a name in both languages, and where it is at home."""

    names: Pair
    country: str
    city: Pair | None


@dataclass(frozen=True)
class Sketch:
    """What a listing is about before it is put into words; ``says`` maps a slot of the grammar to its words."""

    number: int
    kind: str
    sector: str
    stage: str | None
    languages: tuple[str, ...]
    provider: Provider
    year: int
    says: Mapping[str, Pair]
    title: int
    frames: tuple[int, ...]
    listed: str

    @property
    def key(self) -> str:
        """The key of the listing."""
        return f"listing/{self.id}"

    @property
    def id(self) -> str:
        """The id of the listing."""
        return f"bench-{self.number:07d}"

    def facets(self) -> dict[str, str | None]:
        """The listing's value of each facet that questions narrow by."""
        return {"country": self.provider.country, "sector": self.sector, "kind": self.kind, "stage": self.stage}


class Catalogue:
    """All listings there could be under one seed.

    ``words`` is a CSV of UN titles (``scheme, code, title_en, title_zh``), if there is one.
    """

    def __init__(self, seed: int = SEED, words: Path | None = None) -> None:
        self.seed = seed
        self.words = words
        self._drawn: tuple[int, list[list[float]]] = (-1, [])

    def listings(self, count: int, start: int = 0) -> Iterator[Listing]:
        """``count`` listings from number ``start`` on."""
        return map(self.listing, self.sketches(count, start))

    def sketches(self, count: int, start: int = 0) -> Iterator[Sketch]:
        """What those listings are about."""
        for number in range(start, start + count):
            block, row = divmod(number, _BLOCK)
            yield self._sketch(number, Draws(self._numbers(block)[row]))

    def listing(self, sketch: Sketch) -> Listing:
        """The sketch in words."""
        # Given outright: working out the default of a list takes ten times as long as all the rest of a record.
        fields: dict[str, Any] = {"sources": [], "translated": [], "classes": [], "tags_en": [], "tags_zh": []}
        for position, lang in enumerate(LANGUAGES):
            if lang in sketch.languages:
                says = {slot: words[position] for slot, words in sketch.says.items()}
                says["Tech"] = _capital(says["tech"])
                fields[f"name_{lang}"] = self.grammar["titles"][sketch.kind][sketch.title][position].format_map(says)
                fields[f"summary_{lang}"] = self._summary(sketch, says, position)
                fields[f"tags_{lang}"] = [says["tag"], says["tag2"]]
                fields[f"provider_{lang}"] = sketch.provider.names[position]
        host = sketch.provider.names[0].split(",")[0].split(" ")[0].lower()
        return Listing(
            id=sketch.id,
            kind=sketch.kind,
            sector=sketch.sector,
            stage=sketch.stage,
            country=sketch.provider.country,
            city=sketch.provider.city[0] if sketch.provider.city else None,
            contact_en=f"info@{host}.example",
            website=f"https://{host}.example/{sketch.number}",
            listed_date=sketch.listed,
            **fields,
        )

    def _summary(self, sketch: Sketch, says: Mapping[str, str], position: int) -> str:
        frames = self.grammar["frames"][sketch.kind].values()
        said = [forms[taken % len(forms)][position].format_map(says) for forms, taken in zip(frames, sketch.frames, strict=True)]
        if position == 0 and sum(map(len, said)) > _LONGEST:
            said = said[:-1]  # where and since when: the provider's card says it too
        return (" " if position == 0 else "").join(map(_capital, said))

    def _sketch(self, number: int, draws: Draws) -> Sketch:
        kind, sector = draws.share(_KINDS), draws.share(_SECTORS)
        provider = self._provider(int((max(draws.number(), 1e-9) ** (-1 / 1.1) - 1) * 300) % PROVIDERS)
        year = 2013 + int(13 * draws.number() ** 0.6)
        titles = dict(enumerate(_TITLES[kind]))
        return Sketch(
            number=number,
            kind=kind,
            sector=sector,
            stage=_STAGES[draws.among(len(_STAGES), 0.8)] if kind == "technology" else None,
            languages=draws.share(_SPOKEN),
            provider=provider,
            year=year,
            says=self._words_of(sector, provider, year, draws),
            title=draws.share(titles),
            frames=tuple(int(draws.number() * 12) for _ in range(6)),
            listed=f"{min(year + 1, 2026)}-{1 + int(draws.number() * 9):02d}-{1 + int(draws.number() * 28):02d}",
        )

    def _words_of(self, sector: str, provider: Provider, year: int, draws: Draws) -> dict[str, Pair]:
        says: dict[str, Pair] = {}
        grammar = self.grammar["sectors"][sector]
        for slot, among, steepness in (
            ("tech", "technologies", 0.9), ("object", "objects", 0.7), ("setting", "settings", 0.5), ("problem", "problems", 0.4)
        ):  # fmt: skip
            says[slot] = tuple(grammar[among][draws.among(len(grammar[among]), steepness)])
        goods = draws.number() < _GOODS, draws.number()
        if goods[0] and self.goods:
            says["object"] = self.goods[int(goods[1] * len(self.goods))]
        says["part"], says["part2"] = (tuple(part) for part in _two(grammar["parts"], draws, 0.3))
        says["gain"], says["gain2"] = (_gain(gain, draws.number()) for gain in _two(grammar["gains"], draws, 0.2))
        says["tag"], says["tag2"] = _two(self.aspects[sector], draws, 0.6)
        place = load().place(provider.country, "en"), load().place(provider.country, "zh")
        says["place"] = provider.city or place
        says["year"] = (str(year), str(year))
        brand = self._stem(draws)[0] + f"-{'ABCDEFGHKLMNPRSTVWXZ'[int(draws.number() * 20)]}{10 + int(draws.number() * 990)}"
        says["brand"] = (brand, brand)
        says["provider"] = provider.names
        return says

    def _stem(self, draws: Draws) -> Pair:
        parts = [self.grammar["providers"][part] for part in ("first", "second", "third")]
        chosen = [among[int(draws.number() * len(among))] for among in parts]
        return "".join(latin for latin, _ in chosen), "".join(han for _, han in chosen)

    def _provider(self, number: int) -> Provider:
        if number not in self._providers:
            self._providers[number] = self._new_provider(self._provider_numbers[number])
        return self._providers[number]

    def _new_provider(self, numbers: Sequence[float]) -> Provider:
        draws = Draws(numbers)
        country = self.grammar["countries"][draws.among(len(self.grammar["countries"]), 0.95)]
        latin, han = self._stem(draws)
        trade = self.grammar["providers"]["trades"][draws.among(len(self.grammar["providers"]["trades"]), 0.5)]
        form = self.grammar["providers"]["forms"].get(country) or self.grammar["providers"]["forms"]["default"]
        cities = self.cities.get(country, [])
        city = cities[draws.among(len(cities), 0.8)] if cities and draws.number() < 0.85 else None
        return Provider((f"{latin} {trade[0]} {form[0]}", f"{han}{trade[1]}{form[1]}"), country, city)

    def _numbers(self, block: int) -> list[list[float]]:
        if self._drawn[0] != block:
            self._drawn = (block, np.random.default_rng([self.seed, block]).random((_BLOCK, _DRAWS)).tolist())
        return self._drawn[1]

    @cached_property
    def _provider_numbers(self) -> Any:
        return np.random.default_rng([self.seed, 1 << 40]).random((PROVIDERS, 8)).tolist()

    @cached_property
    def _providers(self) -> dict[int, Provider]:
        return {}

    @property
    def grammar(self) -> dict[str, Any]:
        """Words and frames."""
        return _grammar()

    @cached_property
    def cities(self) -> dict[str, list[Pair]]:
        """Cities by country, the most frequent first."""
        found: dict[str, list[Pair]] = {}
        for term in load().cities.values():
            found.setdefault(term.country or "", []).append((term.id, term.name("zh")))
        for country, more in self.grammar["cities"].items():
            found[country] = [*found.get(country, []), *map(tuple, more)]
        return found

    @property
    def aspects(self) -> dict[str, list[Pair]]:
        """For each sector what else its listings touch on."""
        return _aspects()

    @cached_property
    def goods(self) -> list[Pair]:
        """Goods of the UN table with short and plain titles; none without a table."""
        if self.words is None:
            return []
        with self.words.open(encoding="utf-8") as file:
            read = [row for row in csv.DictReader(file) if row["scheme"] == "CPC" and row["code"][:1] < _SERVICES]
        rows = [(row["title_en"], row["title_zh"]) for row in read]
        plain = (
            (en[0].lower() + en[1:], zh) for en, zh in rows if _TITLE_OF_GOODS.fullmatch(en) and zh.isalpha() and len(zh) < 13
        )
        return list(dict.fromkeys(plain))


@cache
def _grammar() -> dict[str, Any]:
    grammar: dict[str, Any] = read_yaml(GRAMMAR)
    return grammar


@cache
def _aspects() -> dict[str, list[Pair]]:
    """For each sector the tags of the starter listings, and the words of the glossary that their texts use."""
    places = {word for term in load().countries.values() for word in term.spellings()}
    tags: dict[str, dict[Pair, None]] = {sector: {} for sector in _SECTORS}
    texts = dict.fromkeys(_SECTORS, "")
    for record in starter.records():
        if isinstance(record, Listing):
            texts[record.sector] += f" {record.summary_en or ''} {record.summary_zh or ''} ".lower()
            if len(record.tags_en) == len(record.tags_zh):
                pairs = zip(record.tags_en, record.tags_zh, strict=True)
                tags[record.sector].update(dict.fromkeys(pair for pair in pairs if not places & set(pair)))
    for entry in read_yaml(GLOSSARY):
        for sector, text in texts.items():
            if any(word in text for word in entry["zh"]) or any(f" {word} " in text for word in entry["en"]):
                tags[sector][entry["en"][0], entry["zh"][0]] = None
    return {sector: list(found) for sector, found in tags.items()}


def _two(among: Sequence[Any], draws: Draws, steepness: float) -> tuple[Any, Any]:
    """Two of them, not the same one twice."""
    one = draws.among(len(among), steepness)
    other = draws.among(len(among) - 1, steepness)
    return among[one], among[other if other < one else other + 1]


def _gain(gain: Sequence[Any], draw: float) -> Pair:
    en, zh, low, high = gain
    # Small figures are commoner than large ones, as in Benford's law.
    figure = round(low * (high / low) ** draw)
    return en.format(n=figure), zh.format(n=figure)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def main() -> None:
    """Write a catalogue as JSON lines."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--words", type=Path, help="a CSV of UN titles: scheme, code, title_en, title_zh")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    with chosen.out.open("w", encoding="utf-8") as file:
        for listing in Catalogue(chosen.seed, chosen.words).listings(chosen.size):
            file.write(json.dumps(listing.content(), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
