"""Cutting texts into the words that lexical search counts: jieba for Chinese, stems for everything else."""

from __future__ import annotations

import logging
import marshal
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

from retrieval.language import fold

DATA = Path(__file__).parent / "data"
_HANS = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(rf"(?P<han>[{_HANS}]+)|(?P<word>[^\W_{_HANS}]+(?:[.'’&+-][^\W_{_HANS}]+)*)")
_HAN = re.compile(rf"[{_HANS}]")
_PARTS = re.compile(r"[^\W_]+")


@cache
def stopwords(lang: str) -> frozenset[str]:
    """Words of a language that say nothing about the topic."""
    lines = (DATA / f"stopwords.{lang}.txt").read_text(encoding="utf-8").split("\n")
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The English stem of a lower-case word; words with digits stay as they are."""
    return str(_stemmer().stemWord(word)) if word.isalpha() and word.isascii() else word


class Segmenter:
    """Cuts folded text into tokens. Terms of the knowledge base are kept whole (and, in search mode, also cut further).

    ``cache`` is a folder where the merged jieba dictionary lives; without one the dictionary is merged in memory. ``fast`` cuts
    with rjieba, which gives the same words a dozen times faster and is worth its loading for thousands of texts.
    """

    def __init__(self, terms: Iterable[str] = (), cache: Path | None = None, *, fast: bool = False) -> None:
        self._terms = terms
        self._cache = cache
        self._jieba: Any = None
        self._fast = fast

    @property
    def jieba(self) -> Any:
        """The jieba tokenizer with our terms, loaded at first use."""
        if self._jieba is None:
            self._jieba = _load_jieba(self._terms, self._cache)
        return self._jieba

    def tokens(self, text: str) -> list[str]:
        """Tokens for indexing and for asking: jieba's search mode for Chinese runs, stems for words; stop words dropped."""
        found: list[str] = []
        for match in _RUN.finditer(fold(text)):
            if match["han"]:
                found.extend(word for word in self._search(match["han"]) if word not in stopwords("zh"))
            else:
                found.extend(_word_tokens(match["word"]))
        return found

    @staticmethod
    def grams(text: str) -> list[str]:
        """The pairs of neighbouring Chinese characters, without those that are stop words."""
        found: list[str] = []
        for match in _RUN.finditer(fold(text)):
            if run := match["han"]:
                found.extend(pair for at in range(len(run) - 1) if (pair := run[at : at + 2]) not in stopwords("zh"))
        return found

    @cached_property
    def _search(self) -> Callable[[str], Iterable[str]]:
        """What cuts a run of Chinese characters in search mode."""
        if not self._fast:
            return cast("Callable[[str], Iterable[str]]", self.jieba.lcut_for_search)
        import rjieba

        twin = rjieba.Jieba()
        for term, count in self._counted():
            twin.add_word(term, count, "n")
        return cast("Callable[[str], Iterable[str]]", twin.cut_for_search)

    def _counted(self) -> Iterator[tuple[str, int]]:
        """Our own terms with the counts that jieba gives them."""
        if self._cache is None:
            yield from ((term, self.jieba.FREQ[term]) for term in self._terms)
            return
        for line in (self._cache / "terms.txt").read_text(encoding="utf-8").splitlines():
            term, count = line.split("\t")
            yield term, int(count)

    def words(self, text: str, *, guessed: bool = True) -> list[str]:
        """The text's words one after another without overlap, unstemmed, stop words kept.

        Characters that no dictionary joins are made words of where ``guessed``: names, but also 厨余想 of 厨余想处理.
        """
        found: list[str] = []
        for match in _RUN.finditer(fold(text)):
            found.extend(self.jieba.lcut(match["han"], HMM=guessed) if match["han"] else [match["word"]])
        return found


def _word_tokens(word: str) -> list[str]:
    if word in stopwords("en"):
        return []
    parts = _PARTS.findall(word)
    tokens = [stem(part) for part in parts if part not in stopwords("en")]
    # "pm2.5", "co-op" and "r&d" are findable whole and by their parts.
    return tokens if len(parts) == 1 else ["".join(parts), *tokens]


def _jieba() -> Any:
    with warnings.catch_warnings():
        # jieba 0.42.1 has invalid escape sequences, which Python reports when it is not byte-compiled yet.
        warnings.simplefilter("ignore")
        import jieba
    jieba.setLogLevel(logging.WARNING)
    return jieba


def _load_jieba(terms: Iterable[str], folder: Path | None) -> Any:
    if folder is not None and (folder / "jieba.dict").exists():
        return _written(folder, (folder / "jieba.dict").stat().st_mtime_ns)
    tokenizer = _jieba().Tokenizer()
    tokenizer.initialize()
    for term in terms:
        tokenizer.add_word(term)
    return tokenizer


@lru_cache(maxsize=2)  # the one in use and its successor: each is some 100 MB
def _written(folder: Path, made: int) -> Any:
    """The dictionary that was written to a folder at that time, loaded once for all who cut by it."""
    tokenizer = _jieba().Tokenizer()
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = "jieba.cache"
    tokenizer.set_dictionary(str(folder / "jieba.dict"))
    tokenizer.initialize()
    return tokenizer


def write_dictionary(terms: Iterable[str], folder: Path) -> None:
    """Write jieba's own dictionary plus ``terms`` to ``folder``, where a Segmenter finds it, ready loaded."""
    jieba = _jieba()
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir, tokenizer.cache_file = str(folder), "base.cache"
    tokenizer.initialize()
    own = sorted({fold(term) for term in terms if 2 <= len(term) <= 12 and all(map(_HAN.fullmatch, term))})
    for term in own:
        if not tokenizer.FREQ.get(term):
            tokenizer.add_word(term)
    (folder / "base.cache").unlink()
    # jieba reads a dictionary only when its cache is older, so the words stand in the file and the counts in the cache.
    (folder / "jieba.dict").write_text("".join(f"{term}\n" for term in own), encoding="utf-8")
    counted = "".join(f"{term}\t{tokenizer.FREQ[term]}\n" for term in own)
    (folder / "terms.txt").write_text(counted, encoding="utf-8")
    (folder / "jieba.cache").write_bytes(marshal.dumps((tokenizer.FREQ, tokenizer.total)))
