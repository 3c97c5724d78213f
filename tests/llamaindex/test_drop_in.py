"""Keywords of llama-index-llms-bedrock-converse mean here what they meant there."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from llama_index.core import Settings
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bedrock_unified import ConfigurationError, InvalidRequestError
from llamaindex_bedrock_unified import BedrockConverse

from .conftest import KEYS, MODEL
from .scripted import ScriptedBedrock, calls, says

Make = Callable[..., BedrockConverse]
QUESTION = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hello?")]
POINT = {"cachePoint": {"type": "default"}}
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"


def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


TOOLS = [FunctionTool.from_defaults(weather)]


class Song(BaseModel):
    """A song."""

    title: str


def test_every_keyword_is_taken(bedrock: ScriptedBedrock) -> None:
    """The constructor of bedrock_converse 0.15.5, with the values that say nothing."""
    llm = BedrockConverse(
        model=MODEL,
        temperature=0.1,
        max_tokens=512,
        profile_name=None,
        **KEYS,
        aws_session_token=None,
        region_name="us-east-1",
        api_version=None,
        use_ssl=True,
        verify=None,
        endpoint_url=bedrock.url,
        botocore_session=None,
        client=None,
        async_client=None,
        timeout=60.0,
        max_retries=10,
        botocore_config=None,
        additional_kwargs={"requestMetadata": {"team": "a"}},
        callback_manager=None,
        system_prompt="Be brief.",
        messages_to_prompt=None,
        completion_to_prompt=None,
        output_parser=None,
        system_prompt_caching=False,
        tool_caching=False,
        guardrail_identifier="gr1",
        guardrail_version="1",
        guardrail_stream_processing_mode="sync",
        application_inference_profile_arn=None,
        trace="enabled",
        thinking=None,
        supports_forced_tool_calls=True,
    )
    assert llm.chat(QUESTION).message.content == "Good day."
    body = bedrock.bodies[-1]
    assert body["inferenceConfig"] == {"temperature": 0.1, "maxTokens": 512}
    assert body["guardrailConfig"]["trace"] == "enabled"
    assert body["requestMetadata"] == {"team": "a"}
    llm.bedrock.close()


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"use_ssl": False}, "http://"),
        ({"api_version": "2023-09-30"}, "leave it out"),
        ({"async_client": object()}, "leave it out"),
        ({"botocore_config": Config(), "client": object()}, "keep one of them"),
        ({"botocore_session": object(), "api_key": "k"}, "keep one of them"),
    ],
)
def test_a_keyword_without_a_meaning_says_the_way_out(given: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BedrockConverse(model=MODEL, **given)
    assert hint in str(caught.value.hint)
    assert next(iter(given)) in caught.value.message or "next to botocore" in caught.value.message


@pytest.mark.parametrize("way", ["chat", "achat", "stream", "complete"])
async def test_cache_points_are_sent_in_every_way(make_llm: Make, bedrock: ScriptedBedrock, way: str) -> None:
    llm = make_llm(system_prompt_caching=True, tool_caching=True)
    if way == "chat":
        llm.chat_with_tools(TOOLS, chat_history=QUESTION)
    elif way == "achat":
        await llm.achat_with_tools(TOOLS, chat_history=QUESTION)
    elif way == "stream":
        list(llm.stream_chat_with_tools(TOOLS, chat_history=QUESTION))
    else:
        llm.complete("Hello?", tools=TOOLS)
    body = bedrock.bodies[-1]
    assert body["toolConfig"]["tools"][1:] == [POINT]
    assert "system" not in body if way == "complete" else body["system"] == [{"text": "Be brief."}, POINT]
    await llm.bedrock.aclose()


def test_cache_points_are_not_doubled(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    given = {"system": [POINT], "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}, POINT]}}
    llm = make_llm(system_prompt_caching=True, tool_caching=True)
    llm.chat(QUESTION, **given)
    assert bedrock.bodies[-1]["system"] == [{"text": "Be brief."}, POINT]
    assert bedrock.bodies[-1]["toolConfig"] == given["toolConfig"]
    make_llm().chat(QUESTION)
    assert bedrock.bodies[-1]["system"] == [{"text": "Be brief."}]


def test_an_application_profile_is_called_and_the_model_says_what_it_is(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    llm = make_llm(model="us.meta.llama3-1-70b-instruct-v1:0", application_inference_profile_arn=PROFILE)
    llm.chat(QUESTION)
    assert bedrock.requests[-1].model == PROFILE
    assert llm.metadata.model_name == "us.meta.llama3-1-70b-instruct-v1:0"
    with pytest.raises(InvalidRequestError, match="does not take the tool choice 'any'"):
        llm.chat_with_tools(TOOLS, user_msg="?", tool_required=True)
    bedrock.script = [says(calls("Song", {"title": "Time"}))]
    assert llm.as_structured_llm(Song).chat(QUESTION).raw == Song(title="Time")
    assert bedrock.requests[-1].model == PROFILE
    llm.chat(QUESTION, model=MODEL)
    assert bedrock.requests[-1].model == MODEL
    unknown = make_llm(model="acme.brand-new-v1:0", application_inference_profile_arn=PROFILE)
    assert unknown.metadata.is_function_calling_model
    unknown.chat(QUESTION)
    assert bedrock.requests[-1].model == PROFILE
    with pytest.raises(InvalidRequestError):
        make_llm(application_inference_profile_arn="not an arn")


def test_demands_give_way_where_the_model_is_said_not_to_take_them(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    llm = make_llm(
        supports_forced_tool_calls=False,
        capabilities={"structured_output": "tool", "tool_choices": ["auto"]},
    )
    llm.chat_with_tools(TOOLS, user_msg="?", tool_required=True)
    assert "toolChoice" not in bedrock.bodies[-1]["toolConfig"]
    bedrock.script = [says(calls("Song", {"title": "Time"}))]
    llm = make_llm(supports_forced_tool_calls=False, capabilities={"structured_output": "tool"})
    assert llm.as_structured_llm(Song).chat(QUESTION).raw == Song(title="Time")
    assert bedrock.bodies[-1]["toolConfig"]["toolChoice"] == {"auto": {}}


@pytest.mark.parametrize("how", ["session", "config", "both"])
def test_a_session_and_a_configuration_of_botocore_are_used(bedrock: ScriptedBedrock, how: str) -> None:
    seen: list[str] = []
    session = botocore.session.Session()
    session.get_component("event_emitter").register("before-sign", lambda **_: seen.append("signed"))
    given: dict[str, Any] = {}
    if how != "config":
        given["botocore_session"] = session
    if how != "session":
        given["botocore_config"] = Config(user_agent_extra="ours/1", read_timeout=7)
    llm = BedrockConverse(
        model=MODEL,
        region_name="us-west-2",
        endpoint_url=bedrock.url,
        timeout=60,
        max_retries=2,
        **KEYS,
        **given,
    )
    assert llm.chat(QUESTION).message.content == "Good day."
    assert list(llm.stream_chat(QUESTION))[-1].message.content == "Good day."
    assert asyncio.run(_asked(llm)) == "Good day."
    config = llm.client.meta.config
    assert llm.bedrock.region == llm.region_name == "us-west-2"
    assert "us-west-2" in bedrock.requests[-1].headers["authorization"]
    assert config.read_timeout == (60 if how == "session" else 7)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert ("ours/1" in bedrock.requests[-1].headers["user-agent"]) is (how != "session")
    assert bool(seen) is (how != "config")
    assert copy.deepcopy(llm).chat(QUESTION).message.content == "Good day."
    with pytest.raises(
        ConfigurationError, match="without its explicit credentials"
    ):  # whom the session signed as is not written down
        pickle.loads(pickle.dumps(llm)).chat(QUESTION)
    assert not any(secret in str(llm.to_dict()) + repr(llm) for secret in KEYS.values())
    llm.bedrock.close()


async def _asked(llm: BedrockConverse) -> str | None:
    return (await llm.achat(QUESTION)).message.content


def test_settings_hold_the_model(make_llm: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "_llm", None)
    Settings.llm = llm = make_llm()
    assert Settings.llm is llm
    assert Settings.llm.complete("Hello?").text == "Good day."


def test_the_keywords_are_written_down(make_llm: Make) -> None:
    given = {
        "system_prompt_caching": True,
        "tool_caching": True,
        "application_inference_profile_arn": PROFILE,
        "supports_forced_tool_calls": False,
    }
    data = make_llm(**given).to_dict()
    assert given.items() <= data.items()
    assert BedrockConverse.from_dict(data, **KEYS).to_dict() == data


def test_the_keys_of_an_answer_are_there(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says(calls("weather", {"city": "Paris"}))]
    for response in (llm.chat(QUESTION), list(llm.stream_chat(QUESTION))[-1]):
        assert response.raw is not None
        assert response.raw["stopReason"] == "end_turn"
        assert response.raw["usage"]["inputTokens"] == response.additional_kwargs["prompt_tokens"] == 11
        assert response.additional_kwargs["completion_tokens"] == 7
        assert response.additional_kwargs["total_tokens"] == 18
        assert response.additional_kwargs["cache_read_input_tokens"] == 0
        assert response.additional_kwargs["cache_creation_input_tokens"] == 0
        assert response.message.additional_kwargs["tool_call_id"] == ["tooluse_1"]
