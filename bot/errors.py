"""Everything that can go wrong while talking to a person, besides what the knowledge base and retrieval report.

BotError
└── BadInput     what was handed in cannot be read; the message says what was met and what to write instead
"""


class BotError(Exception):
    """Base of the bot's own errors."""


class BadInput(BotError):
    """A file or line that cannot be read as questions."""
