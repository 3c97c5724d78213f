"""Each defect that was reproduced in langchain-aws 1.9.1's chat models, as a test that would fail there.

A few have their tests where the behaviour belongs: cancelled calls that run on
(``test_streaming.py::test_a_cancelled_call_closes_its_connection``), calls that wait for threads
(``::test_no_asynchronous_method_touches_a_thread``), events that are new and end a stream
(``::test_events_that_nobody_knows_yet_end_up_in_the_metadata``), models that cannot be pickled or copied
(``test_writing_down.py``), ``model=`` of a call and tokens of tools (``test_calls.py``).
"""

from __future__ import annotations

import asyncio
import copy
import json
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from langchain_core.exceptions import ModelError, ModelRateLimitError
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel

from bedrock_unified import ConfigurationError
from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import ThrottlingError

from .scripted import KEYS, MODEL, Fails, MakeModel, Says, ScriptedBedrock

NOVA = "us.amazon.nova-lite-v1:0"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20)


def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


class City(BaseModel):
    """A city."""

    name: str


def whole(chunks: Any) -> AIMessageChunk:
    """The sum of a stream."""
    total: Any = None
    for chunk in chunks:
        total = chunk if total is None else total + chunk
    return total


# Construction


def test_an_arn_that_names_its_model_needs_no_provider(make_model: MakeModel) -> None:
    arn = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
    assert make_model(model=arn).invoke("q").content == "Good day."
    opaque = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    assert make_model(model=opaque).invoke("q").content == "Good day."


def test_a_misspelt_parameter_is_not_sent_to_the_model(make_model: MakeModel) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'temperature'"):
        make_model(temprature=1)


def test_the_runtimes_endpoint_is_not_the_control_planes(make_model: MakeModel) -> None:
    settings = make_model(endpoint_url="https://gateway.example/bedrock").bedrock.settings
    assert settings.endpoint_url == "https://gateway.example/bedrock"
    assert settings.control_endpoint_url is None


def test_only_max_retries_leaves_the_time_limits(make_model: MakeModel) -> None:
    settings = make_model(max_retries=7).bedrock.settings
    assert (settings.connect_timeout, settings.timeout) == (5.0, 300.0)


def test_explicit_keys_do_not_pick_up_an_ambient_session_token(
    make_model: MakeModel, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "somebody-elses")
    model = make_model()
    assert model.aws_session_token is None
    from bedrock_unified import LocalBedrock

    with LocalBedrock() as local:  # which verifies signatures
        make_model(endpoint_url=local.url).invoke("q")
        assert "x-amz-security-token" not in local.requests[0].headers
        assert local.requests[0].status == 200


def test_construction_makes_no_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    def session(*_: Any, **__: Any) -> None:
        raise AssertionError("a boto3 session")

    monkeypatch.setattr(boto3, "Session", session)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
    began = time.perf_counter()
    for _ in range(20):
        ChatBedrock(model=MODEL, region_name="us-east-1", **KEYS)
    assert time.perf_counter() - began < 0.5  # 20 x 230 ms there


def test_importing_leaves_boto3_alone() -> None:
    assert boto3.client.__module__ == "boto3"
    assert boto3.Session.client.__module__ == "boto3.session"


@pytest.mark.parametrize("geo", ["in", "ca", "mx", "us-gov"])
def test_a_geography_that_nobody_listed_streams(
    make_model: MakeModel, bedrock: ScriptedBedrock, geo: str
) -> None:
    list(make_model(model=f"{geo}.anthropic.claude-sonnet-5").stream("q"))
    assert bedrock.sent[-1].operation == "converse-stream"


@pytest.mark.parametrize("model_id", ["google.gemma-9", "minimax.m9", "anthropic.claude-opus-9", "acme.new"])
def test_a_model_that_nobody_has_heard_of_streams_and_takes_tool_choices(
    make_model: MakeModel, bedrock: ScriptedBedrock, model_id: str
) -> None:
    model = make_model(model=model_id)
    list(model.bind_tools([weather], tool_choice="any").stream("q"))
    assert bedrock.sent[-1].operation == "converse-stream"
    assert bedrock.last["toolConfig"]["toolChoice"] == {"any": {}}


# Tools and structured output


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", {"any": {}}),
        (True, {"any": {}}),
        ({"type": "function", "function": {"name": "weather"}}, {"tool": {"name": "weather"}}),
        ({"type": "tool", "name": "weather"}, {"tool": {"name": "weather"}}),
        ({"type": "any"}, {"any": {}}),
    ],
)
def test_a_choice_is_not_a_tool_of_that_name(
    model: ChatBedrock, bedrock: ScriptedBedrock, choice: Any, expected: Any
) -> None:
    model.bind_tools([weather], tool_choice=choice).invoke("q")
    assert bedrock.last["toolConfig"]["toolChoice"] == expected
    model.bind_tools([weather], tool_choice="none").invoke("q")
    assert "toolConfig" not in bedrock.last


