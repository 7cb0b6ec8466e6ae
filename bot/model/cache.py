"""Leads that were written and checked, kept for the next who asks the same of the same records.

A lead is known by a digest of the question, the language, the model, the prompt and the records as they are, and by nothing of
who asked. It is kept in memory only, and all are forgotten when the knowledge base changes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from bot.model.grounding import Checked

Lead = tuple[Checked, ...]
MOST = 512


class Leads:
    """The latest leads, of one state of the knowledge base. May be used from several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._leads: OrderedDict[str, Lead] = OrderedDict()
        self._fingerprint = ""
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._leads)

    def get(self, fingerprint: str, key: str) -> Lead | None:
        """The lead that was kept under this key, if the knowledge base is still the one it was written from."""
        with self._lock:
            self._follow(fingerprint)
            if key in self._leads:
                self._leads.move_to_end(key)
            return self._leads.get(key)

    def put(self, fingerprint: str, key: str, lead: Lead) -> None:
        """Keep a lead; the one that was not asked for longest makes room."""
        with self._lock:
            self._follow(fingerprint)
            self._leads[key] = lead
            self._leads.move_to_end(key)
            while len(self._leads) > self._most:
                self._leads.popitem(last=False)

    def _follow(self, fingerprint: str) -> None:
        if fingerprint != self._fingerprint:
            self._leads.clear()
            self._fingerprint = fingerprint


def key(parts: Iterable[str]) -> str:
    """One digest of many texts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
