"""Views: the texts whose vectors stand for a document."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.documents import Document
from retrieval.language import HAN, clean, simplified

# A text beyond this size says more than one vector holds, and its sentences get vectors too. Chinese says in one character what
# takes English three. Measured on paragraphs: docs/decisions/0009-fusion-levels-the-two-pools.md.
LONG = 500
_HAN_SIZE = 3
_SHORT = 60
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“‘(\[])|(?<=[。！？；])")


@dataclass(frozen=True)
class Views:
    """The views of a document.

    ``heads`` are looked for among all neighbours, the first of them is the whole; ``sentences`` of its long texts only sharpen
    the score of a document that was found.
    """

    heads: tuple[str, ...]
    sentences: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every view, heads first."""
        return self.heads + self.sentences


def views_of(document: Document) -> Views:
    """The document's views: its title with its first passage, every other passage, every problem, and sentences of the long ones."""
    whole = clean(" ".join([document.title, *document.passages[:1]]))
    heads = [text for text in (whole, *map(clean, (*document.passages[1:], *document.problems))) if text]
    said = [sentence for text in heads if size(text) > LONG for sentence in sentences(text)]
    folded = tuple(dict.fromkeys(map(simplified, heads))) or (document.key,)
    return Views(folded, tuple(dict.fromkeys(map(simplified, said))))


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
