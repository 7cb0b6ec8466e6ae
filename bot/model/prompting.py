"""Prompts: a file for each job and language, and material between fences that nobody can guess."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from retrieval.language import base

PROMPTS = Path(__file__).parent / "prompts"


@cache
def instructions(job: str, lang: str) -> str:
    """What the model is to do, in the language it is to write."""
    return (PROMPTS / base(lang) / f"{job}.md").read_text(encoding="utf-8").strip()


@cache
def version(job: str) -> str:
    """A mark that changes when a prompt of this job does, in whichever language."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(PROMPTS.glob(f"*/{job}.md"))]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def fenced(parts: Iterable[tuple[str, str]]) -> str:
    """Named texts, each between lines with a mark that is new for every request: nothing in a text can end it."""
    mark = secrets.token_hex(8)
    return "\n".join(f"<<{mark} {name}>>\n{text}\n<</{mark} {name}>>" for name, text in parts)
