"""The staff's desk at the command line: who may use it, and the words it speaks."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass

from bot.errors import BadInput
from bot.shell import Shell
from bot.speech import Speech
from bot.staff.identity import COMMAND_LINE, Staff


class NotStaff(BadInput):
    """Someone asked for a staff function who is not staff, or gave no token."""


@dataclass(frozen=True)
class Desk:
    """One run of a staff command."""

    shell: Shell
    speech: Speech

    @classmethod
    def open(cls) -> Desk:
        """Let staff in; anyone else is refused with :class:`NotStaff`."""
        shell = Shell.start()
        desk = cls(shell, Speech(shell.speech.lang, "staff"))
        staff = Staff.of(shell.settings)
        if staff.token_needed and not staff.is_staff(COMMAND_LINE, desk.token()):
            raise NotStaff(refusal(shell.speech.lang))
        return desk

    def token(self) -> str:
        """The token that is set, or typed unseen."""
        if self.shell.settings.staff_token is not None:
            return self.shell.settings.staff_token.get_secret_value()
        if not sys.stdin.isatty():
            raise NotStaff(self.say("token_wanted"))
        return getpass.getpass(self.say("token_prompt"))

    def say(self, key: str, **values: object) -> str:
        """A message in the reader's script."""
        return self.speech.script(self.speech.say(key, **values))

    def label(self, table: str, key: str) -> str:
        """The word for a status, a channel or the like; one that has no word is shown as it is."""
        return self.speech.script(self.speech.names(table).get(key, key))

    def line(self, text: str) -> None:
        """Print a line."""
        self.shell.line(text)


def refusal(lang: str) -> str:
    """What anyone else is told, in every channel."""
    speech = Speech(lang, "staff")
    return speech.script(speech.say("staff_only"))
