"""The records of the knowledge base, one table a kind.

Every text a reader sees comes in two columns, ``…_en`` and ``…_zh``; either may be missing. Dates are ISO text of the
precision the source has (see :mod:`knowledge.dates`). ``sources`` holds ids of :class:`Source` rows, best first.
``sought`` is what people say who look for a record without its name: it is found by, and not shown.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, SQLModel

SHARES = ("percent", "per cent")  # units of shares and rates
LANGUAGES = ("en", "zh")

LISTING_KINDS = ("technology", "need", "expert")
STAGES = (
    "research", "prototype_lab", "prototype_field", "demonstration",
    "commercial_small", "commercial_initial", "commercial_large", "operating",
)  # fmt: skip
SECTORS = (
    "energy", "pollution_waste", "water", "farming_forestry", "industry_materials",
    "buildings", "transport", "ict", "climate_adaptation",
)  # fmt: skip
QUALIFIERS = ("exact", "more_than", "about", "nearly", "under")
EVENT_ROLES = ("host", "organiser", "co_organiser", "supporter")

MACHINE = ":machine"  # behind an entry of ``translated``: nobody has looked at this translation yet

Words = list[str]


def json_column(**kwargs: Any) -> Any:
    """A column that holds a list or a dict, empty unless told."""
    return Field(default_factory=list, sa_type=JSON, **kwargs)


def text_column() -> Any:
    """A long text that may be missing."""
    return Field(default=None, sa_type=Text)


class Record(SQLModel):
    """What all kinds share: an id, names, sources, which texts are translations, and where the row came from."""

    KIND: ClassVar[str] = ""

    id: str = Field(primary_key=True)
    name_en: str | None = text_column()
    name_zh: str | None = text_column()
    sources: Words = json_column()
    translated: Words = json_column()
    origin: str = Field(default="starter", index=True)
    digest: str = Field(default="")

    @property
    def key(self) -> str:
        """Kind and id, unique over the whole knowledge base: ``organisation/bcaa``."""
        return f"{self.KIND}/{self.id}"

    def text(self, field: str, lang: str) -> str | None:
        """The text of ``field`` in ``lang``; in the other language when that is all there is; else None."""
        other = "zh" if lang == "en" else "en"
        return self.exactly(field, lang) or self.exactly(field, other)

    def exactly(self, field: str, lang: str) -> str | None:
        """The text of ``field`` in ``lang`` and no other."""
        return getattr(self, f"{field}_{lang}", None) or None

    def name(self, lang: str) -> str:
        """The name a reader of ``lang`` sees first."""
        return self.text("name", lang) or self.id

    def is_translated(self, field: str, lang: str) -> bool:
        """Whether this text is our translation rather than a wording some source has."""
        return f"{field}.{lang}" in self.translated or self.is_machine_made(field, lang)

    def is_machine_made(self, field: str, lang: str) -> bool:
        """Whether this text is the translation of a machine that nobody has reviewed."""
        return f"{field}.{lang}{MACHINE}" in self.translated

    def content(self) -> dict[str, Any]:
        """All that the record says, without bookkeeping; empty fields left out."""
        values = self.model_dump(exclude={"origin", "digest"})
        return {field: value for field, value in values.items() if value not in (None, "", [], {})}

    def fingerprint(self) -> str:
        """A digest of :meth:`content`: equal exactly when two records say the same."""
        text = json.dumps([self.KIND, self.content()], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class Source(Record, table=True):
    """Where facts come from. ``url`` is for users; a restricted source shows ``public_url`` or its title alone."""

    KIND: ClassVar[str] = "source"

    publisher_en: str | None = text_column()
    publisher_zh: str | None = text_column()
    date: str | None = None
    url: str | None = text_column()
    public_url: str | None = text_column()
    restricted: bool = False
    category: str | None = None


class Listing(Record, table=True):
    """A technology 技术 on offer, a need 需求 that looks for one, or an expert 专家 who advises.

    ``problems`` are what it helps with, in the words of those who look for it. They are found by, and not shown.
    """

    KIND: ClassVar[str] = "listing"
    # Who asks what has changed reads these two columns of every listing, and needs none of the texts.
    __table_args__ = (Index("ix_listing_state", "id", "digest"),)

    kind: str = Field(index=True)
    sector: str = Field(index=True)
    tags_en: Words = json_column()
    tags_zh: Words = json_column()
    problems_en: Words = json_column()
    problems_zh: Words = json_column()
    summary_en: str | None = text_column()
    summary_zh: str | None = text_column()
    provider_en: str | None = text_column()
    provider_zh: str | None = text_column()
    organisation: str | None = Field(default=None, index=True)
    country: str | None = Field(default=None, index=True)
    city: str | None = None
    stage: str | None = Field(default=None, index=True)
    stage_note_en: str | None = text_column()
    stage_note_zh: str | None = text_column()
    trl: str | None = None
    ip_en: str | None = text_column()
    ip_zh: str | None = text_column()
    classes: Words = json_column()
    contact_en: str | None = text_column()
    contact_zh: str | None = text_column()
    website: str | None = text_column()
    listing_url: str | None = text_column()
    listed_date: str | None = None
    note_en: str | None = text_column()
    note_zh: str | None = text_column()


class Organisation(Record, table=True):
    """A company, office, alliance or body, with its roles in the network."""

    KIND: ClassVar[str] = "organisation"

    aliases: Words = json_column()
    sought_en: Words = json_column()
    sought_zh: Words = json_column()
    roles: Words = json_column()
    country: str | None = Field(default=None, index=True)
    city: str | None = None
    website: str | None = text_column()
    contact_en: str | None = text_column()
    contact_zh: str | None = text_column()
    summary_en: str | None = text_column()
    summary_zh: str | None = text_column()
    partner_since: str | None = None
    note_en: str | None = text_column()
    note_zh: str | None = text_column()


class Person(Record, table=True):
    """A person in a public role. What they did at events is in :class:`Appearance`."""

    KIND: ClassVar[str] = "person"

    aliases: Words = json_column()
    sought_en: Words = json_column()
    sought_zh: Words = json_column()
    title_en: str | None = text_column()
    title_zh: str | None = text_column()
    organisation: str | None = Field(default=None, index=True)
    organisation_name_en: str | None = text_column()
    organisation_name_zh: str | None = text_column()
    as_of: str | None = None
    note_en: str | None = text_column()
    note_zh: str | None = text_column()


class Event(Record, table=True):
    """A camp, forum or meeting: when, where, who, what was said to have come of it."""

    KIND: ClassVar[str] = "event"

    aliases: Words = json_column()
    sought_en: Words = json_column()
    sought_zh: Words = json_column()
    start: str | None = Field(default=None, index=True)
    end: str | None = None
    date_note_en: str | None = text_column()
    date_note_zh: str | None = text_column()
    country: str | None = None
    city: str | None = None
    venue_en: str | None = text_column()
    venue_zh: str | None = text_column()
    format_en: str | None = text_column()
    format_zh: str | None = text_column()
    organisations: list[dict[str, Any]] = json_column()
    series_en: str | None = text_column()
    series_zh: str | None = text_column()
    theme_en: str | None = text_column()
    theme_zh: str | None = text_column()
    attendance_en: str | None = text_column()
    attendance_zh: str | None = text_column()
    audience_en: str | None = text_column()
    audience_zh: str | None = text_column()
    sessions: list[dict[str, str]] = json_column()
    outcomes: list[dict[str, str]] = json_column()
    summary_en: str | None = text_column()
    summary_zh: str | None = text_column()


class Appearance(Record, table=True):
    """One person's part in one event: the role then, and what they spoke about."""

    KIND: ClassVar[str] = "appearance"

    person: str = Field(foreign_key="person.id", index=True)
    event: str = Field(foreign_key="event.id", index=True)
    title_en: str | None = text_column()
    title_zh: str | None = text_column()
    organisation: str | None = None
    organisation_name_en: str | None = text_column()
    organisation_name_zh: str | None = text_column()
    role_en: str | None = text_column()
    role_zh: str | None = text_column()
    topic_en: str | None = text_column()
    topic_zh: str | None = text_column()


