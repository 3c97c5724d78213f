"""JSON schemas in the dialect that Bedrock enforces."""

from __future__ import annotations

import copy
import datetime
import enum
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from bedrock_unified.converse.schema import is_too_big, strict_schema
from bedrock_unified.errors import InvalidRequestError

from .json_schemas import allows, schemas, values

_SLOWLY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    """A line."""

    name: str = Field(min_length=1, description="its name")
    count: int = Field(3, ge=0, lt=10)


def held(**properties: Any) -> dict[str, Any]:
    """The members of an object of these properties, all of them required, in the dialect."""
    return strict_schema({"type": "object", "properties": properties, "required": [*properties]})[
        "properties"
    ]


def of_x(x: dict[str, Any], **definitions: Any) -> dict[str, Any]:
    """An object with this property."""
    return {"type": "object", "properties": {"x": x}, "$defs": definitions}


def test_every_object_is_closed_and_the_given_schema_is_not_changed() -> None:
    given = {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"$ref": "#/$defs/L"}},
            "one": {"$ref": "#/$defs/L"},
        },
        "$defs": {"L": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    }
    before = copy.deepcopy(given)
    assert strict_schema(given) == {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"$ref": "#/$defs/L"}},
            "one": {"$ref": "#/$defs/L"},
        },
        "required": [],
        "additionalProperties": False,
        "$defs": {
            "L": {
                "type": "object",
                "properties": {"n": {"type": "integer"}},
                "required": [],
                "additionalProperties": False,
            }
        },
    }
    assert given == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "integer", "minimum": 0}, {"type": "integer", "description": "minimum: 0"}),
        (
            {"type": "string", "pattern": "^a", "maxLength": 5, "description": "A name."},
            {"type": "string", "description": "A name. (pattern: ^a, maxLength: 5)"},
        ),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "string", "format": "binary"}, {"type": "string", "description": "format: binary"}),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
            {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "description": "minItems: 3, uniqueItems: true",
            },
        ),
        (
            {"type": "string", "default": "a", "examples": ["b"]},
            {"type": "string", "description": 'default: a, examples: ["b"]'},
        ),
        ({"type": "string", "x-unit": "cm"}, {"type": "string", "description": "x-unit: cm"}),
        ({"type": ["string", "null"], "default": None}, {"type": ["string", "null"]}),
        (
            {"type": ["array", "null"], "items": {"type": "integer"}},
            {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
        ),
        ({"type": "integer", "nullable": True}, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (
            {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            {
                "anyOf": [{"type": "string"}, {"type": "integer"}],
                "description": "oneOf: exactly one of the forms",
            },
        ),
        (
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "maxItems": 2},
            {
                "type": "array",
                "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "description": 'prefixItems: [{"type":"integer"},{"type":"string"}], maxItems: 2',
            },
        ),
        (
            {"allOf": [{"type": "number"}, {"minimum": 1}, {"minimum": 2}]},
            {"type": "number", "description": "minimum: 1, minimum: 2"},
        ),
        ({"type": "integer", "title": "X"}, {"type": "integer"}),
        ({"type": "integer", "title": "Width"}, {"type": "integer", "title": "Width"}),
    ],
)
def test_what_bedrock_does_not_hold_moves_into_the_description(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert held(x=given) == {"x": expected}


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool | None = None


class Order(BaseModel):
    """An order."""

    lines: list[Line] = []
    colour: Colour = Field(Colour.RED, description="of the box")
    pet: Cat | Dog = Field(discriminator="kind")
    when: datetime.datetime
    place: tuple[float, float]


def test_a_schema_of_pydantics() -> None:
    schema = strict_schema(Order.model_json_schema())
    assert schema["required"] == ["pet", "when", "place"], "what has a default stays optional"
    properties = schema["properties"]
    assert properties["pet"] == {"anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]}
    assert properties["when"] == {"type": "string", "format": "date-time"}
    assert properties["colour"]["enum"] == ["red", "blue"], "a reference with words next to it is put there"
    assert properties["colour"]["description"] == "of the box A colour. (default: red)"
    line = schema["$defs"]["Line"]["properties"]
    assert line["name"]["description"] == "its name (minLength: 1)"
    assert line["count"]["description"] == "default: 3, exclusiveMaximum: 10, minimum: 0"
    assert schema["$defs"]["Line"]["required"] == ["name"]


def test_a_conjunction_becomes_one_schema() -> None:
    base = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    more = {"properties": {"b": {"type": "string"}, "a": {"description": "first"}}, "required": ["b"]}
    both = {
        "type": "object",
        "properties": {"x": {"allOf": [{"$ref": "#/$defs/B"}, more]}},
        "$defs": {"B": base},
    }
    assert strict_schema(both)["properties"]["x"] == {
        "type": "object",
        "properties": {"a": {"type": "integer", "description": "first"}, "b": {"type": "string"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }


class Node(BaseModel):
    children: list[Node] = []


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (Node.model_json_schema(), "recursive"),
        (of_x({"$ref": "#"}), "recursive"),
        (Extra.model_json_schema(), "keys of any name"),
        ({"type": "object"}, "keys of any name"),
        (of_x({"type": "object", "additionalProperties": {"type": "integer"}}), "any name at x"),
        (of_x({"description": "what you like"}), "any value at x"),
        (of_x({"type": "array"}), r"True at x\[\]"),
        (of_x({"enum": [{}]}), "choice at x"),
        (of_x({"type": "integer", "enum": ["a"]}), "no value at x"),
        (of_x({"$ref": "#/$defs/No"}), "there is nothing"),
        (of_x({"$ref": "https://example.com/a.json"}), "outside of it"),
        (of_x({"allOf": [{"type": "string"}, {"type": "null"}]}), "no value at x"),
        ({"type": "object", "properties": {}, "required": ["x"]}, "requires 'x'"),
        ({"type": "array", "items": {"type": "string"}}, "no object at its root"),
        (of_x({"$ref": "#/$defs/A"}, A={"allOf": [{"$ref": "#/$defs/A"}]}), "recursive"),
        (of_x({"type": "object", "anyOf": [{"$ref": "#/properties/x"}]}), "for ever|recursive"),
    ],
)
def test_what_has_no_form_is_refused_with_its_place(schema: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says) as caught:
        strict_schema(schema)
    assert caught.value.hint


def test_a_schema_in_the_dialect_stays_as_it_is() -> None:
    schema = strict_schema(Order.model_json_schema())
    assert strict_schema(schema) == schema


def test_a_schema_of_very_many_forms_is_too_big() -> None:
    many = {f"p{number}": {"type": "string"} for number in range(25)}
    assert is_too_big({"type": "object", "properties": many, "required": []})
    assert not is_too_big({"type": "object", "properties": many, "required": [*many]})
    unions = {f"p{number}": {"type": ["string", "null"]} for number in range(17)}
    assert is_too_big({"type": "object", "properties": unions, "required": [*unions]})


@_SLOWLY
@given(st.data())
def test_every_value_of_the_dialect_is_one_of_the_given_schemas(data: st.DataObject) -> None:
    schema = data.draw(schemas(conjunctions=True))
    try:
        normal = strict_schema(schema)
    except InvalidRequestError:
        assume(False)
    value = data.draw(values(normal, normal))
    assert allows(schema, value, schema), (schema, normal)


@_SLOWLY
@given(st.data())
def test_every_described_value_of_a_schema_is_one_of_the_dialects(data: st.DataObject) -> None:
    schema = data.draw(schemas(conjunctions=False))
    value = data.draw(values(schema, schema))
    normal = strict_schema(schema)
    assert allows(normal, value, normal), (schema, normal)


@_SLOWLY
@given(schemas(conjunctions=True))
def test_the_dialect_has_no_other_keywords(schema: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    try:
        normal = strict_schema(schema)
    except InvalidRequestError:
        assume(False)
    finally:
        assert schema == before
    for node in _walked(normal):
        assert node.keys() <= _KEYWORDS
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
        assert "$ref" not in node or node.keys() == {"$ref"}
        assert node.get("minItems", 0) in (0, 1)


_KEYWORDS = {
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "format",
    "items",
} | {
    "minItems",
    "properties",
    "required",
    "title",
    "type",
}


def _walked(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("$defs", {}).values(),
        *schema.get("anyOf", ()),
    ]
    if "items" in schema:
        inner.append(schema["items"])
    return [schema, *(node for each in inner for node in _walked(each))]


@pytest.mark.parametrize(
    "odd", [{"properties": ["a"]}, {"properties": {}, "description": 5}, {"properties": {}, "required": 1}]
)
def test_what_is_no_schema_is_refused_as_such(odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="is no JSON schema") as caught:
        strict_schema({"type": "object", **odd})
    assert caught.value.hint
