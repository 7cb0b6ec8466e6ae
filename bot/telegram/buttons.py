"""The buttons under a reply. What one says to us is ``verb:key:argument``, in 64 bytes at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.speech import Speech
from bot.telegram.page import CARDS, is_cut, shortened
from bot.values import MEANING, NOT_FOUND, Answer

LONGEST = 64  # bytes
PAGE, DETAIL, CONTACT, SOURCES, CHOICE, OTHER, UP, DOWN, TELL = "m", "d", "k", "s", "c", "l", "u", "n", "t"
EXAMPLE, LANGUAGE, SECTOR, METRIC, EVENT, DELETE, LOGGING, SHOW = "x", "g", "a", "f", "e", "z", "p", "o"
_CHIPS, _LABEL = 6, 34
Rows = list[list[InlineKeyboardButton]]


@dataclass(frozen=True)
class Pressed:
    """What a button said."""

    verb: str
    key: str
    argument: str

    @property
    def number(self) -> int:
        """The argument as a number, 0 where it is none."""
        said = self.argument
        return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0

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


def under(answer: Answer, key: str, *, share: str | None, logged: bool) -> InlineKeyboardMarkup | None:
    """The buttons of a reply. ``share`` is the link that passes it on; ``logged`` whether feedback has somewhere to go."""
    speech = Speech(answer.lang, "telegram")
    rows: Rows = []
    if len(answer.cards) > 1:
        rows += _list(speech, answer, key)
    elif is_cut(answer):
        rows.append([button(_say(speech, "button_all"), DETAIL, key, f"{answer.skip}.0")])
    elif answer.figures:
        rows.append([button(_say(speech, "button_sources"), SOURCES, key)])
    rows += _choices(speech, answer, key)
    if answer.status == NOT_FOUND and logged:
        rows.append([button(_say(speech, "button_tell"), TELL, key)])
    last = [button("👍", UP, key), button("👎", DOWN, key)] if logged else []
    last.append(button(_say(speech, "button_other"), OTHER, key))
    if share:
        last.append(InlineKeyboardButton(_say(speech, "button_share"), url=share))
    return InlineKeyboardMarkup([*rows, last])


def _list(speech: Speech, answer: Answer, key: str) -> Rows:
    """Of a list: details of each card, the pages before and behind, contacts and sources of this one."""
    first = answer.skip + 1
    details = [
        button(_say(speech, "button_detail", n=first + n), DETAIL, key, f"{answer.skip}.{n}") for n in range(len(answer.cards))
    ]
    turn = []
    if answer.skip:
        turn.append(button(_say(speech, "button_back"), PAGE, key, max(0, answer.skip - CARDS)))
    if answer.more:
        turn.append(button(_say(speech, "button_more", n=answer.more), PAGE, key, answer.skip + len(answer.cards)))
    ask = [button(_say(speech, "button_contact"), CONTACT, key, answer.skip)] if any(c.contact for c in answer.cards) else []
    ask.append(button(_say(speech, "button_sources"), SOURCES, key, answer.skip))
    return [row for row in (*in_rows(details, 5), turn, ask) if row]


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
