"""Which figure is the whole of which other is a part."""

from __future__ import annotations

from knowledge.records import Statistic
from knowledge.store import KnowledgeBase


def whole_of(kb: KnowledgeBase, part: Statistic) -> Statistic | None:
    """The worldwide figure of which a place's figure is a part: counted in the same group and unit on the same day."""
    if not (part.place and part.group and part.as_of):
        return None
    alike = [
        one
        for one in kb.all(Statistic, group=part.group, as_of=part.as_of)
        if one.place is None and one.metric != part.metric and one.unit_en == part.unit_en and one.value > part.value
    ]
    return alike[0] if len(alike) == 1 else None
