"""The JSON types that a schema speaks of."""

from __future__ import annotations

from typing import Any, cast

Schema = dict[str, Any]


def kinds_of(schema: Schema) -> list[str]:
    """The types that a schema without unions allows; empty for all of them."""
    given: Any = schema.get("type")
    if isinstance(given, str):
        return [given]
    if isinstance(given, list):
        return list(dict.fromkeys(cast("list[str]", given)))
    if "enum" in schema or "const" in schema:
        return []
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def is_kind(choice: Any, kind: str) -> bool:
    """Whether a scalar is of a JSON type."""
    if isinstance(choice, bool):
        return kind == "boolean"
    if isinstance(choice, (int, float)):
        return kind == "number" or (kind == "integer" and choice == int(choice))
    return kind == ("null" if choice is None else "string")


def of_kind(schema: Schema, kind: str) -> Schema:
    """What a schema of several types says about one of them."""
    members = ("properties", "required", "additionalProperties", "minProperties", "maxProperties")
    lists = ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")
    if kind == "object":
        return {name: value for name, value in schema.items() if name not in lists}
    if kind == "array":
        return {name: value for name, value in schema.items() if name not in members}
    return {name: value for name, value in schema.items() if name not in (*members, *lists)}
