"""Tools: how they are offered, how calls come back, and what happens with more than one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, TextBlock, ToolCallBlock
from llama_index.core.tools import FunctionTool

from bedrock_unified import InvalidRequestError
from llamaindex_bedrock_unified import BedrockConverse

from .conftest import every_way
from .scripted import Answer, RawInput, ScriptedBedrock, calls, says


def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


def clock(zone: str = "UTC") -> str:
    """The time."""
    return f"noon {zone}"


TOOLS = [FunctionTool.from_defaults(weather), FunctionTool.from_defaults(clock)]
BOTH = says("Both.", calls("weather", {"city": "Paris"}, "t1"), "And", calls("clock", {}, "t2"))


def test_tools_are_offered_with_their_schemas(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    llm.chat_with_tools(TOOLS, user_msg="Weather?")
    config = bedrock.bodies[-1]["toolConfig"]
    assert config.keys() == {"tools"}
    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == ["weather", "clock"]
    assert config["tools"][0]["toolSpec"]["inputSchema"]["json"]["required"] == ["city"]
    assert "The weather of a city." in config["tools"][0]["toolSpec"]["description"]


@pytest.mark.parametrize(
    ("wish", "sent"),
    [
        ({"tool_required": True}, {"any": {}}),
        ({"tool_choice": "required"}, {"any": {}}),
        ({"tool_choice": "any"}, {"any": {}}),
        ({"tool_choice": "auto"}, {"auto": {}}),
        ({"tool_choice": {}}, None),
        ({"tool_choice": "clock", "tool_required": True}, {"tool": {"name": "clock"}}),
        ({"tool_choice": {"tool": {"name": "clock"}}}, {"tool": {"name": "clock"}}),
        ({"tool_choice": {"type": "function", "function": {"name": "clock"}}}, {"tool": {"name": "clock"}}),
        ({"tool_choice": {"any": {}}}, {"any": {}}),
    ],
)
def test_the_choice_of_a_tool_in_every_spelling(
    llm: BedrockConverse, bedrock: ScriptedBedrock, wish: dict[str, Any], sent: dict[str, Any] | None
) -> None:
    llm.chat_with_tools(TOOLS, user_msg="Weather?", **wish)
    assert bedrock.bodies[-1]["toolConfig"].get("toolChoice") == sent


def test_no_tool_is_offered_where_none_may_be_called(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    llm.chat_with_tools(TOOLS, user_msg="Weather?", tool_choice="none")
    llm.chat_with_tools([], user_msg="Weather?")
    assert all("toolConfig" not in body for body in bedrock.bodies)


def test_calls_of_the_history_are_text_where_none_may_be_called(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    """A stub of the tool would be one that the model may call."""
    used = ToolCallBlock(tool_call_id="t1", tool_name="clock", tool_kwargs={})
    history = [
        ChatMessage(role="user", content="What time is it?"),
        ChatMessage(role="assistant", blocks=[used]),
        ChatMessage(role="tool", content="noon", additional_kwargs={"tool_call_id": "t1"}),
    ]
    for tools in (TOOLS, []):
        llm.chat_with_tools(tools, chat_history=history, tool_choice="none")
        body = bedrock.bodies[-1]
        assert "toolConfig" not in body
        assert body["messages"][1]["content"] == [{"text": "[tool call t1: clock({})]"}]


def test_a_choice_that_is_no_tool_is_refused(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    with pytest.raises(InvalidRequestError, match=r"'wether'.*not among the tools"):
        llm.chat_with_tools(TOOLS, user_msg="Weather?", tool_choice="wether")
    with pytest.raises(InvalidRequestError, match="several tools are called 'clock'"):
        llm.chat_with_tools([TOOLS[1], TOOLS[1]], user_msg="Weather?")
    assert bedrock.requests == []


def test_tools_may_be_given_to_chat_itself(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    spec = {"toolSpec": {"name": "raw", "inputSchema": {"json": {"type": "object"}}}}
    question = [ChatMessage(role="user", content="Weather?")]
    llm.chat(question, tools=[*TOOLS, spec], tool_choice="raw")
    config = bedrock.bodies[-1]["toolConfig"]
    assert config["tools"][-1] == spec
    assert config["toolChoice"] == {"tool": {"name": "raw"}}
    llm.chat(question, tools={"tools": [spec]})
    llm.chat(question, toolConfig={"tools": [spec]})
    assert [body["toolConfig"] for body in bedrock.bodies[1:]] == [{"tools": [spec]}] * 2


async def test_one_call_alone_is_kept_in_its_place_where_parallel_ones_are_not_wanted(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [BOTH]
    responses = [
        llm.chat_with_tools(TOOLS, user_msg="?"),
        await llm.achat_with_tools(TOOLS, user_msg="?"),
        list(llm.stream_chat_with_tools(TOOLS, user_msg="?"))[-1],
        [item async for item in await llm.astream_chat_with_tools(TOOLS, user_msg="?")][-1],
    ]
    for response in responses:
        assert [call.tool_id for call in llm.get_tool_calls_from_response(response)] == ["t1"]
        blocks = response.message.blocks
        assert [type(block) for block in blocks] == [TextBlock, ToolCallBlock, TextBlock]
        assert response.message.additional_kwargs["tool_call_id"] == ["t1"]
    await llm.bedrock.aclose()


@pytest.mark.parametrize("more", [[], [{"reasoningContent": {"redactedContent": b"\0"}}]])
async def test_reasoning_that_led_to_calls_left_out_goes_with_them(
    llm: BedrockConverse, bedrock: ScriptedBedrock, more: list[dict[str, Any]]
) -> None:
    """Claude refuses an answer that ends with reasoning when it is sent back."""
    thought = {"reasoningContent": {"reasoningText": {"text": "And that.", "signature": "SIG"}}}
    cited = {"citationsContent": {"content": [{"text": "So."}], "citations": [{"title": "a", "source": "b"}]}}
    first, second = calls("weather", {"city": "Paris"}, "1"), calls("weather", {"city": "Rome"}, "2")
    for said in ([], [cited]):
        content = [thought, *said, first, thought, *more, second]
        bedrock.script = [Answer(content, stop="tool_use")]
        for response in await every_way(llm, "chat_with_tools", TOOLS, user_msg="?"):
            assert len(llm.get_tool_calls_from_response(response)) == 1
            assert isinstance(response.message.blocks[-1], ToolCallBlock)
            result = ChatMessage("Sunny", role="tool", additional_kwargs={"tool_call_id": "1"})
            llm.chat([ChatMessage("?"), response.message, result])
            assert [list(block) for block in bedrock.bodies[-1]["messages"][1]["content"]] == [
                ["reasoningContent"], *([["citationsContent"]] if said else []), ["toolUse"]
            ]  # fmt: skip


async def test_parallel_calls_come_in_order_where_they_are_wanted(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [BOTH]
    wanted = {"user_msg": "?", "allow_parallel_tool_calls": True}
    responses = [
        llm.chat_with_tools(TOOLS, **wanted),
        list(llm.stream_chat_with_tools(TOOLS, **wanted))[-1],
        [item async for item in await llm.astream_chat_with_tools(TOOLS, **wanted)][-1],
    ]
    for response in responses:
        found = llm.get_tool_calls_from_response(response)
        assert [(call.tool_name, call.tool_kwargs) for call in found] == [
            ("weather", {"city": "Paris"}),
            ("clock", {}),
        ]
    await llm.bedrock.aclose()


def test_no_call_is_an_error_only_where_one_was_expected(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    response = llm.chat_with_tools(TOOLS, user_msg="?")
    assert llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
    with pytest.raises(ValueError, match=r"at least one tool call.*end_turn"):
        llm.get_tool_calls_from_response(response)


async def test_predict_and_call_runs_the_tool(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says(calls("weather", {"city": "Paris"}))]
    assert str(llm.predict_and_call(TOOLS, user_msg="Weather?")) == "Sunny in Paris"
    assert str(await llm.apredict_and_call(TOOLS, user_msg="Weather?")) == "Sunny in Paris"
    await llm.bedrock.aclose()


def cut(text: str, stop: str = "max_tokens") -> Answer:
    """A call whose input is this text."""
    return Answer([calls("weather", RawInput(text))], stop)


async def test_a_call_that_was_cut_short_is_shown_and_never_run(
    llm: BedrockConverse, bedrock: ScriptedBedrock, caplog: pytest.LogCaptureFixture
) -> None:
    bedrock.script = [cut('{"city": "Par')]
    chunks = list(llm.stream_chat_with_tools(TOOLS, user_msg="?"))
    partial, last = chunks[-2], chunks[-1]
    assert llm.get_tool_calls_from_response(partial)[0].tool_kwargs == {"city": "Par"}
    assert llm.get_tool_calls_from_response(last, error_on_no_tool_call=False) == []
    assert "unfinished calls of 'weather'" in caplog.text
    with pytest.raises(ValueError, match=r"max_tokens; the call of 'weather' is unfinished"):
        llm.get_tool_calls_from_response(last)
    (block,) = last.message.blocks
    assert isinstance(block, ToolCallBlock)
    assert block.tool_kwargs == '{"city": "Par'
    restored = ChatResponse.model_validate_json(last.model_dump_json())  # raw is not written
    assert llm.get_tool_calls_from_response(restored, error_on_no_tool_call=False) == []


@pytest.mark.parametrize(
    ("text", "stop", "runs"),
    [
        ("", "max_tokens", False),
        ("", "model_context_window_exceeded", False),
        ("", "tool_use", True),
        ("not json", "tool_use", False),
        ("[1]", "tool_use", False),
        ('{"city": "Paris"}', "max_tokens", True),
    ],
)
def test_only_calls_with_a_whole_object_are_run(
    llm: BedrockConverse, bedrock: ScriptedBedrock, text: str, stop: str, runs: bool
) -> None:
    bedrock.script = [cut(text, stop)]
    *_, last = llm.stream_chat_with_tools(TOOLS, user_msg="?")
    assert bool(llm.get_tool_calls_from_response(last, error_on_no_tool_call=False)) is runs


def test_the_first_of_two_calls_with_one_id_is_kept(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    grounded = {"citationsContent": {"content": [{"text": "See."}], "citations": [{"title": "T"}]}}
    twins = [calls("weather", {"city": city}, "t1") for city in ("Paris", "Rome")]
    bedrock.script = [says(*twins), says(grounded, *twins)]
    for _ in range(2):
        response = llm.chat_with_tools(TOOLS, user_msg="?")
        (call,) = llm.get_tool_calls_from_response(response)
        assert call.tool_kwargs == {"city": "Paris"}


QUESTION = [ChatMessage(role="user", content="Weather?")]
SPEC = {"toolSpec": {"name": "raw", "inputSchema": {"json": {"type": "object"}}}}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"tool_choice": "any"}, "there are no tools"),
        ({"tool_choice": "nosuch"}, "not among the tools"),
        ({"tool_required": True}, "there are no tools"),
        ({"tools": [], "tool_choice": "required"}, "there are no tools"),
        ({"tools": TOOLS, "toolConfig": {"tools": [SPEC]}}, "toolConfig next to tools"),
        ({"tool_choice": "any", "toolConfig": {"tools": [SPEC]}}, "toolConfig next to tools"),
        (
            {"tools": {"tools": [SPEC], "toolChoice": {"any": {}}}, "tool_choice": "raw"},
            "next to a toolChoice",
        ),
        ({"tools": {"tools": [SPEC]}, "tool_choice": "nosuch"}, "not among the tools"),
    ],
)
def test_tools_that_cannot_be_offered_as_asked_are_refused(
    llm: BedrockConverse, bedrock: ScriptedBedrock, given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        llm.chat(QUESTION, **given)
    assert bedrock.requests == []


@pytest.mark.parametrize(
    "tools", [SPEC, {}, {"toolChoice": {"any": {}}}, {"tools": 7}, {"tools": SPEC}, 7, 0, "raw", TOOLS[0]]
)
def test_what_is_no_list_of_tools_is_refused(
    llm: BedrockConverse, bedrock: ScriptedBedrock, tools: Any
) -> None:
    for call in (llm.chat, llm.stream_chat):
        with pytest.raises(InvalidRequestError, match="tools must be a list of tools") as caught:
            call(QUESTION, tools=tools)
        assert (caught.value.hint or "").startswith("write [")
    with pytest.raises(InvalidRequestError, match="tools must be a list of tools"):
        llm.chat_with_tools(tools, user_msg="?")
    assert bedrock.requests == []


@pytest.mark.parametrize("spec", [7, {}, {"name": 7}])
def test_a_tool_in_converses_form_without_a_name_is_refused(
    llm: BedrockConverse, bedrock: ScriptedBedrock, spec: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="a tool has no name"):
        llm.chat(QUESTION, tools=[{"toolSpec": spec}])
    assert bedrock.requests == []


def test_no_tools_may_be_none_or_an_empty_list(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    for tools in (None, [], ()):
        llm.chat(QUESTION, tools=tools)
    assert all("toolConfig" not in body for body in bedrock.bodies)


def test_demands_without_tools_are_refused_by_chat_with_tools(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    for given in ({"tool_required": True}, {"tool_choice": "any"}):
        with pytest.raises(InvalidRequestError, match="there are no tools"):
            llm.chat_with_tools([], user_msg="?", **given)
    with pytest.raises(InvalidRequestError, match="tools next to toolConfig"):
        llm.chat_with_tools(TOOLS, user_msg="?", toolConfig={"tools": [SPEC]})
    assert bedrock.requests == []


def test_a_choice_beside_a_tool_config_is_sent(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    llm.chat(QUESTION, tools={"tools": [SPEC]}, tool_choice="raw")
    assert bedrock.bodies[-1]["toolConfig"] == {"tools": [SPEC], "toolChoice": {"tool": {"name": "raw"}}}


def test_tools_of_additional_kwargs_are_offered_until_a_call_says_otherwise(
    make_llm: Callable[..., BedrockConverse], bedrock: ScriptedBedrock
) -> None:
    config = {"tools": [SPEC], "toolChoice": {"any": {}}}
    llm = make_llm(additional_kwargs={"toolConfig": config})
    llm.chat(QUESTION)
    llm.chat(QUESTION, tool_choice="raw")
    llm.chat(QUESTION, tool_choice="none")
    llm.chat(QUESTION, toolConfig=None)
    llm.chat_with_tools(TOOLS, user_msg="?", tool_choice="none")
    llm.chat_with_tools(TOOLS, user_msg="?")
    first, chosen, *off, others = [body.get("toolConfig") for body in bedrock.bodies]
    assert first == config
    assert chosen == {"tools": [SPEC], "toolChoice": {"tool": {"name": "raw"}}}
    assert off == [None] * 3
    assert others.keys() == {"tools"}
    assert len(others["tools"]) == 2


def test_a_tool_with_a_parameter_that_json_cannot_say_is_named(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    def run(action: Callable[[], None]) -> None:
        """Run it."""

    with pytest.raises(InvalidRequestError, match="the tool 'run' has a parameter without a JSON schema"):
        llm.chat_with_tools([FunctionTool.from_defaults(run)], user_msg="?")
    assert bedrock.requests == []


@pytest.mark.parametrize("given", [weather, "weather"])
def test_what_is_no_tool_is_refused(llm: BedrockConverse, bedrock: ScriptedBedrock, given: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is no tool") as caught:
        llm.chat_with_tools([given], "How is it in Rome?")
    assert "FunctionTool.from_defaults" in caught.value.hint
    assert not bedrock.requests
