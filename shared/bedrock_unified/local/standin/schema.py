"""Just enough JSON Schema: references resolved, unions narrowed, one shape to fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..shapes import as_object

_DEEPEST = 12


# What each keyword must be to mean anything; one that is something else is passed over.
_FORMS: dict[str, type | tuple[type, ...]] = {
    "$ref": str,
    "allOf": list,
    "anyOf": list,
    "enum": list,
    "exclusiveMinimum": (int, float),
    "format": str,
    "items": dict,
    "maxItems": int,
    "maxLength": int,
    "maximum": (int, float),
    "minItems": int,
    "minLength": int,
    "minimum": (int, float),
    "oneOf": list,
    "pattern": str,
    "properties": dict,
    "required": list,
    "type": (str, list),
}


def resolve(schema: Any, root: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """``schema`` with ``$ref`` followed, ``allOf`` merged and the first non-null branch of a union chosen.

    Keywords whose values are malformed are left out.
    """
    result = {
        key: value
        for key, value in as_object(schema).items()
        if key not in _FORMS or (isinstance(value, _FORMS[key]) and not isinstance(value, bool))
    }
    if "required" in result:
        result["required"] = [name for name in result["required"] if isinstance(name, str)]
    if depth > _DEEPEST:
        return result
    reference = result.pop("$ref", None)
    if reference is not None:
        result = {**resolve(_pointed(reference, root), root, depth + 1), **result}
    for part in cast("list[Any]", result.pop("allOf", None) or []):
        if isinstance(part, dict):
            merged = resolve(part, root, depth + 1)
            properties = {**merged.get("properties", {}), **result.get("properties", {})}
            required = [*merged.get("required", []), *result.get("required", [])]
            result = {**merged, **result}
            if properties:
                result["properties"], result["required"] = properties, required
    for union in ("anyOf", "oneOf"):
        branches = [as_object(branch) for branch in cast("list[Any]", result.pop(union, None) or [])]
        chosen = next((branch for branch in branches if branch.get("type") != "null"), None)
        if chosen is not None:
            result = {**resolve(chosen, root, depth + 1), **result}
    kind = result.get("type")
    if isinstance(kind, list):
        kinds = cast("list[Any]", kind)
        result["type"] = next((k for k in kinds if k != "null"), "null")
    return result


def _pointed(reference: str, root: Mapping[str, Any]) -> dict[str, Any]:
    node: Any = root
    for step in reference.removeprefix("#/").split("/"):
        node = as_object(node).get(step.replace("~1", "/").replace("~0", "~"))
    return as_object(node)


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
