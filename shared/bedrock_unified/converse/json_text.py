"""The JSON object in a model's text: alone, in a code fence, behind some words, or as far as it has come."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from ..wire import json_codec

_FENCE = re.compile(r"```[a-zA-Z]*[ \t]*\n?(.*?)```", re.DOTALL)
_THOUGHT = re.compile(r"<(think|thinking)>.*?(</\1>|\Z)", re.DOTALL)
#: Braces that are tried as the beginning of an object, so that a text of braces costs no quadratic time.
_TRIES = 20


def find_object(text: str) -> dict[str, Any] | None:
    """The object that a text holds, None if it holds none that is whole.

    Thoughts in tags (``<thinking>``) are passed over; a text that is JSON wins over a fence, a fence over the
    first object among words.
    """
    text = _THOUGHT.sub("", text)
    for candidate in (text, *(match.group(1) for match in _FENCE.finditer(text))):
        try:
            found = json_codec.loads(candidate.strip())
        except ValueError:
            continue
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
    decoder = json.JSONDecoder(parse_constant=_refuse)
    start = text.find("{")
    for _ in range(_TRIES):
        if start < 0:
            return None
        try:
            found, _end = decoder.raw_decode(text, start)
        except ValueError:
            start = text.find("{", start + 1)
            continue
        return cast("dict[str, Any]", found)
    return None


def find_partial_object(text: str) -> dict[str, Any] | None:
    """The object that a text has begun; None before its first brace."""
    text = _THOUGHT.sub("", text)
    start = text.find("{")
    if start < 0:
        return None
    found = partial_object(text[start:])
    return find_object(text[start:]) if found is None else found  # words may follow it


def partial_object(given: Any) -> dict[str, Any] | None:
    """The object that JSON text begins; an object as it is; None of anything else."""
    if isinstance(given, Mapping):
        return dict(cast("Mapping[str, Any]", given))
    if not isinstance(given, str) or not given.strip():
        return None
    from pydantic_core import from_json  # pydantic is loaded where it is needed

    try:
        found = from_json(given, allow_partial="trailing-strings")
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
