"""Tools and the choice among them, in every form that LangChain users bind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from pydantic import BaseModel, Field

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import InvalidRequestError

from .scripted import Says, ScriptedBedrock

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city_name": {"type": "string"}},
    "required": ["city_name"],
}


ONE_AT_A_TIME = {"type": "auto", "disable_parallel_tool_use": True}


def weather(city_name: str) -> str:
    """The weather of a city."""
    return f"sunny in {city_name}"


def of_nowhere(x: Nowhere) -> str:  # type: ignore[name-defined]  # noqa: F821
    """Its type cannot be found."""
    return str(x)


class Weather(BaseModel):
    """The weather of a city."""

    city_name: str


class WeatherDict(TypedDict):
    """The weather of a city."""

    city_name: Annotated[str, ..., "the city"]


class Unit(BaseModel):
    name: str


class Forecast(BaseModel):
    """A forecast."""

    unit: Unit
    days: int = Field(default=3, description="how many")


FORMS: list[Any] = [
    weather,
    tool(weather),
    Weather,
    WeatherDict,
    {"title": "weather", "description": "The weather of a city.", **CITY},
    {"name": "weather", "description": "The weather of a city.", "parameters": CITY},
    {"type": "function", "function": {"name": "weather", "description": "…", "parameters": CITY}},
    {"type": "function", "name": "weather", "description": "…", "parameters": CITY},
    {"name": "weather", "description": "The weather of a city.", "input_schema": CITY},
    {"toolSpec": {"name": "weather", "description": "…", "inputSchema": {"json": CITY}}},
    {"name": "weather", "title": "W", "description": "…", "inputSchema": CITY, "outputSchema": CITY},  # MCP's
    {"name": "weather", "description": "…", "inputSchema": {"json": CITY}},
    {"name": "weather", "description": "…", "schema": CITY},
    {"type": "function", "function": {"name": "weather", "description": "…", "inputSchema": CITY}},
    {"type": "function", "function": {"name": "weather", "description": "…", "input_schema": CITY}},
    {"name": "weather", "description": "…", **CITY},
    *(
        {"name": "weather", "description": "…", "parameters": CITY, **more}
        for more in ({"returns": CITY}, {"schema": "v1"}, {"inputSchema": {}}, {"metadata": CITY})
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
def test_a_tool_in_every_form(model: ChatBedrock, bedrock: ScriptedBedrock, form: Any) -> None:
    model.bind_tools([form]).invoke("q")
    model.invoke("q", tools=[form])
    for sent in bedrock.sent:
        (bound,) = sent.body["toolConfig"]["tools"]
        spec = bound["toolSpec"]
        assert spec["name"].lower().startswith("weather")
        assert spec["description"]
        assert spec["inputSchema"]["json"]["properties"]["city_name"]["type"] == "string"
        assert "strict" not in spec


def test_schemas_and_converse_tools_are_sent_as_they_are(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    schema = {"type": "object", "properties": {"snake_case": {"type": "object", "some_key": 1}}, "my_key": 2}
    tools = [
        {"toolSpec": {"name": "a", "inputSchema": {"json": schema}, "strict": True}},
        {"name": "b", "input_schema": schema},
        {"systemTool": {"name": "nova_grounding"}},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
    ]
    model.bind_tools(tools).invoke("q")
    first, second, *others = bedrock.last["toolConfig"]["tools"]
    assert first == tools[0]
    assert second["toolSpec"]["inputSchema"]["json"] == schema
    assert others == tools[2:]


def test_nested_models_and_no_description(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    class NoWords(BaseModel):
        unit: Unit

    model.bind_tools([Forecast, {"name": "bare"}, NoWords]).invoke("q")
    forecast, bare, no_words = [tool["toolSpec"] for tool in bedrock.last["toolConfig"]["tools"]]
    assert forecast["inputSchema"]["json"]["properties"]["unit"]["properties"] == {"name": {"type": "string"}}
    assert bare == {"name": "bare", "inputSchema": {"json": {"type": "object", "properties": {}}}}
    assert "description" not in no_words


def test_strict(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    model.bind_tools([weather, FORMS[-1], {"cachePoint": {"type": "default"}}], strict=True).invoke("q")
    first, second, _ = bedrock.last["toolConfig"]["tools"]
    assert first["toolSpec"]["strict"] is True
    assert first["toolSpec"]["inputSchema"]["json"]["additionalProperties"] is False
    assert second["toolSpec"]["strict"] is True


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", {"auto": {}}),
        ("any", {"any": {}}),
        ("required", {"any": {}}),
        (True, {"any": {}}),
        ("weather", {"tool": {"name": "weather"}}),
        ({"tool": {"name": "weather"}}, {"tool": {"name": "weather"}}),
        ({"any": {}}, {"any": {}}),
        ({"type": "function", "function": {"name": "weather"}}, {"tool": {"name": "weather"}}),
        ({"type": "tool", "name": "weather"}, {"tool": {"name": "weather"}}),
        ({"type": "any"}, {"any": {}}),
    ],
)
def test_every_spelling_of_the_choice(
    model: ChatBedrock, bedrock: ScriptedBedrock, choice: Any, expected: Any
) -> None:
    model.bind_tools([weather], tool_choice=choice).invoke("q")
    model.bind_tools([weather]).invoke("q", tool_choice=choice)
    for sent in bedrock.sent:
        assert sent.body["toolConfig"].get("toolChoice") == expected


@pytest.mark.parametrize("tools", [[weather], []])
def test_calls_of_the_history_are_text_where_none_may_be_called(
    model: ChatBedrock, bedrock: ScriptedBedrock, tools: list[Any]
) -> None:
    """A stub of the tool would be one that the model may call."""
    call = {"name": "weather", "args": {}, "id": "t1"}
    history = [
        HumanMessage("Weather?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("sunny", tool_call_id="t1"),
    ]
    model.invoke(history, tools=tools, tool_choice="none")
    body = bedrock.last
    assert "toolConfig" not in body
    assert body["messages"][1]["content"] == [{"text": "[tool call t1: weather({})]"}]


@pytest.mark.parametrize("choice", ["none", False, {"type": "none"}, {"none": {}}])
def test_no_choice_at_all_sends_no_tools(model: ChatBedrock, bedrock: ScriptedBedrock, choice: Any) -> None:
    model.bind_tools([weather], tool_choice=choice).invoke("q")
    assert "toolConfig" not in bedrock.last


def test_binding_changes_nothing_in_the_model(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    before = model.model_dump()
    model.bind_tools([weather], tool_choice="any", stop=["x"])
    assert model.model_dump() == before
    model.invoke("q")
    assert "toolConfig" not in bedrock.last


@pytest.mark.parametrize(
    ("tools", "given", "says"),
    [
        ([5], {}, "5 cannot be read as a tool"),
        ([{"type": "object", "properties": {}}], {}, "title"),
        ([{"type": "web_search_preview"}], {}, "web_search_preview"),
        ([{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}], {}, "web_search_20250305"),
        ([{"type": "function"}], {}, "of type 'function'"),
        ([{"toolSpec": 3}], {}, "a toolSpec has a name"),
        ([{"toolSpec": {"name": "x"}}], {"strict": True}, "an inputSchema of json"),
        ([{"systemTool": {}}], {"tool_choice": "any"}, "a systemTool has a name"),
        ("weather", {}, "list of tools"),
        ([weather], {"tool_choice": "wether"}, "the tools are: weather"),
        ([weather], {"tool_choice": {"what": 1}}, "not understood"),
        ([weather], {"parallel_tool_calls": True, "tool_choice": ONE_AT_A_TIME}, "leave one of them out"),
        ([{"name": "x", "input_schema": {"type": "array"}}], {}, "not an object"),
        ([{"name": "x", "params": CITY}], {}, "'x' has .*city_name.* as 'params'"),
        ([{"name": "x", "args": CITY, "schema": CITY}], {}, "as 'args' and 'schema'"),
        ([{"name": "x", "args": {"$ref": "#/$defs/X"}}], {}, "as 'args'"),
        ([{"name": "x", "schema": 5}], {}, "'x' has 5 as 'schema'"),
        ([of_nowhere], {}, "of_nowhere.* cannot be read as a tool: name 'Nowhere'"),
    ],
)
def test_what_cannot_be_bound_is_refused_with_the_way_out(
    model: ChatBedrock, bedrock: ScriptedBedrock, tools: Any, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        model.bind_tools(tools, **given).invoke("q")
    assert not bedrock.sent


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tool_choice": "weather"}, "not among the tools"),
        ({"tool_choice": "any"}, "there are no tools"),
        ({"tools": [weather], "toolConfig": {"tools": []}}, "keep one of them"),
    ],
)
def test_choices_without_tools(model: ChatBedrock, given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        model.invoke("q", **given)


def test_new_tools_take_the_place_of_old_ones_with_their_choice(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    old: Any = model.bind_tools([weather], tool_choice="weather", parallel_tool_calls=False, stop=["x"])
    old.bind_tools([Unit]).invoke("q")
    (tool_,) = bedrock.last["toolConfig"]["tools"]
    assert tool_["toolSpec"]["name"] == "Unit"
    assert "toolChoice" not in bedrock.last["toolConfig"]
    parallel = {"type": "auto", "disable_parallel_tool_use": True}
    assert bedrock.last["additionalModelRequestFields"] == {"tool_choice": parallel}  # it names no tool
    assert bedrock.last["inferenceConfig"]["stopSequences"] == ["x"]
    old.bind_tools([]).invoke("q")
    assert "toolConfig" not in bedrock.last
    chosen: Any = model.bind(tool_choice="any", tools=[])
    chosen.bind_tools([weather]).invoke("q")
    assert bedrock.last["toolConfig"]["toolChoice"] == {"any": {}}


def test_a_tool_loop(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    get: BaseTool = tool(weather)
    bound = model.bind_tools([get])
    bedrock.says(
        Says(
            [{"toolUse": {"toolUseId": "t", "name": "weather", "input": {"city_name": "Paris"}}}],
            stop="tool_use",
        ),
        "It is sunny.",
    )
    asked = HumanMessage("How is Paris?")
    call = bound.invoke([asked])
    assert isinstance(call, AIMessage)
    result = get.invoke(call.tool_calls[0])
    assert isinstance(result, ToolMessage)
    assert bound.invoke([asked, call, result]).text == "It is sunny."
    assert bedrock.last["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "t", "content": [{"text": "sunny in Paris"}]}}
    ]


def test_anthropics_cache_control_of_a_tool_is_a_cache_point_behind_it(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    cached = {"name": "a", "input_schema": CITY, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    model.bind_tools(
        [cached, tool(weather, extras={"cache_control": {"type": "ephemeral"}}), weather]
    ).invoke("q")
    a, first, b, second, c = bedrock.last["toolConfig"]["tools"]
    assert first == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert second == {"cachePoint": {"type": "default"}}
    assert [held["toolSpec"]["name"] for held in (a, b, c)] == ["a", "weather", "weather"]


@pytest.mark.parametrize(
    "more", [{"defer_loading": True}, {"type": "memory_20250818"}, {"allowed_callers": ["code"]}]
)
def test_what_only_anthropic_knows_of_a_tool_is_refused(model: ChatBedrock, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=next(iter(more))):
        model.bind_tools([{"name": "a", "input_schema": CITY, **more}])


@pytest.mark.parametrize("kind", ["any", "auto", "tool"])
def test_anthropics_wish_for_one_call_at_a_time_in_the_choice(
    model: ChatBedrock, bedrock: ScriptedBedrock, kind: str
) -> None:
    named = {"name": "weather"} if kind == "tool" else {}
    choice = {"type": kind, **named, "disable_parallel_tool_use": True}
    before = dict(choice)
    model.bind_tools([weather], tool_choice=choice).invoke("q")
    model.invoke("q", tools=[weather], tool_choice=choice)
    assert choice == before
    for sent in bedrock.sent:
        assert sent.body["toolConfig"]["toolChoice"] == {kind: named}
        assert sent.body["additionalModelRequestFields"]["tool_choice"]["disable_parallel_tool_use"] is True


def test_a_tool_whose_schema_cannot_be_written_is_refused(model: ChatBedrock) -> None:
    class Hook(BaseModel):
        """Calls back."""

        back: Callable[[int], int]

    with pytest.raises(InvalidRequestError, match="cannot be read as a tool"):
        model.bind_tools([Hook])


def test_tools_that_are_none_are_refused(model: ChatBedrock) -> None:
    with pytest.raises(InvalidRequestError, match="list of tools"):
        model.bind_tools(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [{"tool_choice": "auto"}, {"tools": [weather]}])
def test_structured_output_binds_its_own_tool(model: ChatBedrock, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=next(iter(given))):
        model.with_structured_output(Weather, **given)


@pytest.mark.parametrize("call_id", ["x" * 65, "call|with spaces", "", None])
def test_an_id_that_bedrock_refuses_is_the_same_other_one_for_call_and_result(
    model: ChatBedrock, bedrock: ScriptedBedrock, call_id: Any
) -> None:
    call = {"name": "weather", "args": {"city_name": "Oslo"}, "id": call_id}
    block = {"type": "tool_use", "name": "weather", "input": {}, "id": call_id}
    result = ToolMessage("sunny", tool_call_id=call_id or "")
    for content in ("", [block]):
        model.invoke([HumanMessage("q"), AIMessage(content, tool_calls=[call]), result])
        _, asked, answered = bedrock.last["messages"]
        (use,) = asked["content"]
        sent = use["toolUse"]["toolUseId"]
        assert answered["content"][0]["toolResult"]["toolUseId"] == sent
        assert re.fullmatch(r"[a-zA-Z0-9_.:-]{1,64}", sent)


class SystemTool(BaseTool):
    """A tool as langchain-aws's NovaGroundingTool is one."""

    name: str = "nova_grounding"
    description: str = "Searches the web."
    type: str = "system_tool"

    def _run(self, **_: Any) -> str:
        raise AssertionError("Bedrock runs it")


NATIVE = {"systemTool": {"name": "nova_grounding"}}


@pytest.mark.parametrize("given", ["nova_grounding", SystemTool(), NATIVE])
def test_a_tool_that_bedrock_runs_by_name_and_as_an_object(
    model: ChatBedrock, bedrock: ScriptedBedrock, given: Any
) -> None:
    model.bind_tools([given, weather], tool_choice="nova_grounding").invoke("q")
    config = bedrock.last["toolConfig"]
    assert config["tools"][0] == NATIVE
    assert config["toolChoice"] == {"tool": {"name": "nova_grounding"}}
