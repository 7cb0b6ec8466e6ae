"""Stand-ins, so that measuring takes seconds where only the measuring is tested."""

from __future__ import annotations

from encoders import WordEncoder

SIZE = 200


class WideEncoder(WordEncoder):
    """The encoder of words, its vectors as long as those of the real one."""

    def __init__(self) -> None:
        super().__init__("words/512", 512)
