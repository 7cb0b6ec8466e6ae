"""The closed vocabularies in both languages: sectors, stages, kinds, roles, cities, countries and regions, with their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from knowledge.records import LANGUAGES
from knowledge.starter import DATA, read_yaml

# Names as the United Nations write them; Babel has the short forms, which stay understood.
_UN_NAMES = {
    "HK": {"en": "Hong Kong, China", "zh": "中国香港"},
    "MO": {"en": "Macao, China", "zh": "中国澳门"},
    "TW": {"en": "Taiwan, Province of China", "zh": "中国台湾"},
    "US": {"en": "United States", "zh": "美国"},
}
_SHORT = {
    "HK": ("Hong Kong", "HK", "香港"),
    "MO": ("Macao", "Macau", "澳门"),
    "TW": ("Taiwan", "台湾"),
    "CN": ("China", "中国", "PRC", "Chinese mainland", "mainland China", "中国大陆", "内地"),
}
_NO_COUNTRY = ("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ")
# Names in daily use, and those of the United Nations, beside Babel's.
_ALSO = {
    "TR": ("Turkey",), "VN": ("Viet Nam",), "MM": ("Myanmar", "Burma"), "AE": ("UAE", "阿联酋"), "CZ": ("Czech Republic",),
    "KR": ("South Korea", "Korea", "韩国", "南韩"), "KP": ("North Korea", "朝鲜"), "LA": ("Lao PDR", "老挝"), "IR": ("Iran",),
    "SY": ("Syria",), "TZ": ("Tanzania",), "BO": ("Bolivia",), "VE": ("Venezuela",), "MD": ("Moldova",), "RU": ("Russia", "俄国"),
    "CI": ("Ivory Coast",), "CV": ("Cape Verde",), "SZ": ("Swaziland",), "CD": ("DR Congo", "刚果金"), "GB": ("UK", "Britain"),
}  # fmt: skip
PARTS = {"CN": ("CN", "HK", "MO", "TW")}


@dataclass(frozen=True)
class Term:
    """One value of a vocabulary: its id, its name and the words that mean it, by language."""

    id: str
    names: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    country: str | None = None
    countries: tuple[str, ...] = ()

    def name(self, lang: str) -> str:
        """The name in ``lang``, or in the other language when that is all there is."""
        return self.names.get(lang) or next(iter(self.names.values()), self.id)

    def spellings(self) -> set[str]:
        """Every word of either language that means this value, names included."""
        return {*self.names.values(), *(word for words in self.words.values() for word in words)}


@dataclass(frozen=True)
class Vocabulary:
    """All vocabularies, each a mapping from id to :class:`Term`."""

    sectors: Mapping[str, Term]
    stages: Mapping[str, Term]
    kinds: Mapping[str, Term]
    roles: Mapping[str, Term]
    cities: Mapping[str, Term]
    countries: Mapping[str, Term]
    regions: Mapping[str, Term]

    def label(self, vocabulary: str, id_: str | None, lang: str) -> str | None:
        """The name of a value in ``lang``; an id no vocabulary has is shown as it is."""
        if not id_:
            return None
        terms: Mapping[str, Term] = getattr(self, vocabulary)
        return terms[id_].name(lang) if id_ in terms else id_

    def place(self, place: str, lang: str) -> str:
        """The name of a country code or an English city name in ``lang``."""
        terms = next((terms for terms in (self.countries, self.regions, self.cities) if place in terms), {})
        return terms[place].name(lang) if place in terms else place

    def parts(self, country: str) -> tuple[str, ...]:
        """The countries that a country or region is made of."""
        return PARTS.get(country) or (self.regions[country].countries if country in self.regions else (country,))

    def wider(self, country: str | None) -> list[str]:
        """The countries and regions that a country is part of."""
        regions = [region.id for region in self.regions.values() if country in region.countries]
        return [whole for whole, parts in PARTS.items() if country in parts] + regions


@cache
def load() -> Vocabulary:
    """The vocabularies, read once."""
    raw: dict[str, list[dict[str, Any]]] = read_yaml(DATA / "vocabulary.yaml")
    aliases = {entry["code"]: entry["aliases"] for entry in raw.pop("countries")}
    plain = {name: {term.id: term for term in map(_term, entries)} for name, entries in raw.items()}
    return Vocabulary(**plain, countries=_countries(aliases))


def _term(entry: Mapping[str, Any]) -> Term:
    names = entry.get("name") or {lang: entry[lang] for lang in LANGUAGES if lang in entry}
    words = entry.get("terms", {})
    aliases = entry.get("aliases", ())
    return Term(
        entry.get("id") or entry["en"],
        names,
        {**{lang: tuple(words.get(lang, ())) for lang in LANGUAGES}, "any": tuple(aliases)},
        entry.get("country"),
        tuple(entry.get("countries", ())),
    )


def _countries(aliases: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Term]:
    from babel import Locale

    english, chinese = Locale("en").territories, Locale("zh").territories
    countries: dict[str, Term] = {}
    for code in map(str, english):
        if len(code) != 2 or not code.isalpha() or code in _NO_COUNTRY or code not in chinese:
            continue
        own = [word for words in aliases.get(code, {}).values() for word in words]
        names = _UN_NAMES.get(code) or {"en": english[code], "zh": chinese[code]}
        countries[code] = Term(
            code, names, {"any": (*own, english[code], chinese[code], *_SHORT.get(code, ()), *_ALSO.get(code, ()))}
        )
    return countries
