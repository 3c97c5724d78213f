"""``response_format``, with which LangChain's agents ask a model for JSON of a schema."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from langchain.agents import create_agent
from pydantic import BaseModel

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import InvalidRequestError

from .scripted import MakeModel, ScriptedBedrock


class Line(BaseModel):
    name: str


class Order(BaseModel):
    """An order."""

    total: int
    lines: list[Line] = []


SCHEMA = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "order", "schema": SCHEMA, "strict": True}}


def sent_schema(body: dict[str, Any]) -> dict[str, Any]:
    return json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])


def test_a_schema_becomes_converses_text_format(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    model.bind(response_format=FORMAT).invoke("q")
    config = bedrock.last["outputConfig"]
    assert config["textFormat"]["type"] == "json_schema"
    assert config["textFormat"]["structure"]["jsonSchema"]["name"] == "order"
    assert sent_schema(bedrock.last) == {**SCHEMA, "additionalProperties": False}
    assert "additionalProperties" not in SCHEMA, "the caller's schema was changed"
    converse = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse")
    report = ParamValidator().validate(config, converse.input_shape.members["outputConfig"])
    assert not report.has_errors(), report.generate_report()


def test_an_agent_with_a_response_format_gets_its_object(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    bedrock.says('{"total": 3, "lines": [{"name": "tea"}]}')
    answer = create_agent(model, [], response_format=Order).invoke({"messages": [("user", "q")]})
    assert answer["structured_response"] == Order(total=3, lines=[Line(name="tea")])
    schema = sent_schema(bedrock.last)
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Line"]["additionalProperties"] is False


def test_it_stands_beside_the_models_own_output_config(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    make_model(output_config={"effort": "low"}).invoke("q", response_format=FORMAT)
    assert bedrock.last["outputConfig"].keys() == {"effort", "textFormat"}


def test_a_class_is_a_format(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    model.invoke("q", response_format=Order)
    described = bedrock.last["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (described["name"], described["description"]) == ("Order", "An order.")
    assert sent_schema(bedrock.last)["required"] == ["total"]


def test_converses_own_shape_is_sent_as_it_is(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    own = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"object"}'}}}
    model.invoke("q", response_format=own)
    assert bedrock.last["outputConfig"]["textFormat"] == own


def test_constraints_that_bedrock_does_not_hold_are_told(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    schema = {**SCHEMA, "properties": {"total": {"type": "integer", "minimum": 1}}}
    model.invoke("q", response_format={"type": "json_schema", "json_schema": {"schema": schema}})
    assert sent_schema(bedrock.last)["properties"]["total"] == {
        "type": "integer",
        "description": "minimum: 1",
    }


@pytest.mark.parametrize("nothing", [None, {"type": "text"}])
def test_plain_text_asks_for_nothing(model: ChatBedrock, bedrock: ScriptedBedrock, nothing: Any) -> None:
    model.invoke("q", response_format=nothing)
    assert "outputConfig" not in bedrock.last


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"response_format": {"type": "json_object"}}, "not understood"),
        ({"response_format": "json"}, "not understood"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}},
            "keys of any name",
        ),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, "has no schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {}, "lenient": 1}}},
            "lenient",
        ),
        ({"response_format": FORMAT, "output_config": {"textFormat": {}}}, "mean the same"),
        ({"response_format": FORMAT, "outputConfig": {"textFormat": {}}}, "mean the same"),
    ],
)
def test_what_converse_has_no_form_for_is_refused(
    model: ChatBedrock, bedrock: ScriptedBedrock, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        model.invoke("q", **given)
    assert not bedrock.sent