class Programme(Record, table=True):
    """A programme, platform, publication or service: what it is, for whom, how, at what cost."""

    KIND: ClassVar[str] = "programme"

    aliases: Words = json_column()
    sought_en: Words = json_column()
    sought_zh: Words = json_column()
    type: str | None = None
    summary_en: str | None = text_column()
    summary_zh: str | None = text_column()
    eligibility_en: str | None = text_column()
    eligibility_zh: str | None = text_column()
    how_to_join_en: str | None = text_column()
    how_to_join_zh: str | None = text_column()
    cost_en: str | None = text_column()
    cost_zh: str | None = text_column()
    status_en: str | None = text_column()
    status_zh: str | None = text_column()
    start: str | None = None
    country: str | None = None
    website: str | None = text_column()
    contact_en: str | None = text_column()
    contact_zh: str | None = text_column()
    parent: str | None = None
    organisations: Words = json_column()
    note_en: str | None = text_column()
    note_zh: str | None = text_column()


class Metric(Record, table=True):
    """Something that is counted or measured; its name is the label. The figures are :class:`Statistic` rows."""

    KIND: ClassVar[str] = "metric"

    aliases_en: Words = json_column()
    aliases_zh: Words = json_column()
    topic: str | None = None
    note_en: str | None = text_column()
    note_zh: str | None = text_column()


class Statistic(Record, table=True):
    """One figure: value, qualifier, unit, scope, as-of date. Figures compare only within one ``group`` of a metric."""

    KIND: ClassVar[str] = "statistic"

    metric: str = Field(foreign_key="metric.id", index=True)
    value: float
    qualifier: str = "exact"
    unit_en: str | None = text_column()
    unit_zh: str | None = text_column()
    scope_en: str | None = text_column()
    scope_zh: str | None = text_column()
    place: str | None = None
    as_of: str | None = None
    period_en: str | None = text_column()
    period_zh: str | None = text_column()
    group: str | None = None
    note_en: str | None = text_column()
    note_zh: str | None = text_column()


class Article(Record, table=True):
    """A question people ask and its answer; the name is the question."""

    KIND: ClassVar[str] = "article"

    also_asked_en: Words = json_column()
    also_asked_zh: Words = json_column()
    answer_en: str | None = text_column()
    answer_zh: str | None = text_column()
    topic: str | None = None
    about: Words = json_column()
    date: str | None = None


class Taxon(Record, table=True):
    """A class of a green-technology taxonomy."""

    KIND: ClassVar[str] = "taxon"

    scheme: str
    level: int | None = None
    code: str | None = None
    parent: str | None = None
    ipc: Words = json_column()


class Meta(SQLModel, table=True):
    """Facts about the knowledge base itself: its fingerprint, and which starter files it was built from."""

    name: str = Field(primary_key=True)
    value: str


# Parents before children, so that inserting in this order keeps every foreign key true.
KINDS: dict[str, type[Record]] = {
    kind.KIND: kind
    for kind in (
        Source, Listing, Organisation, Person, Event, Appearance, Programme, Metric, Statistic, Article, Taxon,
    )
}  # fmt: skip


def split_key(key: str) -> tuple[str, str]:
    """Kind and id of a key: ``organisation/bcaa`` → ``("organisation", "bcaa")``."""
    kind, _, id_ = key.partition("/")
    return kind, id_
