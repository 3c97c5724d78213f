"""The conjunction of two JSON schemas as one schema, which is what ``allOf`` means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..wire import json_codec

Schema = dict[str, Any]

#: The member under which a conjunction keeps a second value of a keyword, as pairs of name and value.
ALSO = "\0also"
#: Of two, the one that stands outside is meant for the reader.
_OUTER = frozenset({"title", "default", "examples", "deprecated", "$schema", "$id", "$comment", "$defs"})


class Impossible(Exception):
    """No value is allowed by both."""


def both(one: Schema, other: Schema) -> Schema:
    """A schema of the values that both allow; ``one`` stands outside, so its title and default are kept.

    Raises:
        Impossible: there is no such value.
    """
    result = dict(one)
    for name, value in other.items():
        if name not in one or one[name] == value:
            result[name] = value
        elif name in _HOW:
            result[name] = _HOW[name](one[name], value)
        elif name == ALSO:
            result[ALSO] = [*one[ALSO], *value]
        elif name not in _OUTER and name != "additionalProperties":
            result[ALSO] = [*result.get(ALSO, ()), (name, value)]
    _close(result, one, other)
    return result


def _close(result: Schema, one: Schema, other: Schema) -> None:
    """What one says of further properties holds for the other's."""
    members: Schema = dict(result.get("properties") or {})
    for first, second in ((one, other), (other, one)):
        more = first.get("additionalProperties", True)
        if more is True:
            continue
        for name in cast("Schema", second.get("properties") or {}):
            if name in (first.get("properties") or {}) or name not in members:
                continue
            if more is not False:
                members[name] = {"allOf": [members[name], more]}
            elif name in (result.get("required") or ()):
                raise Impossible
            else:
                del members[name]
    if "properties" in result:
        result["properties"] = members
    ends = [schema["additionalProperties"] for schema in (one, other) if "additionalProperties" in schema]
    ends = [end for end in ends if end is not True] or ends
    if False in ends:
        result["additionalProperties"] = False
    elif len(ends) == 2:
        result["additionalProperties"] = {"allOf": ends}
    elif ends:
        result["additionalProperties"] = ends[0]


def _properties(one: Schema, other: Schema) -> Schema:
    shared = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
    return {**one, **other, **shared}


def _required(one: list[str], other: list[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))


def _types(one: Any, other: Any) -> Any:
    first, second = ([kind] if isinstance(kind, str) else cast("list[str]", kind) for kind in (one, other))
    kinds = [kind for kind in first if kind in second]
    for wide, narrow in ((first, second), (second, first)):
        if "number" in wide and "integer" in narrow and not {"integer", "number"}.intersection(kinds):
            kinds.append("integer")
    if not kinds:
        raise Impossible
    return kinds[0] if len(kinds) == 1 else kinds


def _enum(one: list[Any], other: list[Any]) -> list[Any]:
    known = {json_codec.dumps(choice) for choice in other}
    left = [choice for choice in one if json_codec.dumps(choice) in known]
    if not left:
        raise Impossible
    return left


def _const(one: Any, other: Any) -> Any:
    raise Impossible  # they differ, else nobody had asked


def _items(one: Any, other: Any) -> Any:
    return {"allOf": [one, other]}  # where one is no schema but a boolean, it is refused in its turn


def _forms(one: list[Any], other: list[Any]) -> list[Any]:
    return [{"allOf": [first, second]} for first in one for second in other]


def _description(one: str, other: str) -> str:
    return f"{one} {other}"


_HOW: Mapping[str, Any] = {
    "anyOf": _forms,
    "const": _const,
    "description": _description,
    "enum": _enum,
    "items": _items,
    "oneOf": _forms,
    "properties": _properties,
    "required": _required,
    "type": _types,
}
