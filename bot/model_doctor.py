"""What the doctor says of the language model: which one, its package, whether there is a key, its limits, whether it answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bot.speech import Speech

if TYPE_CHECKING:
    from bot.shell import Shell

# Where client libraries look for a key when none is set with us.
_VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


def examined(shell: Shell, *, deep: bool) -> tuple[bool, str, str | None]:
    """Whether all is well, what was found, and the command that mends it. Only ``deep`` asks the model, one short question."""
    settings = shell.settings
    if settings.model is None:
        return True, shell.say("model_not_set"), None
    from bot.model import providers

    package = providers.lost(settings.model)
    if package is not None:
        return False, shell.say("model_lost", model=settings.model, package=package), providers.install(settings.model)
    has_key, key = _key(shell, settings.model.partition(":")[0])
    works, tried = _tried(shell) if deep and has_key else (True, shell.say("model_untried"))
    limits = [settings.model_tokens_a_day, settings.model_tokens_a_user]
    day, user = (f"{limit:,}" if limit else shell.say("model_no_limit") for limit in limits)
    jobs = [shell.label("model_jobs", job) for job in sorted(settings.model_jobs)] or [shell.label("model_jobs", "none")]
    text = shell.say(
        "model_set",
        model=settings.model,
        access=key,
        jobs=Speech(shell.speech.lang).join(jobs),
        timeout=f"{settings.model_timeout:g}",
        places=settings.model_concurrency,
        day=day,
        user=user,
        tried=tried,
    )
    return has_key and works, text, None


def _key(shell: Shell, provider: str) -> tuple[bool, str]:
    """Whether there is a key where one is needed, and where it is set; never the key."""
    settings, variable = shell.settings, _VARIABLES.get(provider, "")
    if settings.model_key is not None:
        return True, shell.label("model_key", "own")
    if os.environ.get(variable):
        return True, shell.label("model_key", "provider").format(name=variable)
    needed = variable and settings.model_url is None
    return not needed, shell.label("model_key", "lost" if needed else "needless")


def _tried(shell: Shell) -> tuple[bool, str]:
    from bot.model import trial
    from bot.model.health import ModelFailed

    try:
        seconds = trial.tried(shell.settings)
    except ModelFailed as error:
        reason = shell.label("model_reasons", error.kind).format(seconds=f"{trial.patience(shell.settings):g}")
        return False, shell.say("model_fails", reason=reason)
    return True, shell.say("model_answers", seconds=f"{seconds:.1f}")
