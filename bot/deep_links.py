"""Deep links: what ``t.me/<bot>?start=…`` opens. A payload has 64 signs at most, of letters, digits, ``_`` and ``-``."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import urlencode

from knowledge.records import Event, Organisation
from knowledge.store import KnowledgeBase

EVENT, ORGANISATION, QUESTION = "ev", "org", "q"
LONGEST = 64
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_PAYLOAD = re.compile(r"(ev|org|q)_([A-Za-z0-9_-]{1,61})")


@dataclass(frozen=True)
class Opened:
    """What a link opens: ``ev`` or ``org`` with a record's id, ``q`` with a reply's key."""

    kind: str
    id: str


def payload(kind: str, id_: str) -> str:
    """The payload for a record or a reply; an id that does not fit into a link gets a short one in its place."""
    said = f"{kind}_{id_}"
    return said if _PLAIN.fullmatch(said) and len(said) <= LONGEST else f"{kind}_{_short(id_)}"


def url(bot: str, start: str) -> str:
    """The link that opens the bot with a payload."""
    return f"https://t.me/{bot}?start={start}"


def poster_key(question: str, lang: str) -> str:
    """The key of a question on a poster: the same each time it is made."""
    digest = hashlib.blake2b(f"{lang}\0{question}".encode("utf-8", "replace"), digest_size=9).digest()
    return urlsafe_b64encode(digest).decode("ascii")


def shared(link: str, text: str) -> str:
    """The link that offers to send another link to a friend."""
    return "https://t.me/share/url?" + urlencode({"url": link, "text": text})


def opened(said: str, kb: KnowledgeBase) -> Opened | None:
    """What a payload means; None when it is none of ours, or the record is not there any more."""
    found = _PAYLOAD.fullmatch(said)
    if not found:
        return None
    kind, id_ = found.groups()
    if kind == QUESTION:
        return Opened(kind, id_)
    table = Event if kind == EVENT else Organisation
    if kb.existing([f"{table.KIND}/{id_}"]):
        return Opened(kind, id_)
    return next((Opened(kind, each.id) for each in kb.all(table) if _short(each.id) == id_), None)


def _short(id_: str) -> str:
    return "x-" + hashlib.blake2b(id_.encode(), digest_size=8).hexdigest()
