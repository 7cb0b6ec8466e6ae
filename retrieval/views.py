"""Views: the texts whose vectors stand for a document."""

from __future__ import annotations

import re

from retrieval.documents import Document
from retrieval.language import HAN, clean, simplified

# A text beyond this size says more than one vector holds, and its sentences get vectors too. Chinese says in one character what
# takes English three. Measured on paragraphs: benchmarks/README.md.
LONG = 500
_HAN_SIZE = 3
_SHORT = 60
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“‘(\[])|(?<=[。！？；])")


def views_of(document: Document) -> list[str]:
    """The document's views, the first of them the whole: its title with its first passage. Long texts add their sentences."""
    whole = clean(" ".join([document.title, *document.passages[:1]]))
    views: list[str] = [whole]
    for text in (whole, *map(clean, document.passages[1:])):
        views += [text, *sentences(text)] if size(text) > LONG else [text]
    return [simplified(view) for view in dict.fromkeys(views) if view] or [document.key]


def size(text: str) -> int:
    """How much a text says, in characters of English."""
    return len(text) + (_HAN_SIZE - 1) * len(HAN.findall(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text; one that is too short to mean something alone stays with the one before."""
    found: list[str] = []
    for part in filter(None, (piece.strip() for piece in _SENTENCE.split(text) if piece)):
        if found and (size(part) < _SHORT or size(found[-1]) < _SHORT):
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return found if len(found) > 1 else []
