"""What can be wrong with the settings of a model, told when it is opened. At question time nothing of a model is an error."""

from __future__ import annotations

from bot.errors import BotError


class ModelMissing(BotError):
    """The package of the model's provider is not installed, or the provider is not known; the message names what to do."""
