"""Learn what the finds of a question are worth from journeys: bot/finding/affinity.npz and relevance.json.

    python -m benchmarks.relevance

First the affinity between questions and records (affinity.py beside this), then trees on what ``Relevance.features`` says of
finds (lessons.py). Journeys are gathered in parts, each with an affinity that the other parts taught: the trees would trust one
that knew the questions too much.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

from benchmarks.affinity import Asked, Views, learn
from benchmarks.journeys import PARTS, Told, part_of, told
from benchmarks.lessons import Gathered, Lessons, Pool
from bot import bootstrap
from bot.answer_cases import Case
from bot.compose.page import today
from bot.finding import affinity
from bot.finding.finder import Finder
from bot.finding.searched import Searched
from bot.finding.shelf import Finding
from bot.finding.trees import LEARNT
from bot.finding.trial import tried
from bot.finding.weighing import ORDERED, weighed
from bot.settings import Settings
from bot.understand import Understander, Understanding
from bot.values import Question
from knowledge.records import LANGUAGES, Article
from retrieval.documents import document
from retrieval.language import fold
from retrieval.retriever import Hit, HybridRetriever


def main() -> None:
    """Gather, cross-validate, learn, write."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each of the processes has a core to itself
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        gathered = [each for part_ in pool.map(part, range(PARTS), chunksize=1) for each in part_]
    LEARNT.write_text(json.dumps(Lessons(gathered).taught()) + "\n", encoding="utf-8")
    finder, retriever = _opened()
    views = Views.of(retriever, finder.searched.shelf.kb)
    every = learn(views, Asked.of(retriever, views, [case for _, case, _ in told()]))
    every.save(affinity.LEARNT, retriever.embedder.name)


def part(number: int) -> list[Gathered]:
    """What the journeys of one part find, judged with an affinity that the others taught."""
    finder, retriever = _opened()
    cases = list(told())
    views = Views.of(retriever, finder.searched.shelf.kb)
    others = [case for _, case, _ in cases if part_of(case.id) != number]
    finder.searched.relevance.affinity = learn(views, Asked.of(retriever, views, others))
    mine = [each for each in cases if part_of(each[1].id) == number]
    return list(gather(mine, Understander(retriever), finder))


def _opened() -> tuple[Finder, HybridRetriever]:
    settings = Settings()
    kb = bootstrap.open_kb(settings)
    retriever = bootstrap.open_retriever(settings, kb)
    return Finder(kb, retriever, today), retriever


def gather(cases: Sequence[Told], reader: Understander, finder: Finder) -> Iterator[Gathered]:
    """What is found for every question."""
    for file, case, says in cases:
        if case.answerable is None:
            continue
        for text in case.ask.values():
            asked = reader.read(Question(text))
            if asked.talk:
                continue
            hits, pools = _found(finder.searched, asked, case, says)
            rule, finding = _ruled(finder, asked)
            ruling = finder.trial.ruling(asked, rule, finding, hits) if finding is not None and hits else None
            right = finding is not None and _rightly(finder.searched, case, says, finding)
            yield Gathered(file, case.id, asked.base, bool(case.answerable), pools, ruling, right)


def _found(searched: Searched, asked: Understanding, case: Case, says: Sequence[str]) -> tuple[list[Hit], list[Pool]]:
    """The best hits of all kinds, before they are put in order; these as a pool, and the listings that would be shown."""
    hits = searched.leaned(asked, searched.anything(asked))[:ORDERED]
    pools = [hits]
    if any(hit.kind == "listing" for hit in hits):
        pools.append(weighed(searched.relevance, asked, searched.within(asked)[0].hits)[:ORDERED])
    return hits, [_pool(searched, asked, case, says, some) for some in pools]


def _pool(searched: Searched, asked: Understanding, case: Case, says: Sequence[str], hits: Sequence[Hit]) -> Pool:
    some = [hit for hit in hits if not searched.relevance.stray(asked, hit)]
    return Pool(
        [searched.relevance.features(asked, hit) for hit in some],
        [_answers(searched, case, says, hit.key) for hit in some],
        [hit.kind == "listing" for hit in some],
    )


def _ruled(finder: Finder, asked: Understanding) -> tuple[str, Finding | None]:
    """The rule that fits, and what it found, if it is one that is put on trial."""
    for rule in finder.rules:
        finding = rule(asked)
        if finding is not None and (finding.route != "metric" or finder.searched.relevance.counts(asked, finding.records)):
            return rule.__name__, finding if tried(rule.__name__, finding) else None
    return "", None


def _rightly(searched: Searched, case: Case, says: Sequence[str], finding: Finding) -> bool:
    """Whether a rule found what the journey wants: one of the first three cards, or nothing where there is nothing."""
    if not case.answerable:
        return finding.route in ("silence", "no_figure")
    shown = [*finding.records[:3], *([finding.event] if finding.event and len(finding.records) < 3 else [])]
    return any(_answers(searched, case, says, record.key) for record in shown)


def _answers(searched: Searched, case: Case, says: Sequence[str], key: str) -> bool:
    record = searched.shelf.kb.get(key)
    keys = [key, *(record.about[:2] if isinstance(record, Article) else ())]
    if case.expected or not case.answerable:
        return any(each.split("/", 1)[1] in case.expected for each in keys)
    # A journey that names no record is answered by one that says what the reply has to say.
    text = fold("\n".join(document(record, lang, searched.relevance.related).text for lang in LANGUAGES))
    return bool(says) and all(any(fold(way) in text for way in phrase.split("|")) for phrase in says)


if __name__ == "__main__":
    main()
