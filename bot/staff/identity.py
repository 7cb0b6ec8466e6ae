"""Who is staff: Telegram ids by setting, and a token whose hash is set, for web and command line."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from pydantic import SecretStr

from bot.settings import TOKEN_HASH, Settings

TELEGRAM, WEB, COMMAND_LINE = "telegram", "web", "command line"

# 32 MB and about a fifth of a second a guess, one of the settings OWASP gives for scrypt.
_COST, _BLOCK, _PARALLEL = 2**15, 8, 3
_MEMORY = 2**27  # bytes; a hash that asks for more is no match rather than the end of the machine


@dataclass(frozen=True)
class Staff:
    """Those who may use staff functions."""

    telegram_ids: frozenset[int] = frozenset()
    token_hash: SecretStr | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Staff:
        """The staff that the settings name."""
        return cls(settings.staff_telegram_ids, settings.staff_token_hash)

    @property
    def token_needed(self) -> bool:
        """Whether the command line asks for a token; without a hash, whoever has the shell has the database anyway."""
        return self.token_hash is not None

    def is_staff(self, channel: str, identity: int | str | None = None) -> bool:
        """Whether this is staff. ``identity`` is a user's id in Telegram, and a token on the web and the command line.

        Checking a token takes a fifth of a second on purpose: a channel checks once a session and limits the tries.
        """
        if channel == TELEGRAM:
            return _number(identity) in self.telegram_ids
        if channel == COMMAND_LINE and not self.token_needed:
            return True
        if channel not in (WEB, COMMAND_LINE) or self.token_hash is None or not isinstance(identity, str):
            return False
        return matches(identity, self.token_hash.get_secret_value())


def hash_token(token: str) -> str:
    """The hash to set for a token: ``scrypt:cost:block:parallel:salt:hash``, different each time."""
    salt = secrets.token_bytes(16)
    return ":".join(["scrypt", *map(str, (_COST, _BLOCK, _PARALLEL)), _text(salt), _text(_derived(token, salt))])


def matches(token: str, hashed: str) -> bool:
    """Whether the token is the one that was hashed, in a time that does not tell how near it is."""
    parts = TOKEN_HASH.fullmatch(hashed)
    if parts is None:
        return False
    cost, block, parallel = map(int, parts.groups()[:3])
    try:
        salt, wanted = map(base64.urlsafe_b64decode, parts.groups()[3:])
        found = _derived(token, salt, cost, block, parallel)
    except (ValueError, MemoryError):
        return False
    return hmac.compare_digest(found, wanted)


def _derived(token: str, salt: bytes, cost: int = _COST, block: int = _BLOCK, parallel: int = _PARALLEL) -> bytes:
    said = token.strip().encode("utf-8", "replace")
    return hashlib.scrypt(said, salt=salt, n=cost, r=block, p=parallel, maxmem=_MEMORY, dklen=32)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _number(identity: int | str | None) -> int | None:
    if isinstance(identity, bool):
        return None
    if isinstance(identity, str):
        return int(identity) if identity.isascii() and identity.isdigit() else None
    return identity
