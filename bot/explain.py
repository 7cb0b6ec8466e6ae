"""How an answer came about: what was understood, which way it was found, and how well it fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.conversation.resolved import Resolved
from bot.speech import Speech
from bot.understand import Understanding
from bot.values import Answer, Explained
from knowledge.vocabulary import load

_VOCABULARIES = {"stage": "stages", "sector": "sectors", "kind": "kinds", "role": "roles"}


def explained(resolved: Resolved, asked: Understanding, answer: Answer) -> Explained:
    """What is remembered of how a question was understood and answered."""
    return Explained(
        resolved.how,
        tuple((name.name, name.keys) for name in asked.names),
        tuple(dict.fromkeys((mention.facet, mention.value) for mention in asked.facets.mentions)),
        tuple(sorted(asked.aspects)),
        (*asked.content, *asked.singles),
        tuple((card.key, card.score) for card in answer.cards),
    )


def as_dict(answer: Answer) -> dict[str, Any]:
    """The explanation in the JSON contract."""
    how = answer.explained or Explained("")
    return {
        "how": how.how,
        "resolved": answer.resolved or answer.question,
        "route": answer.route,
        "names": [{"name": name, "keys": list(keys)} for name, keys in how.names],
        "facets": [{"facet": facet, "value": value} for facet, value in how.facets],
        "aspects": list(how.aspects),
        "words": list(how.words),
        "scores": [{"key": key, "score": round(score, 3)} for key, score in how.scores],
    }


def lines(answer: Answer) -> Iterator[str]:
    """The same as lines in the reader's language and script."""
    own = Speech(answer.lang, "explain")
    for key, said in _said(own, answer):
        if said:
            yield own.script(own.say("line", label=own.say(key), text=said))


def _said(own: Speech, answer: Answer) -> Iterator[tuple[str, str]]:
    how = answer.explained or Explained("")
    joint, routes = own.say("joint"), Speech(answer.lang, "staff").names("routes")
    yield "language", own.names("languages").get(answer.lang, answer.lang)
    yield "resolved", answer.resolved or answer.question
    yield "how", own.names("hows").get(how.how, how.how)
    yield "names", joint.join(own.say("name", name=name, keys=" ".join(keys)) for name, keys in how.names)
    yield "facets", joint.join(dict.fromkeys(_facet(own, facet, value) for facet, value in how.facets))
    yield "asked", joint.join(own.names("aspects").get(aspect, aspect) for aspect in how.aspects)
    yield "words", joint.join(how.words)
    yield "route", routes.get(answer.route, answer.route)
    yield "scores", joint.join(f"{key} {score:.2f}" for key, score in how.scores if score)


def _facet(own: Speech, facet: str, value: str) -> str:
    vocabulary = load()
    if facet in ("country", "city"):
        said: str | None = vocabulary.place(value, own.base)
    else:
        said = vocabulary.label(_VOCABULARIES[facet], value, own.base) if facet in _VOCABULARIES else value
    names = own.names("facet_kinds")
    kind = names["place"] if facet in ("country", "city") else names.get(facet, facet)
    return own.say("facet", kind=kind, value=said or value)
