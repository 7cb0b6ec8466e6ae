"""README's transcript: reading it, and writing it anew. Run it after replies changed on purpose:

.venv/bin/python -m tests.refresh_readme
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from bot import bootstrap, render
from bot.assistant import Assistant
from bot.settings import Settings
from bot.values import Question

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_ASKED = re.compile(r'^\$ greenask ask "(.+)"$', re.MULTILINE)


def transcript(text: str) -> Iterator[tuple[str, str]]:
    """Each question of the console blocks, and what stands below it."""
    for block in _BLOCK.findall(text):
        asked = list(_ASKED.finditer(block))
        ends = [following.start() for following in asked[1:]] + [len(block)]
        for found, end in zip(asked, ends, strict=True):
            yield found[1], block[found.end() : end].strip("\n")


def refreshed(text: str, reply: Callable[[str], str]) -> str:
    """The text with the reply to each question of its console blocks below the question."""

    def asked_anew(block: re.Match[str]) -> str:
        questions = _ASKED.findall(block[0])
        return "\n\n".join(f'$ greenask ask "{question}"\n{reply(question)}' for question in questions) + "\n"

    return _BLOCK.sub(asked_anew, text)


def main() -> None:
    """Ask the questions of README's transcript and write down the replies."""
    settings = Settings()
    with closing(bootstrap.open_kb(settings)) as kb:
        bootstrap.build(settings, kb)
        assistant = Assistant(kb, bootstrap.open_retriever(settings, kb))
        text = README.read_text(encoding="utf-8")
        new = refreshed(text, lambda question: render.text(assistant.answer_now(Question(question))))
    README.write_text(new, encoding="utf-8")
    print(f"{README.name}: {'as it was' if new == text else 'written anew'}")


if __name__ == "__main__":
    main()
