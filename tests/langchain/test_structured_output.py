"""Structured output by a tool that the model must call."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langchain_core.exceptions import OutputParserException
from pydantic import BaseModel

from langchain_bedrock_unified import ChatBedrock

from .scripted import Says, ScriptedBedrock


class City(BaseModel):
    """A city."""

    name: str
    people: int


class CityDict(TypedDict):
    """A city."""

    name: str
    people: int


SCHEMA = {
    "title": "City",
    "description": "A city.",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
}
PARIS = {"name": "Paris", "people": 2_000_000}


def answer(name: str, given: Any = PARIS) -> Says:
    """A call of the tool of this name."""
    return Says([{"toolUse": {"toolUseId": "t", "name": name, "input": given}}], stop="tool_use")


@pytest.mark.parametrize(
    ("schema", "name", "expected"),
    [(City, "City", City(**PARIS)), (CityDict, "CityDict", PARIS), (SCHEMA, "City", PARIS)],
    ids=["pydantic", "typeddict", "json schema"],
)
async def test_every_kind_of_schema(
    model: ChatBedrock, bedrock: ScriptedBedrock, schema: Any, name: str, expected: Any
) -> None:
    bedrock.says(*[answer(name)] * 3)
    structured = model.with_structured_output(schema)
    assert structured.invoke("q") == expected
    assert bedrock.last["toolConfig"]["toolChoice"] == {"any": {}}
    assert await structured.ainvoke("q") == expected
    assert list(structured.stream("q"))[-1] == expected
    await model.bedrock.aclose()


def test_the_raw_message_and_the_parsing_error(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(answer("City"), answer("City", {"name": "Paris"}))
    structured = model.with_structured_output(City, include_raw=True)
    good, bad = structured.invoke("q"), structured.invoke("q")
    assert (good["parsed"], good["parsing_error"]) == (City(**PARIS), None)
    assert good["raw"].tool_calls[0]["args"] == PARIS
    assert bad["parsed"] is None
    assert "people" in str(bad["parsing_error"])


def test_a_parsing_error_is_raised(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(answer("City", {"name": "Paris"}))
    with pytest.raises((OutputParserException, ValueError), match="people"):
        model.with_structured_output(City).invoke("q")


def test_strict_and_parameters_reach_the_call(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(answer("City"))
    model.with_structured_output(City, strict=True, temperature=0.1).invoke("q")
    assert bedrock.last["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.1}


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_another_method_is_refused_and_not_ignored(model: ChatBedrock, method: str) -> None:
    with pytest.raises(NotImplementedError, match="function_calling"):
        model.with_structured_output(City, method=method)
