"""JSON that is asked for in words: a schema in the prompt, or the names of an object's keys."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from .reading import Reading

_SCHEMA = re.compile(r"\bschema\b[^{}]{0,80}(?=\{)", re.IGNORECASE)
_KEYS = re.compile(
    r"\bJSON\b[^.{}]{0,80}?\b(?:keys?|fields?|properties)\b[: ]*(?P<names>[^.\n{}]{1,300})", re.IGNORECASE
)
_NAME = re.compile(r"[\"'`](?P<name>\w{1,64})[\"'`]")


@dataclass(frozen=True)
class Wanted:
    """An object that words ask for: its schema, and the request without it."""

    schema: dict[str, Any]
    request: str


def asked_in_words(reading: Reading) -> Wanted | None:
    """What the system prompt or the turn says of the JSON it wants; None where it wants none.

    Of several schemas it is the last: prompts show an example first.
    """
    for text in (reading.instructions, reading.request):
        found = [read for match in _SCHEMA.finditer(text) if (read := _object_at(text, match.end()))]
        if found:
            schema, written = found[-1]
            return Wanted(schema, reading.request.replace(written, " "))
    for text in (reading.question, reading.instructions):
        if keys := _KEYS.search(text):
            names = [match["name"] for match in _NAME.finditer(keys["names"])]
            if names:
                properties = {name: {"type": "string"} for name in names}
                return Wanted(
                    {"type": "object", "properties": properties, "required": names}, reading.request
                )
    return None


def _object_at(text: str, start: int) -> tuple[dict[str, Any], str] | None:
    rest = text[start:]
    doubled = rest.startswith("{{")  # as a template that was never filled in leaves its braces
    try:
        value, length = json.JSONDecoder().raw_decode(_single(rest) if doubled else rest)
    except ValueError:
        return None  # a brace of something else
    if not isinstance(value, dict) or "properties" not in value:
        return None
    written = _single(rest)[:length] if doubled else rest[:length]
    return cast("dict[str, Any]", value), _double(written) if doubled else written


def _single(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _double(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
