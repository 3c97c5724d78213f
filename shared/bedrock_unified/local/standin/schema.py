"""Just enough JSON Schema: references resolved, unions narrowed, one shape to fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

_DEEPEST = 12


def resolve(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """``schema`` with ``$ref`` followed, ``allOf`` merged and the first non-null branch of a union chosen."""
    result = dict(schema)
    if depth > _DEEPEST:
        return result
    reference = result.pop("$ref", None)
    if isinstance(reference, str):
        result = {**resolve(_pointed(reference, root), root, depth + 1), **result}
    for part in cast("list[Any]", result.pop("allOf", None) or []):
        if isinstance(part, dict):
            merged = resolve(cast("dict[str, Any]", part), root, depth + 1)
            properties = {**merged.get("properties", {}), **result.get("properties", {})}
            required = [*merged.get("required", []), *result.get("required", [])]
            result = {**merged, **result}
            if properties:
                result["properties"], result["required"] = properties, required
    for union in ("anyOf", "oneOf"):
        branches = cast("list[Any]", result.pop(union, None) or [])
        chosen = next((b for b in branches if isinstance(b, dict) and b.get("type") != "null"), None)
        if chosen is not None:
            result = {**resolve(cast("dict[str, Any]", chosen), root, depth + 1), **result}
    kind = result.get("type")
    if isinstance(kind, list):
        kinds = cast("list[Any]", kind)
        result["type"] = next((k for k in kinds if k != "null"), "null")
    return result


def _pointed(reference: str, root: Mapping[str, Any]) -> dict[str, Any]:
    node: Any = root
    for step in reference.removeprefix("#/").split("/"):
        node = (
            cast("dict[str, Any]", node).get(step.replace("~1", "/").replace("~0", "~"))
            if isinstance(node, dict)
            else None
        )
    return cast("dict[str, Any]", node) if isinstance(node, dict) else {}


def kind_of(schema: Mapping[str, Any]) -> str:
    """The JSON type a resolved schema asks for; ``string`` where it does not say."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    for choice in cast("list[Any]", schema.get("enum") or [])[:1]:
        if isinstance(choice, bool):
            return "boolean"
        if isinstance(choice, int):
            return "integer"
    return "string"