def test_any_system_tool_can_be_bound_and_streamed(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    list(model.bind_tools([{"systemTool": {"name": "nova_something_new"}}]).stream("q"))
    assert bedrock.last["toolConfig"]["tools"] == [{"systemTool": {"name": "nova_something_new"}}]


@pytest.mark.parametrize(
    "model_id", [NOVA, "us.meta.llama3-3-70b-instruct-v1:0", "mistral.mistral-large-2402-v1:0"]
)
def test_tools_of_models_other_than_claude_are_not_dropped(
    make_model: MakeModel, bedrock: ScriptedBedrock, model_id: str
) -> None:
    make_model(model=model_id).bind_tools([weather]).invoke("q")
    assert bedrock.last["toolConfig"]["tools"][0]["toolSpec"]["name"] == "weather"


def test_json_mode_is_not_function_calling(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says('{"name": "Vell"}')
    assert model.with_structured_output(City, method="json_mode").invoke("q") == City(name="Vell")
    assert "toolConfig" not in bedrock.last


def test_a_json_schema_keeps_the_configured_effort(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    bedrock.says('{"name": "Vell"}')
    model = make_model(output_config={"effort": "low"})
    model.with_structured_output(City, method="json_schema").invoke("q")
    assert bedrock.last["outputConfig"]["effort"] == "low"
    assert "textFormat" in bedrock.last["outputConfig"]


def test_keys_in_a_tools_result_stay_as_they_are(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    data = {"user_id": 1, "userName": {"first_name": "A", "lastName": "B"}}
    call: Any = {"type": "tool_call", "id": "t", "name": "weather", "args": {"city_name": 1}}
    history = [
        HumanMessage("q"),
        AIMessage("", tool_calls=[call]),
        ToolMessage([{"json": data}], tool_call_id="t"),
    ]
    model.bind_tools([weather]).invoke(history)
    _, called, told = bedrock.last["messages"]
    assert called["content"][0]["toolUse"]["input"] == {"city_name": 1}
    assert told["content"][0]["toolResult"]["content"] == [{"json": data}]


SERVED = [
    {"toolUse": {"toolUseId": "s", "name": "n", "input": {"user_id": 1, "aB": 2}, "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "s", "status": "success", "type": "n_result", "content": [{"text": "r"}]}},
    {"text": "so"},
]


@pytest.mark.parametrize("stream", [False, True])
def test_server_tools_go_back_with_their_types_and_keys(
    model: ChatBedrock, bedrock: ScriptedBedrock, stream: bool
) -> None:
    bedrock.says(Says(SERVED))
    answer = whole(model.stream("q")) if stream else model.invoke("q")
    model.invoke([HumanMessage("q"), answer, HumanMessage("and?")])
    assert bedrock.last["messages"][1]["content"] == SERVED


def test_tools_that_come_and_go_stay_in_their_turn(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    added = {"toolAddition": {"tool": {"name": "weather"}}}
    make_model(model="us.anthropic.claude-opus-5").bind_tools([weather]).invoke(
        [HumanMessage("q"), AIMessage("a"), SystemMessage([added]), HumanMessage("and?")]
    )
    assert added in [block for turn in bedrock.last["messages"] for block in turn["content"]]


# Content


def test_the_callers_messages_are_not_changed(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    messages = [HumanMessage("q"), AIMessage("so far  \n"), SystemMessage("kind"), HumanMessage("  ")]
    before = copy.deepcopy(messages)
    model.invoke(messages)
    model.invoke(messages[:2])
    assert messages == before


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_image_of_an_answer_arrives_as_an_image(
    make_model: MakeModel, bedrock: ScriptedBedrock, stream: bool, version: str
) -> None:
    bedrock.says(Says([{"image": {"format": "png", "source": {"bytes": PNG}}}]))
    model = make_model(output_version=version)
    answer = whole(model.stream("q")) if stream else model.invoke("q")
    [block] = answer.content_blocks
    assert block["type"] == "image"
    assert (block.get("base64"), block.get("mime_type")) == (b64encode(PNG).decode(), "image/png")


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text-plain", "text": "Tea at four.", "mime_type": "text/plain"},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "Tea at four."},
        },
    ],
)
def test_plain_text_documents(model: ChatBedrock, bedrock: ScriptedBedrock, block: dict[str, Any]) -> None:
    model.invoke([HumanMessage([{"type": "text", "text": "q"}, block])])
    document = bedrock.last["messages"][0]["content"][1]["document"]
    assert "Tea at four." in json.dumps(document) or b64encode(b"Tea at four.").decode() in json.dumps(
        document
    )


def test_audio_both_ways(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    sound = {"type": "audio", "base64": b64encode(WAV).decode(), "mime_type": "audio/wav"}
    bedrock.says(Says([{"audio": {"format": "wav", "source": {"bytes": WAV}}}]))
    answer = make_model(model="acme.listens-1").invoke([HumanMessage([sound, {"type": "text", "text": "q"}])])
    assert bedrock.last["messages"][0]["content"][0]["audio"]["format"] == "wav"
    assert answer.content_blocks[0]["type"] == "audio"


def test_redacted_reasoning_can_be_written_as_json(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(*[Says([{"reasoningContent": {"redactedContent": b"\xff\x00"}}, {"text": "so"}])] * 2)
    for answer in (model.invoke("q"), whole(model.stream("q"))):
        assert b64encode(b"\xff\x00").decode() in answer.model_dump_json()


def test_the_url_of_a_web_citation_is_its_url(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    cited = {"location": {"web": {"url": "https://x.example/z", "domain": "x.example"}}}
    bedrock.says(Says([{"citationsContent": {"content": [{"text": "so"}], "citations": [cited]}}]))
    [block] = model.invoke("q").content_blocks
    assert block["type"] == "text"
    assert block["annotations"][0]["url"] == "https://x.example/z"  # type: ignore[typeddict-item]


def test_guarded_content_keeps_its_qualifiers_and_goes_back(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    guarded = {"guardContent": {"text": {"text": "q", "qualifiers": ["query"]}}}
    bedrock.says(Says([guarded, {"text": "so"}]))
    answer = model.invoke([HumanMessage([guarded])])
    assert bedrock.last["messages"][0]["content"] == [guarded]
    model.invoke([HumanMessage("q"), answer, HumanMessage("and?")])
    assert guarded in bedrock.last["messages"][1]["content"]


# Calls


def test_the_latency_is_the_same_in_a_stream(model: ChatBedrock) -> None:
    unary = model.invoke("q").response_metadata["metrics"]
    assert unary == whole(model.stream("q")).response_metadata["metrics"] == {"latencyMs": 5}


def test_a_call_makes_no_client_and_asks_nobody_about_a_profile(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(model="arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc")
    model.invoke("q")
    client = model.bedrock
    model.invoke("q")
    assert model.bedrock is client
    assert [sent.operation for sent in bedrock.sent] == ["converse"] * 2


def test_the_stop_of_a_call_is_not_that_of_the_next(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    model = make_model(model=NOVA)
    model.invoke("q", stop=["X"])
    assert bedrock.last["inferenceConfig"]["stopSequences"] == ["X"]
    model.invoke("q")
    assert "inferenceConfig" not in bedrock.last


async def test_many_calls_at_once_do_not_wait_for_each_other(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model()
    bedrock.says(*[Says(gap=0.05)] * 40)  # about 0.35 s each
    began = time.perf_counter()
    answers = await asyncio.gather(*[_streamed(model) for _ in range(40)])
    assert {answer.text for answer in answers} == {"Good day."}
    assert bedrock.most_streaming > 20  # 6 there, of 200
    assert time.perf_counter() - began < 5
    await model.bedrock.aclose()


async def _streamed(model: ChatBedrock) -> AIMessageChunk:
    return whole([chunk async for chunk in model.astream("q")])


def test_prompt_variables_are_a_parameter(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    prompt = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1"
    variables = {"user_name": {"text": "Ann"}}
    make_model(model=prompt).invoke("q", promptVariables=variables)
    assert bedrock.last["promptVariables"] == variables


def test_keys_of_a_calls_request_metadata_stay_as_they_are(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    model.invoke("q", request_metadata={"team_name": "a", "costCentre": "b"})
    assert bedrock.last["requestMetadata"] == {"team_name": "a", "costCentre": "b"}


def test_the_guardrails_stream_mode_goes_to_streams_alone(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    guardrail = {
        "guardrailIdentifier": "abc123",
        "guardrailVersion": "1",
        "streamProcessingMode": "async",
    }
    model = make_model(guardrails=guardrail)
    model.invoke("q")
    assert "streamProcessingMode" not in bedrock.last["guardrailConfig"]
    list(model.stream("q"))
    assert bedrock.last["guardrailConfig"]["streamProcessingMode"] == "async"


def test_throttling_is_langchains_error_too(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(Fails(429, "ThrottlingException", "Too many requests"))
    with pytest.raises(ModelRateLimitError) as caught:
        model.invoke("q")
    error = caught.value
    assert isinstance(error, ModelError) and isinstance(error, ThrottlingError)
    assert error.is_retryable
    assert isinstance(getattr(error, "response", None), Mapping)  # botocore's ClientError, still
