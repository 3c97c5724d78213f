"""What Bedrock says to a native body that is not as its model wants it.

The wording is that of the answers to Titan's bodies (``wire/FACTS.md``); that other embedding families are
refused in the same words is inferred.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from bedrock_unified.wire import json_codec

from ..problems import Problem, invalid

_TYPE_NAMES: dict[type[Any], str] = {
    str: "String",
    int: "Integer",
    bool: "Boolean",
    list: "JSONArray",
    dict: "JSONObject",
}


def checked_body(body: bytes, members: Mapping[str, type[Any]]) -> dict[str, Any]:
    """The members of a body, each of its type; raises AWS's ValidationException."""
    try:
        value: Any = json_codec.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    return checked_members(cast("dict[str, Any]", value), members)


def checked_members(given: dict[str, Any], members: Mapping[str, type[Any]], at: str = "#") -> dict[str, Any]:
    """The same for an object inside of a body; ``at`` is its JSON pointer."""
    for name, item in given.items():
        wanted = members.get(name)
        if wanted is None:
            raise malformed(f"{at}: extraneous key [{name}] is not permitted")
        if not isinstance(item, wanted) or (wanted is int and isinstance(item, bool)):
            raise malformed(f"{at}/{name}: expected type: {_TYPE_NAMES[wanted]}, found: {_found(item)}")
    return given


def needed(given: Mapping[str, Any], name: str, at: str = "#") -> Any:
    """A member that must be there."""
    if name not in given:
        raise malformed(f"{at}: required key [{name}] not found")
    return given[name]


def one_of(value: Any, choices: Collection[Any], at: str) -> Any:
    """A value that must be among the known ones."""
    if value not in choices:
        raise malformed(f"{at}: {value} is not a valid enum value")
    return value


def malformed(detail: str) -> Problem:
    """The ValidationException of a body that breaks its model's schema."""
    return invalid(f"Malformed input request: {detail}, please reformat your input and try again.")


def _found(value: Any) -> str:
    if value is None:
        return "Null"
    return _TYPE_NAMES.get(cast("type[Any]", type(value)), "Number")
