"""``with_structured_output``: by Bedrock's own format, by a tool, or by words; and what is no such answer."""

from __future__ import annotations

import json
import pickle
from typing import Any, TypedDict

import pytest
from langchain_core import exceptions
from langchain_core.exceptions import ModelError, OutputParserException
from langchain_core.load import dumps
from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field, RootModel

from bedrock_unified import errors as core
from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import InvalidRequestError, ModelRefusalError, StructuredOutputError

from .scripted import MODEL, MakeModel, Says, ScriptedBedrock


class City(BaseModel):
    """A city."""

    name: str
    people: int = Field(ge=1)


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
METHODS = ["json_schema", "function_calling", "json_mode"]


def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def called(name: str = "City", given: Any = PARIS, stop: str = "tool_use") -> Says:
    """A call of the tool of this name."""
    return Says([{"toolUse": {"toolUseId": "t", "name": name, "input": given}}], stop=stop)


def written(given: Any = PARIS, stop: str = "end_turn") -> Says:
    """The object as text."""
    return Says([{"text": given if isinstance(given, str) else json.dumps(given)}], stop=stop)


def answer(method: str, given: Any = PARIS, name: str = "City") -> Says:
    """The object as the method gets it."""
    return called(name, given) if method == "function_calling" else written(given)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("schema", "name", "expected"),
    [(City, "City", City(**PARIS)), (CityDict, "CityDict", PARIS), (SCHEMA, "City", PARIS)],
    ids=["pydantic", "typeddict", "json schema"],
)
async def test_ol_31_every_kind_of_schema_by_every_method(
    model: ChatBedrock, bedrock: ScriptedBedrock, schema: Any, name: str, expected: Any, method: str
) -> None:
    bedrock.says(*[answer(method, name=name)] * 4)
    structured = model.with_structured_output(schema, method=method)
    assert structured.invoke("q") == expected
    assert await structured.ainvoke("q") == expected
    assert list(structured.stream("q"))[-1] == expected
    assert [one async for one in structured.astream("q")][-1] == expected
    await model.bedrock.aclose()


