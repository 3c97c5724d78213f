"""What a JSON schema's root is, and where its references lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..errors import InvalidRequestError

Schema = dict[str, Any]


def rooted(schema: Mapping[str, Any]) -> Schema:
    """The schema with its own root: a reference there (a recursive class of pydantic's has one) is followed.

    Raises:
        InvalidRequestError: a reference that leads nowhere.
    """
    node = dict(schema)
    seen: set[str] = set()
    while isinstance(reference := node.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        siblings = {name: value for name, value in node.items() if name != "$ref"}
        node = {**pointed(reference, schema), **siblings}
    return node


def is_object(schema: Mapping[str, Any]) -> bool:
    """Whether the values of a schema are objects, as tools demand of their input."""
    kind: Any = schema.get("type")
    parts = cast("list[Any]", schema.get("allOf") or [])
    if kind is None and "$ref" not in schema:
        inner = any(isinstance(part, Mapping) and is_object(cast("Schema", part)) for part in parts)
        return inner or "properties" in schema
    return kind == "object" or "$ref" in schema


def pointed(reference: str, root: Mapping[str, Any]) -> Schema:
    """What an internal reference leads to.

    Raises:
        InvalidRequestError: it leads out of the schema, or nowhere.
    """
    node: Any = root
    if not reference.startswith("#"):
        raise refusal(f"refers to {reference!r:.120}, which is outside of it", "put it under $defs")
    for step in reference.removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and step.isdigit():
            items = cast("list[Any]", node)
            node = items[int(step)] if int(step) < len(items) else None
        else:
            node = cast("Schema", node).get(step) if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping):
        raise refusal(f"refers to {reference!r:.120}, where there is nothing", "put it under $defs")
    return dict(cast("Schema", node))


def refusal(what: str, hint: str) -> InvalidRequestError:
    """The error for a schema that Bedrock cannot hold an answer to."""
    return InvalidRequestError(f"Bedrock cannot hold an answer to this schema: it {what}", hint=hint)
