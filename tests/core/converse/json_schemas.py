"""Random JSON schemas as pydantic writes them, their values, and whether a value is one of a schema's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "kind", "Ort", "x y"])
TEXTS = st.sampled_from(["", "a", "red", "é\n", "1"])
SCALARS = st.one_of(TEXTS, st.integers(-3, 3), st.booleans(), st.none())
_SAID = st.fixed_dictionaries(
    {}, optional={"title": TEXTS, "description": st.sampled_from(["", "what it is"]), "default": SCALARS}
)


def schemas(*, conjunctions: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Whole schemas: objects at the root, with definitions that refer to earlier ones."""
    return st.lists(_objects(_nodes([], conjunctions)), max_size=2).flatmap(
        lambda definitions: _with(definitions, conjunctions)
    )


def _with(definitions: list[dict[str, Any]], conjunctions: bool) -> st.SearchStrategy[dict[str, Any]]:
    held = {f"D{number}": definition for number, definition in enumerate(definitions)}
    return _objects(_nodes(list(held), conjunctions)).map(lambda root: {**root, "$defs": held})


def _nodes(names: list[str], conjunctions: bool) -> st.SearchStrategy[dict[str, Any]]:
    leaves = [
        _told(
            {"type": st.just("string")}, minLength=st.integers(0, 2), pattern=st.just("^a"), format=_FORMATS
        ),
        _told(
            {"type": st.sampled_from(["integer", "number"])},
            minimum=st.integers(-9, 0),
            multipleOf=st.just(1),
        ),
        _told({"type": st.sampled_from(["boolean", "null", ["string", "null"], ["integer", "boolean"]])}),
        _told({"enum": st.lists(SCALARS, min_size=1, max_size=3)}),
        _told({"const": SCALARS}),
    ]
    if names:
        reference = st.sampled_from(names).map("#/$defs/{}".format)
        leaves += [st.fixed_dictionaries({"$ref": reference}), _told({"$ref": reference})]
    return st.recursive(st.one_of(leaves), lambda inner: _composed(inner, conjunctions), max_leaves=6)


_FORMATS = st.sampled_from(["date", "binary"])


def _composed(inner: st.SearchStrategy[Any], conjunctions: bool) -> st.SearchStrategy[dict[str, Any]]:
    forms = st.lists(inner, min_size=1, max_size=3)
    composed = [
        _told({"type": st.just("array"), "items": inner}, minItems=st.integers(0, 3), maxItems=st.just(4)),
        _told({"type": st.just("array"), "prefixItems": forms}),
        _objects(inner),
        _told({"anyOf": forms}),
        _told({"oneOf": forms}),
    ]
    if conjunctions:
        composed += [
            _told({"allOf": st.lists(_objects(inner), min_size=1, max_size=3)}),
            st.tuples(_objects(inner), forms).map(lambda pair: {**pair[0], "anyOf": pair[1]}),
        ]
    return st.one_of(composed)


def _told(
    members: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    held = st.fixed_dictionaries(members, optional=optional)
    return st.tuples(held, _SAID).map(lambda pair: {**pair[0], **pair[1]})


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(NAMES, inner, max_size=3)
    return st.tuples(properties, st.booleans(), st.booleans()).map(_object)


def _object(drawn: tuple[dict[str, Any], bool, bool]) -> dict[str, Any]:
    properties, all_required, closed = drawn
    made: dict[str, Any] = {"type": "object", "properties": properties}
    made["required"] = list(properties) if all_required else list(properties)[:1]
    return {**made, "additionalProperties": False} if closed else made


def values(schema: Mapping[str, Any], root: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a schema without conjunctions; objects have no keys that are not described."""
    if "$ref" in schema:
        return values(pointed(schema["$ref"], root), root)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return st.one_of([values(form, root) for form in schema[union]])
    if "enum" in schema:
        fitting = [choice for choice in schema["enum"] if _is_kind(choice, schema.get("type"))]
        return st.sampled_from(fitting) if fitting else st.nothing()
    if "const" in schema:
        return st.just(schema["const"]) if _is_kind(schema["const"], schema.get("type")) else st.nothing()
    kinds = schema["type"]
    if isinstance(kinds, list):
        return st.one_of([values({**schema, "type": kind}, root) for kind in kinds])
    if kinds == "array":
        if "prefixItems" in schema:
            return st.tuples(*(values(form, root) for form in schema["prefixItems"])).map(list)
        least = schema.get("minItems", 0)
        return st.lists(values(schema["items"], root), min_size=least, max_size=max(least, 2))
    if kinds == "object":
        members = {name: values(member, root) for name, member in schema["properties"].items()}
        required = {name: members.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=members)
    return {
        "string": TEXTS,
        "integer": st.integers(-3, 3),
        "number": st.floats(-3, 3) | st.integers(-3, 3),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kinds]


def allows(schema: Any, value: Any, root: Mapping[str, Any]) -> bool:
    """Whether a schema allows a value, but for the keywords that the dialect moves into descriptions."""
    if isinstance(schema, bool):
        return schema
    checks = [
        "$ref" not in schema or allows(pointed(schema["$ref"], root), value, root),
        all(allows(part, value, root) for part in schema.get("allOf", ())),
        "enum" not in schema or any(_same(value, choice) for choice in schema["enum"]),
        "const" not in schema or _same(value, schema["const"]),
        _is_kind(value, schema.get("type")),
        *(
            any(allows(form, value, root) for form in schema[union])
            for union in ("anyOf", "oneOf")
            if union in schema
        ),
    ]
    return all(checks) and _allows_members(schema, value, root) and _allows_items(schema, value, root)


def _allows_members(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    properties = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    return all(name in value for name in schema.get("required", ())) and all(
        allows(properties.get(name, more), held, root) for name, held in value.items()
    )


def _allows_items(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(value, list):
        return True
    forms = schema.get("prefixItems", [schema.get("items", True)])
    long_enough = len(value) >= min(schema.get("minItems", 0), 1)
    return long_enough and all(any(allows(form, item, root) for form in forms) for item in value)


def pointed(reference: str, root: Mapping[str, Any]) -> Any:
    """The definition that a reference names."""
    return root["$defs"][reference.rpartition("/")[2]]


def _is_kind(value: Any, kinds: Any) -> bool:
    if kinds is None:
        return True
    told = {
        "string": isinstance(value, str),
        "integer": isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }
    return any(told[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _same(value: Any, choice: Any) -> bool:
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)