def test_each_method_asks_in_its_own_way(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(*map(answer, METHODS))
    sent = {}
    for method in METHODS:
        model.with_structured_output(City, method=method).invoke("q")
        sent[method] = bedrock.last
    described = sent["json_schema"]["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (described["name"], described["description"]) == ("City", "A city.")
    assert json.loads(described["schema"])["properties"]["people"]["description"] == "minimum: 1"
    assert "toolConfig" not in sent["json_schema"]
    assert sent["function_calling"]["toolConfig"]["toolChoice"] == {"any": {}}
    assert "outputConfig" not in sent["function_calling"]
    assert "JSON object" in sent["json_mode"]["system"][-1]["text"]
    assert sent["json_mode"].keys().isdisjoint({"outputConfig", "toolConfig"})


@pytest.mark.parametrize(
    ("best", "member"),
    [("native", "outputConfig"), ("strict", "toolConfig"), ("tool", "toolConfig"), ("text", "system")],
)
def test_without_a_method_the_models_best_is_used(
    make_model: MakeModel, bedrock: ScriptedBedrock, best: str, member: str
) -> None:
    model = make_model(capabilities={"structured_output": best})
    bedrock.says(called() if member == "toolConfig" else written())
    assert model.with_structured_output(City).invoke("q") == City(**PARIS)
    assert {"outputConfig", "toolConfig", "system"} & bedrock.last.keys() == {member}
    if member == "toolConfig":
        assert bedrock.last["toolConfig"]["tools"][0]["toolSpec"].get("strict") is (best == "strict" or None)


def test_a_model_that_thinks_is_asked_to_call_the_tool_and_not_made_to(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    bedrock.says(called())
    model = make_model(additional_model_request_fields=thinking, max_tokens=4000)
    model.with_structured_output(City, method="function_calling").invoke("q")
    assert bedrock.last["toolConfig"]["toolChoice"] == {"auto": {}}
    assert "calling the tool City" in bedrock.last["system"][-1]["text"]


def test_the_models_own_system_prompt_and_output_config_stay(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(system="Be brief.", output_config={"effort": "low"})
    bedrock.says(written(), written())
    model.with_structured_output(City, method="json_schema").invoke("q")
    assert bedrock.last["outputConfig"].keys() == {"effort", "textFormat"}
    model.with_structured_output(City, method="json_mode").invoke([("system", "Be kind."), ("user", "q")])
    first, second, third = bedrock.last["system"]
    assert (first["text"], second["text"]) == ("Be brief.", "Be kind.")
    assert "JSON object" in third["text"]


def test_json_mode_needs_no_schema(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(written('Of course:\n```json\n{"a": [1]}\n```'))
    assert model.with_structured_output(method="json_mode").invoke("q") == {"a": [1]}
    with pytest.raises(InvalidRequestError, match="needs a schema"):
        model.with_structured_output()


class Cities(RootModel[list[City]]):
    """Cities."""


@pytest.mark.parametrize("method", METHODS)
def test_a_schema_that_is_no_object(model: ChatBedrock, bedrock: ScriptedBedrock, method: str) -> None:
    bedrock.says(*[answer(method, {"value": [PARIS]}, "Cities")] * 2)
    structured = model.with_structured_output(Cities, method=method)
    assert structured.invoke("q") == Cities([City(**PARIS)])
    assert list(structured.stream("q"))[-1] == Cities([City(**PARIS)])


@pytest.mark.parametrize("method", METHODS)
def test_a_stream_shows_the_dict_as_it_grows(
    model: ChatBedrock, bedrock: ScriptedBedrock, method: str
) -> None:
    bedrock.says(answer(method))
    seen = list(model.with_structured_output(SCHEMA, method=method).stream("q"))
    names = [one["name"] for one in seen if "name" in one]
    assert len(set(names)) > 1
    assert names == sorted(names, key=len)
    assert seen[-1] == PARIS


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_the_raw_message_and_the_parsing_error(
    model: ChatBedrock, bedrock: ScriptedBedrock, method: str
) -> None:
    bedrock.says(answer(method), answer(method, {"name": "Paris"}))
    structured = model.with_structured_output(City, method=method, include_raw=True)
    good, bad = structured.invoke("q"), structured.invoke("q")
    assert (good["parsed"], good["parsing_error"]) == (City(**PARIS), None)
    assert isinstance(good["raw"], AIMessage)
    assert bad["parsed"] is None
    assert isinstance(bad["parsing_error"], StructuredOutputError)
    assert "people" in str(bad["parsing_error"])


REFUSALS = [
    ("json_schema", written("I will not say.", "content_filtered"), "content filter"),
    ("json_schema", written("Blocked.", "guardrail_intervened"), "guardrail"),
    ("json_schema", written('{"name": "Pa', "max_tokens"), "cut off"),
    ("json_schema", written("It is Paris."), "no whole JSON object"),
    ("json_mode", written("It is Paris."), "no whole JSON object"),
    ("function_calling", written("It is Paris."), "no tool call"),
    ("function_calling", called(given='{"name": "Pa', stop="max_tokens"), "cut off"),
    ("function_calling", called(given='{"name": "Pa', stop="malformed_tool_use"), "could not read"),
    ("function_calling", called(given={"name": "Paris"}), "people: Field required"),
    (
        "function_calling",
        called(given={"name": "Paris", "people": 0}),
        "people: .*greater than or equal to 1",
    ),
]


@pytest.mark.parametrize(("method", "says", "reason"), REFUSALS)
async def test_what_is_no_answer_is_a_typed_error_with_the_whole_answer(
    model: ChatBedrock, bedrock: ScriptedBedrock, method: str, says: Says, reason: str
) -> None:
    bedrock.says(*[says] * 4)
    structured = model.with_structured_output(City, method=method)
    errors = []
    for kind in (StructuredOutputError, OutputParserException):
        with pytest.raises(kind, match=reason) as caught:
            structured.invoke("q")
        errors.append(caught.value)
    with pytest.raises(core.StructuredOutputError, match=reason) as caught:
        list(structured.stream("q"))
    errors.append(caught.value)
    with pytest.raises(ModelError, match=reason) as caught:
        [one async for one in structured.astream("q")]
    errors.append(caught.value)
    for error in errors:
        assert isinstance(error, StructuredOutputError)
        assert error.hint
        assert error.partial is not None
        assert error.partial["stopReason"] == says.stop
        assert error.partial["output"]["message"]["content"]
        assert error.partial["usage"]["inputTokens"] == 11
        assert (error.observation, error.send_to_llm) == (None, False)
        if "text" in says.content[0]:
            assert error.llm_output == says.content[0]["text"]
    await model.bedrock.aclose()


def test_the_error_survives_pickling(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(written("It is Paris."))
    with pytest.raises(StructuredOutputError) as caught:
        model.with_structured_output(City, method="json_schema").invoke("q")
    copied = pickle.loads(pickle.dumps(caught.value))
    assert type(copied) is StructuredOutputError
    assert (str(copied), copied.llm_output) == (str(caught.value), "It is Paris.")
    assert StructuredOutputError("no").llm_output is None


def test_strict_and_parameters_reach_the_call(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(called(), called())
    structured = model.with_structured_output(City, method="function_calling", strict=True, temperature=0.1)
    structured.invoke("q")
    spec = bedrock.last["toolConfig"]["tools"][0]["toolSpec"]
    assert spec["strict"] is True
    assert spec["inputSchema"]["json"]["additionalProperties"] is False
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.1}
    model.with_structured_output(City, method="function_calling", strict=False).invoke("q")
    spec = bedrock.last["toolConfig"]["tools"][0]["toolSpec"]
    assert spec["strict"] is False
    assert spec["inputSchema"]["json"]["properties"]["people"]["minimum"] == 1, (
        "a plain tool says it as it is"
    )


class Sizes(BaseModel):
    """Sizes by name."""

    sizes: dict[str, int]


def test_a_schema_that_bedrock_cannot_hold_is_a_plain_tools_unless_asked_for(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(capabilities={"structured_output": "native"})
    bedrock.says(called("Sizes", {"sizes": {"a": 1}}))
    assert model.with_structured_output(Sizes).invoke("q") == Sizes(sizes={"a": 1})
    assert "strict" not in bedrock.last["toolConfig"]["tools"][0]["toolSpec"]
    for how in ({"method": "json_schema"}, {"strict": True}):
        with pytest.raises(InvalidRequestError, match="keys of any name at sizes"):
            model.with_structured_output(Sizes, **how)


@pytest.mark.parametrize("given", [{"tool_choice": "any"}, {"response_format": City}])
def test_it_takes_no_format_of_the_callers(model: ChatBedrock, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=next(iter(given))):
        model.with_structured_output(City, **given)


def test_another_method_is_refused_and_not_ignored(model: ChatBedrock) -> None:
    with pytest.raises(InvalidRequestError, match="json_mood"):
        model.with_structured_output(City, method="json_mood")


@pytest.mark.parametrize("schema", [3, {"type": "object"}, {"systemTool": {"name": "nova_grounding"}}])
def test_what_is_no_schema_is_refused(model: ChatBedrock, schema: Any) -> None:
    with pytest.raises(InvalidRequestError):
        model.with_structured_output(schema)


@pytest.mark.parametrize("strict", [True, None])
def test_strict_tools_have_their_schemas_in_bedrocks_dialect(
    model: ChatBedrock, bedrock: ScriptedBedrock, strict: bool | None
) -> None:
    model.bind_tools([City], strict=strict).invoke("q")
    schema = bedrock.last["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    assert ("additionalProperties" in schema) is (strict is True)
    assert ("minimum" in schema["properties"]["people"]) is (strict is None)


def test_a_tool_that_cannot_be_strict_is_refused_when_it_has_to(model: ChatBedrock) -> None:
    with pytest.raises(InvalidRequestError, match=r"'Sizes' cannot be strict.*any name at sizes"):
        model.bind_tools([Sizes], strict=True)
    tool = {"toolSpec": {"name": "open", "inputSchema": {"json": {"type": "object"}}}}
    with pytest.raises(InvalidRequestError, match="'open' cannot be strict"):
        model.bind_tools([tool], strict=True)


def test_one_call_at_a_time_is_asked_for_where_the_model_can_be_told_so(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    make_model().bind_tools([City], parallel_tool_calls=False).invoke("q")
    assert "disable_parallel_tool_use" in json.dumps(bedrock.last)
    make_model().bind_tools([City], parallel_tool_calls=True).invoke("q")
    assert "disable_parallel_tool_use" not in json.dumps(bedrock.last)
    with pytest.raises(InvalidRequestError, match="parallel tool calls"):
        make_model(model="amazon.nova-lite-v1:0").bind_tools([City], parallel_tool_calls=False).invoke("q")


def test_a_tool_that_says_otherwise_than_bind_tools_is_refused(model: ChatBedrock) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}
    with pytest.raises(InvalidRequestError, match="strict=True, and bind_tools strict=False"):
        model.bind_tools([tool], strict=False)


NOVA = "us.amazon.nova-lite-v1:0"


@pytest.mark.parametrize(
    ("bound", "called_with", "member"),
    [(MODEL, NOVA, "toolConfig"), (NOVA, MODEL, "outputConfig"), (MODEL, MODEL, "outputConfig")],
)
async def test_a_call_with_another_model_is_asked_in_that_models_way(
    make_model: MakeModel, bedrock: ScriptedBedrock, bound: str, called_with: str, member: str
) -> None:
    answer = called() if member == "toolConfig" else written()
    bedrock.says(answer, answer, answer)
    asking = make_model(model=bound).with_structured_output(City)
    expected = City(**PARIS)
    assert asking.invoke("q", model=called_with) == expected
    assert await asking.ainvoke("q", model=called_with) == expected
    assert list(asking.stream("q", model=called_with))[-1] == expected
    for sent in bedrock.sent:
        assert sent.model == called_with
        assert {"toolConfig", "outputConfig"} & sent.body.keys() == {member}


def test_a_call_that_thinks_is_asked_to_call_the_tool(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(called())
    model.with_structured_output(City, method="function_calling").invoke("q", reasoning=2000, max_tokens=4000)
    assert bedrock.last["toolConfig"]["toolChoice"] == {"auto": {}}
    assert "calling the tool City" in bedrock.last["system"][-1]["text"]


@pytest.mark.parametrize("model_id", [MODEL, NOVA])
def test_tools_may_be_called_instead_where_the_raw_answer_is_given_too(
    make_model: MakeModel, bedrock: ScriptedBedrock, model_id: str
) -> None:
    model = make_model(model=model_id)
    asking = model.with_structured_output(City, tools=[weather], include_raw=True)
    chained = model.bind_tools([weather]).with_structured_output(City, include_raw=True)
    for chain in (asking, chained):
        bedrock.says(called("weather", {"city": "Vell"}), called() if model_id == NOVA else written())
        first, second = chain.invoke("q"), chain.invoke("q")
        assert (first["parsed"], first["parsing_error"]) == (None, None)
        assert first["raw"].tool_calls[0]["name"] == "weather"
        assert second["parsed"] == City(**PARIS)
        offered = [tool["toolSpec"]["name"] for tool in bedrock.last["toolConfig"]["tools"]]
        assert offered == (["weather", "City"] if model_id == NOVA else ["weather"])
        assert bedrock.last["toolConfig"].get("toolChoice") == ({"any": {}} if model_id == NOVA else None)
    for chain in (model, model.bind_tools([weather])):
        tools = {"tools": [weather]} if chain is model else {}
        with pytest.raises(InvalidRequestError, match="may be answered by a call") as raised:
            chain.with_structured_output(City, **tools)
        assert "include_raw=True" in str(raised.value)


def test_what_was_bound_before_stays(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(written())
    model.bind(temperature=0.5).with_structured_output(City).invoke("q", top_p=None)
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.5}
    assert "outputConfig" in bedrock.last
    again = model.bind(max_tokens=9).bind_tools([weather], tool_choice="any")
    bedrock.says(called("weather", {"city": "Vell"}))
    again.invoke("q")
    assert bedrock.last["inferenceConfig"] == {"maxTokens": 9}
    assert "langchain_bedrock_unified.bound" not in dumps(again)


@pytest.mark.parametrize("stop", ["refusal", "content_filtered"])
@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_is_langchains_error_of_that_name(
    model: ChatBedrock, bedrock: ScriptedBedrock, stop: str, method: str
) -> None:
    bedrock.says(Says([{"text": "I cannot."}], stop=stop), Says([{"text": "I cannot."}], stop=stop))
    with pytest.raises(ModelRefusalError) as caught:
        model.with_structured_output(City, method=method).invoke("q")
    error = caught.value
    assert isinstance(error, StructuredOutputError) and isinstance(error, ModelError)
    if (langchains := getattr(exceptions, "ModelRefusalError", None)) is not None:
        assert isinstance(error, langchains)
    assert not error.is_retryable
    assert error.raw_message.text == "I cannot."
    assert type(pickle.loads(pickle.dumps(error))) is ModelRefusalError
    raw = model.with_structured_output(City, method=method, include_raw=True).invoke("q")
    assert isinstance(raw["parsing_error"], ModelRefusalError)


@pytest.mark.parametrize("more", [{}, {"name": "Town", "strict": True}, {"strict": False}])
def test_openais_response_format_is_a_schema(
    model: ChatBedrock, bedrock: ScriptedBedrock, more: dict[str, Any]
) -> None:
    bedrock.says(written())
    schema = {name: SCHEMA[name] for name in ("type", "properties")}
    asked = {"type": "json_schema", "json_schema": {"schema": schema, **more}}
    assert model.with_structured_output(asked).invoke("q") == PARIS
    sent = bedrock.last["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert sent["name"] == more.get("name", "answer")
    assert json.loads(sent["schema"])["properties"] == schema["properties"]


@pytest.mark.parametrize("described", [None, 5, {"name": "x"}, {"name": "x", "schema": "y"}])
def test_a_response_format_without_a_schema_is_refused(model: ChatBedrock, described: Any) -> None:
    with pytest.raises(InvalidRequestError, match="has no schema"):
        model.with_structured_output({"type": "json_schema", "json_schema": described})
