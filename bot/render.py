"""Rendering: an answer as plain text, and as the JSON contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot import explain as explanation
from bot.speech import Speech
from bot.values import NARROW, WIDEN, Answer, Block, Card, Cited, Figure, Table, Text
from knowledge.dates import PartialDate


def text(answer: Answer) -> str:
    """The whole reply as a person reads it, in the script of the question."""
    speech = Speech(answer.lang)
    said = "\n".join(line for block in answer.blocks for line in _lines(speech, block)).strip()
    return speech.script("\n".join([said, *go_on_lines(answer)]))


def go_on_lines(answer: Answer) -> Iterator[str]:
    """How a conversation may go on: how many finds wait, and what can be said next. Outside of one there is nothing."""
    if answer.session is None:
        return
    own = Speech(answer.lang, "conversation")
    offers = [own.say("offer", label=choice.label) for choice in answer.choices if choice.kind in (NARROW, WIDEN)]
    said = [own.say("more_waiting", n=answer.more)] if answer.more else []
    said += [own.say("offers", choices=own.say("between_offers").join(offers))] if offers else []
    yield from ("", *said) if said else ()


def as_json(answer: Answer, *, explain: bool = False) -> dict[str, Any]:
    """The answer as the documented contract (docs/json-contract.md), with how it came about if wanted."""
    speech = Speech(answer.lang)
    return {
        "question": answer.question,
        "lang": answer.lang,
        "status": answer.status,
        "text": text(answer),
        "items": [_in_script(speech, card.as_dict()) for card in answer.cards],
        "figures": [_in_script(speech, figure.as_dict()) for figure in answer.figures],
        "took_ms": answer.took_ms,
        "resolved": answer.resolved,
        "more": answer.more,
        "choices": [_in_script(speech, choice.as_dict()) for choice in answer.choices],
        **({"session": answer.session} if answer.session is not None else {}),
        **({"table": _in_script(speech, answer.table.as_dict())} if answer.table else {}),
        **({"explain": explanation.as_dict(answer)} if explain else {}),
    }


def _in_script(speech: Speech, value: Any, key: str = "") -> Any:
    """Every text in the reader's script, but for the names as they stand on record and for links."""
    if isinstance(value, dict):
        return {name: _in_script(speech, inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_in_script(speech, inner, key) for inner in value]
    return speech.script(value) if isinstance(value, str) and key not in ("id", "name_zh", "name_en", "url") else value


def _lines(speech: Speech, block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield f"  {block.text}" if block.role == "step" else block.text
    elif isinstance(block, Figure):
        yield from figure_lines(speech, block)
    elif isinstance(block, Table):
        yield from table_lines(speech, block)
    else:
        yield from card_lines(speech, block)


def card_lines(speech: Speech, card: Card) -> Iterator[str]:
    """A card as lines: its name, what is known, how to reach them, where it is from."""
    yield ""
    yield f"■ {heading(speech, card)}"
    for label, said in card.lines:
        yield "  " + speech.say("labelled", label=label, text=said)
    if card.contact:
        yield "  " + speech.say("labelled", label=speech.say("contact"), text=card.contact)
    yield from source_lines(speech, card.sources)


def table_lines(speech: Speech, table: Table) -> Iterator[str]:
    """A comparison as lines: each thing that is compared, with what every record says of it."""
    for label, cells in table.rows:
        yield ""
        yield label
        for name, cell in zip(table.names, cells, strict=True):
            yield "  " + speech.say("labelled", label=name, text=cell)


def heading(speech: Speech, card: Card) -> str:
    """The name, with the original beside it; a name that is our translation says so."""
    if not card.original:
        return card.title
    return speech.say("name_translated" if card.translated else "name_and_original", name=card.title, original=card.original)


def figure_lines(speech: Speech, figure: Figure) -> Iterator[str]:
    """A figure as one line with scope and date, its note, its source; an earlier one in a line altogether."""
    if figure.earlier:
        yield "• " + earlier_text(speech, figure)
        return
    if figure.as_of:
        date = PartialDate.parse(figure.as_of).spoken(speech.base)
        yield "• " + speech.say("figure_line", value=figure.shown, scope=figure.scope, date=date)
    else:
        yield "• " + speech.say("figure_undated", value=figure.shown, scope=figure.scope)
    if figure.note:
        yield f"  {figure.note}"
    if figure.source:
        yield from source_lines(speech, (figure.source,))


def earlier_text(speech: Speech, figure: Figure) -> str:
    """A figure that only stands beside the one that answers: value, date and who says so."""
    date = PartialDate.parse(figure.as_of).spoken(speech.base) if figure.as_of else speech.say("undated")
    if figure.source is None:
        return speech.say("figure_earlier_unsourced", value=figure.shown, date=date)
    source = figure.source.publisher or figure.source.title
    return speech.say("figure_earlier", value=figure.shown, date=date, source=source)


def source_lines(speech: Speech, sources: tuple[Cited, ...]) -> Iterator[str]:
    """The sources: title, publisher, date, link."""
    for source in sources[:3]:
        yield "  " + speech.say("labelled", label=speech.say("source"), text=source_text(speech, source))


def source_text(speech: Speech, source: Cited) -> str:
    """A source in one line."""
    date = PartialDate.parse(source.date).spoken(speech.base) if source.date else None
    publisher = source.publisher if source.publisher != source.title else None
    parts = [source.title, publisher, date, source.url]
    return (", " if speech.base == "en" else "，").join(part for part in parts if part)
