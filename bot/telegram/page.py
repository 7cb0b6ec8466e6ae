"""An answer as it is read on a phone: HTML that Telegram takes, in messages that are never too long nor cut inside a tag."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.render import earlier_text, heading
from bot.speech import Speech
from bot.values import Answer, Card, Cited, Figure, Table, Text
from knowledge.dates import PartialDate

LIMIT = 4096  # UTF-16 units of a message
CAPTION = 1024  # UTF-16 units of a picture's caption
CARDS = 3  # of a list, on one screen
_SEAM = "\x1e"  # where a long text may be broken; taken out where it is not
_PIECE = 800  # units; five times as long when every sign has to be escaped, which still fits
_TITLE, _PUBLISHER, _URL = 300, 200, 800  # characters
_SHORT = 40  # characters that may be read twice
_ROOM, _FIRST = 1200, 3  # letters that a card on its own takes up, and lines that it has in any case
_SUMMARY, _ORIGINAL, _LEAD = 150, 36, 900  # characters; a lead of a model's has five sentences at most
_TAG = re.compile(r"</?[a-z]+(?: [^<>]*)?>")
_ADDRESS = re.compile(r'<a href="[^"]*">')
_BREAK = re.compile(r"(?<=[。！？；])|(?<=[.!?;]) |\s")
_LINK = re.compile(r"https?://[^\s<>\"]+")

# What a list shows of a card: the lines under these labels, without them.
_BRIEF: Mapping[str, tuple[str, ...]] = {
    "organisation": ("about", "place"),
    "person": ("role",),
    "event": ("when", "where"),
    "programme": ("about", "how_to_join"),
    "article": ("dated",),
}
_LISTING = ("what_it_does", "facts")


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escape(text: str) -> str:
    """Text that HTML takes for nothing else, without signs that no message can hold."""
    return html.escape("".join(char for char in text if char >= " " or char in "\n\t"), quote=False)


def plain(markup: str) -> str:
    """The same without any formatting, for when Telegram refuses it; a link stands after its text."""
    linked = re.sub(r'<a href="([^"]*)">(.*?)</a>', r"\2 (\1)", markup)
    return html.unescape(_TAG.sub("", linked))


def link(url: str | None, text: str) -> str:
    """A link to click on, or the text alone where it leads nowhere on the web."""
    said = escape(text)
    if not url or len(url) > _URL or not _LINK.fullmatch(url):
        return said
    return f'<a href="{html.escape(url)}">{said}</a>'


def pages(chunks: Iterable[str], limit: int = LIMIT) -> list[str]:
    """The chunks in messages, a blank line between them; one that would not fit into a message is broken at its lines."""
    done: list[str] = []
    for chunk in chunks:
        for part in _lines_that_fit(chunk, limit):
            if done and units(done[-1]) + 2 + units(part) <= limit:
                done[-1] += "\n\n" + part
            else:
                done.append(part)
    return done


def _lines_that_fit(chunk: str, limit: int) -> Iterator[str]:
    if units(chunk) <= limit:
        yield chunk.replace(_SEAM, "")
        return
    held, parts = "", re.split(f"(\n|{_SEAM})", chunk)
    for line, joint in zip(parts[::2], [*parts[1::2], ""], strict=True):
        if held and units(held) + units(line) > limit:
            yield held.rstrip("\n")
            held = ""
        held += line + joint.replace(_SEAM, "")
    yield held


def paragraphs(text: str, form: str = "{}") -> str:
    """A text as HTML in pieces short enough to be messages of their own; ``form`` is put around each."""
    return "\n".join(_SEAM.join(form.format(escape(piece)) for piece in _pieces(line)) for line in text.split("\n"))


def _pieces(text: str) -> Iterator[str]:
    while units(text) > _PIECE:
        cut = max((found.end() for found in _BREAK.finditer(text[:_PIECE])), default=_PIECE)
        # Half of a character outside the basic plane is none.
        while units(text[:cut]) > _PIECE:
            cut -= 1
        yield text[:cut]
        text = text[cut:]
    yield text


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning up to a word's end."""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    space = cut.rfind(" ")
    return (cut[:space] if space > longest // 2 else cut).rstrip(" ,.;，。；、") + " …"


def screen(answer: Answer) -> list[str]:
    """The messages of an answer: what leads, then the cards, in short where there are several, then notes."""
    speech = Speech(answer.lang)
    cards = answer.cards if len(answer.cards) > 1 else []
    told = _told(answer)
    numbers = {id(card): number for number, card in enumerate(cards, answer.skip + 1)}
    chunks = []
    for block in answer.blocks:
        if isinstance(block, Card):
            chunks.append(brief(speech, block, numbers[id(block)]) if cards else alone(speech, block, told))
        elif isinstance(block, Figure):
            chunks.append(figure(speech, block))
        elif isinstance(block, Table):
            chunks += compared(speech, block)
        else:
            chunks.append(_text(speech, block, cards))
    return pages(_joined(chunks))


def compared(speech: Speech, table: Table) -> list[str]:
    """Records side by side, on a phone one under the other."""
    chunks = []
    for number, name in enumerate(table.names):
        lines = [_title(speech, name)]
        lines += [_labelled(speech, label, shortened(cells[number], _SUMMARY)) for label, cells in table.rows]
        chunks.append("\n".join(lines))
    return chunks


def _joined(chunks: Sequence[str]) -> Iterator[str]:
    """Steps stand under each other, everything else apart."""
    held = ""
    for chunk in chunks:
        if held and chunk.startswith("• ") and units(held) + units(chunk) < LIMIT:
            held += "\n" + chunk
        else:
            if held:
                yield held
            held = chunk
    if held:
        yield held


def _text(speech: Speech, block: Text, cards: Sequence[Card]) -> str:
    text = speech.script(lead_alone(speech, block.text, cards) if block.role == "lead" else block.text)
    if block.role == "step":
        return paragraphs("• " + text)
    return paragraphs(text, "<i>{}</i>" if block.role == "note" else "{}")


def lead_alone(speech: Speech, lead: str, cards: Sequence[Card]) -> str:
    """The lead of a list without the names in it, since the cards below have them; on a phone they would be read twice."""
    if not cards:
        return lead
    names = speech.join([card.title for card in cards])
    colon = speech.say("labelled", label="", text="").rstrip()
    before, found, after = lead.partition(names)
    if found and before.rstrip().endswith(colon):
        return before.rstrip().removesuffix(colon) + (after.strip() or speech.names("sentence")["end"])
    return shortened(lead, _LEAD)


def brief(speech: Speech, card: Card, number: int) -> str:
    """A card in a list: name, what it is in a line, who and where, how to reach them, one source."""
    lines = [_title(speech, f"{number}. {_name(speech, card)}")]
    labels = {speech.say(key): key for key in _BRIEF.get(card.kind, _LISTING)}
    told = {labels[label]: text for label, text in reversed(card.lines) if label in labels}
    for key in _BRIEF.get(card.kind, _LISTING):
        if key in told:
            lines.append(escape(speech.script(shortened(told[key], _SUMMARY))))
    if card.contact:
        lines.append("☎ " + contact(speech, card.contact))
    lines += ["🔗 " + source(speech, cited) for cited in card.sources[:1]]
    return "\n".join(lines)


def _title(speech: Speech, text: str) -> str:
    return f"<b>{escape(speech.script(shortened(' '.join(text.split()), _TITLE)))}</b>"


def _name(speech: Speech, card: Card) -> str:
    short = card.original and len(card.original) <= _ORIGINAL and not card.translated
    return heading(speech, card) if short else card.title


def full(speech: Speech, card: Card) -> str:
    """A card with all that it says."""
    return "\n".join([*_head(speech, card, ""), *_foot(speech, card, "")])


def alone(speech: Speech, card: Card, told: str) -> str:
    """A card on its own, without what was ``told`` above it already: as many of its lines as a screen has room for."""
    head, foot = _head(speech, card, told), _foot(speech, card, told)
    room = _ROOM - sum(map(_width, foot))
    kept = [line for number, line in enumerate(head) if number < _FIRST or sum(map(_width, head[: number + 1])) <= room]
    return "\n".join([*kept, *(["…"] if len(kept) < len(head) else []), *foot])


def _width(line: str) -> int:
    """How much of a screen a line takes up: a Chinese character is as wide as two letters, and a link's address is not seen."""
    said = plain(_ADDRESS.sub("", line))
    return sum(2 if char >= "\u2e80" else 1 for char in said)


def is_cut(answer: Answer) -> bool:
    """Whether the one card of an answer has more to say than a screen has room for."""
    speech, told = Speech(answer.lang), _told(answer)
    return len(answer.cards) == 1 and "\n…\n" in alone(speech, answer.cards[0], told) + "\n"


def _told(answer: Answer) -> str:
    return "\n".join(block.text for block in answer.blocks if isinstance(block, Text))


def _head(speech: Speech, card: Card, told: str) -> list[str]:
    new = [(label, text) for label, text in card.lines if len(text) < _SHORT or text not in told]
    return [_title(speech, heading(speech, card)), *(_labelled(speech, label, text) for label, text in new)]


def _foot(speech: Speech, card: Card, told: str) -> list[str]:
    reached = card.contact and card.contact not in told
    lines = [_labelled(speech, speech.say("contact"), card.contact)] if card.contact and reached else []
    return lines + ["🔗 " + source(speech, cited) for cited in card.sources[:3]]


def _labelled(speech: Speech, label: str, text: str) -> str:
    said = paragraphs(speech.script(text))
    return speech.say("labelled", label=f"<b>{escape(speech.script(label))}</b>", text="\x00").replace("\x00", said)


def contact(speech: Speech, text: str) -> str:
    """How to reach someone; addresses in it are links by themselves."""
    return paragraphs(speech.script(text))


def source(speech: Speech, cited: Cited) -> str:
    """A source in a line: its title leads to it, publisher and date follow."""
    date = PartialDate.parse(cited.date).spoken(speech.base) if cited.date else None
    publisher = cited.publisher if cited.publisher != cited.title else None
    parts = [link(cited.url, speech.script(shortened(" ".join(cited.title.split()), _TITLE)))]
    parts += [escape(speech.script(shortened(part, _PUBLISHER))) for part in (publisher, date) if part]
    return (", " if speech.base == "en" else "，").join(parts)


def figure(speech: Speech, shown: Figure) -> str:
    """A figure: value, scope and date in one line, then its note and source; an earlier one in a line altogether."""
    if shown.earlier:
        return paragraphs(speech.script("• " + earlier_text(speech, shown)))
    key = "figure_line" if shown.as_of else "figure_undated"
    date = PartialDate.parse(shown.as_of).spoken(speech.base) if shown.as_of else ""
    said = speech.say(key, value="\x00", scope=shown.scope, date=date)
    lines = ["• " + _bold_value(speech, said, shown.shown)]
    if shown.note:
        lines.append(paragraphs(speech.script(shown.note), "<i>{}</i>"))
    if shown.source:
        lines.append("🔗 " + source(speech, shown.source))
    return "\n".join(lines)


def _bold_value(speech: Speech, said: str, value: str) -> str:
    before, _, after = said.partition("\x00")
    return f"{escape(speech.script(before))}<b>{escape(speech.script(value))}</b>{escape(speech.script(after))}"


def contacts(answer: Answer) -> list[str]:
    """How to reach those behind the cards."""
    speech = Speech(answer.lang)
    chunks = [
        f"{_title(speech, f'{number}. {card.title}')}\n☎ {contact(speech, card.contact)}"
        for number, card in enumerate(answer.cards, answer.skip + 1)
        if card.contact
    ]
    return pages(chunks)


def sources(answer: Answer) -> list[str]:
    """The sources of the cards and figures."""
    speech = Speech(answer.lang)
    chunks = []
    for number, card in enumerate(answer.cards, answer.skip + 1):
        listed = "\n".join("🔗 " + source(speech, cited) for cited in card.sources)
        if listed:
            chunks.append(f"{_title(speech, f'{number}. {card.title}')}\n{listed}")
    cited = dict.fromkeys(each.source for each in answer.figures if each.source)
    chunks += ["🔗 " + source(speech, each) for each in cited]
    return pages(chunks)
