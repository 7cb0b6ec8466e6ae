"""Structured replies: the JSON object in what a model sent, as a value that has the fields it should."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.model.health import ModelFailed

M = TypeVar("M", bound=BaseModel)
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)


def read(model: type[M], text: str) -> M:
    """The object that a reply holds, fenced or with words around it; :class:`ModelFailed` when there is none that fits."""
    plain = _THOUGHT.sub("", text)
    begin, end = plain.find("{"), plain.rfind("}")
    if begin < 0 or end < begin:
        raise ModelFailed("empty" if not plain.strip() else "garbled")
    try:
        return model.model_validate(json.loads(plain[begin : end + 1]))
    except (ValueError, ValidationError, RecursionError) as error:
        raise ModelFailed("garbled", type(error).__name__) from None
