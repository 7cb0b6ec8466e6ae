"""The buttons under a reply. What one says to us is ``verb:key:argument``, in 64 bytes at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.speech import Speech
from bot.telegram.page import CARDS, shortened
from bot.values import MEANING, NOT_FOUND, Answer

LONGEST = 64  # bytes
PAGE, DETAIL, CONTACT, SOURCES, CHOICE, OTHER, UP, DOWN, TELL = "m", "d", "k", "s", "c", "l", "u", "n", "t"
EXAMPLE, LANGUAGE, SECTOR, METRIC, EVENT, DELETE, LOGGING, SHOW = "x", "g", "a", "f", "e", "z", "p", "o"
_CHIPS, _LABEL = 6, 34
Rows = list[list[InlineKeyboardButton]]


@dataclass(frozen=True)
class Place:
    """Where a screen stands: ``skip`` finds were left out before the answer began, ``at`` of its cards before the screen."""

    skip: int = 0
    at: int = 0

    @classmethod
    def read(cls, said: str) -> Place:
        """The place as a button has it."""
        skip, _, at = said.partition(".")
        return cls(*(min(int(part), 10_000) if part.isascii() and part.isdigit() else 0 for part in (skip, at)))

    def __str__(self) -> str:
        return f"{self.skip}.{self.at}"


@dataclass(frozen=True)
class Pressed:
    """What a button said."""

    verb: str
    key: str
    argument: str

    @classmethod
    def read(cls, data: str) -> Pressed:
        """The parts of a button's data."""
        verb, key, argument = [*data.split(":", 2), "", ""][:3]
        return cls(verb, key, argument)


def data(verb: str, key: str = "", argument: object = "") -> str:
    """What a button says; ValueError when Telegram would not take it."""
    said = f"{verb}:{key}:{argument}"
    if len(said.encode()) > LONGEST:
        raise ValueError(f"a button's data has at most {LONGEST} bytes: {said!r}")
    return said


def button(label: str, verb: str, key: str = "", argument: object = "") -> InlineKeyboardButton:
    """A button that says something to us."""
    return InlineKeyboardButton(label, callback_data=data(verb, key, argument))


def under(answer: Answer, key: str, place: Place, *, share: str | None, logged: bool) -> InlineKeyboardMarkup | None:
    """The buttons of a reply. ``share`` is the link that passes it on; ``logged`` whether feedback has somewhere to go."""
    speech = Speech(answer.lang, "telegram")
    rows: Rows = []
    if len(answer.cards) > 1:
        rows += _list(speech, answer, key, place)
    elif answer.figures:
        rows.append([button(_say(speech, "button_sources"), SOURCES, key, place)])
    rows += _choices(speech, answer, key)
    if answer.status == NOT_FOUND and logged:
        rows.append([button(_say(speech, "button_tell"), TELL, key)])
    last = [button("👍", UP, key), button("👎", DOWN, key)] if logged else []
    last.append(button(_say(speech, "button_other"), OTHER, key))
    if share:
        last.append(InlineKeyboardButton(_say(speech, "button_share"), url=share))
    return InlineKeyboardMarkup([*rows, last])


def _list(speech: Speech, answer: Answer, key: str, place: Place) -> Rows:
    shown = answer.cards[place.at : place.at + CARDS]
    first = place.skip + place.at + 1
    details = [
        button(_say(speech, "button_detail", n=first + n), DETAIL, key, f"{place.skip}.{place.at + n}") for n in range(len(shown))
    ]
    turn = []
    if before := _before(place):
        turn.append(button(_say(speech, "button_back"), PAGE, key, before))
    behind = len(answer.cards) - place.at - len(shown)
    if behind + answer.more > 0:
        after = Place(place.skip, place.at + CARDS) if behind > 0 else Place(place.skip + len(answer.cards), 0)
        turn.append(button(_say(speech, "button_more", n=behind + answer.more), PAGE, key, after))
    ask = [
        button(_say(speech, "button_contact"), CONTACT, key, place),
        button(_say(speech, "button_sources"), SOURCES, key, place),
    ]
    return [row for row in (details, turn, ask) if row]


def _before(place: Place) -> Place | None:
    if place.at:
        return Place(place.skip, max(0, place.at - CARDS))
    return Place(max(0, place.skip - CARDS), 0) if place.skip else None


def _choices(speech: Speech, answer: Answer, key: str) -> Rows:
    """Which of several was meant: a row each. What narrows or widens: chips, two in a row."""
    meant: Rows = []
    chips: list[InlineKeyboardButton] = []
    for number, choice in enumerate(answer.choices[:_CHIPS]):
        label = speech.script(shortened(choice.label, _LABEL))
        row = [button(label, CHOICE, key, number)]
        if choice.kind == MEANING:
            meant.append(row)
        else:
            chips += row
    return meant + in_rows(chips, 2)


def in_rows(each: Sequence[InlineKeyboardButton], width: int) -> Rows:
    """Buttons side by side."""
    return [list(each[start : start + width]) for start in range(0, len(each), width)]


def keyboard(rows: Iterable[Sequence[InlineKeyboardButton]]) -> InlineKeyboardMarkup:
    """Rows of buttons as a message has them."""
    return InlineKeyboardMarkup([list(row) for row in rows])


def _say(speech: Speech, key: str, **values: object) -> str:
    return speech.script(speech.say(key, **values))
