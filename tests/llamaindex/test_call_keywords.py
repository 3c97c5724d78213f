"""What the keywords of a single call, and of ``additional_kwargs``, may be, and how others are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage, ImageBlock
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from bedrock_unified import ConfigurationError, InvalidRequestError
from bedrock_unified.media import MediaFetcher
from llamaindex_bedrock_unified import BedrockConverse, fetching

from .conftest import MODEL
from .scripted import ScriptedBedrock, says

Make = Callable[..., BedrockConverse]
QUESTION = [ChatMessage(role="user", content="Hello?")]
PROMPT = PromptTemplate("A number.")


class Number(BaseModel):
    """A number."""

    value: int


async def refused_in_every_way(llm: BedrockConverse, reason: str, **given: Any) -> str:
    """The hint of the error by which all four forms refuse these keywords."""
    hints: set[str] = set()
    for call in (llm.chat, llm.stream_chat):
        with pytest.raises(InvalidRequestError, match=reason) as caught:
            call(QUESTION, **given)
        hints.add(str(caught.value.hint))
    for acall in (llm.achat, llm.astream_chat):
        with pytest.raises(InvalidRequestError, match=reason) as caught:
            await acall(QUESTION, **given)
        hints.add(str(caught.value.hint))
    (hint,) = hints
    return hint


@pytest.mark.parametrize("value", ["false", "true", 1, 0, [], {}, 7])
def test_only_a_switch_allows_downloads(
    make_llm: Make, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    def fetch_all(self: MediaFetcher, urls: Any) -> Any:
        raise AssertionError(f"{urls} downloaded")

    monkeypatch.setattr(fetching.MediaFetcher, "fetch_all", fetch_all)
    question = [ChatMessage(role="user", blocks=[ImageBlock(url="https://x.example/a")])]
    with pytest.raises(InvalidRequestError, match="fetch_media is ") as caught:
        make_llm(fetch_media=True).chat(question, fetch_media=value)
    assert caught.value.hint == "True allows downloads"
    with pytest.raises(ConfigurationError, match="additional_kwargs: fetch_media is "):
        make_llm(additional_kwargs={"fetch_media": value})
    with pytest.raises(InvalidRequestError, match=r"https://x\.example/a"):
        make_llm(fetch_media=True).chat(question, fetch_media=None)
    assert bedrock.requests == []


def test_a_system_prompt_of_a_call_may_be_text(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    make_llm().chat(QUESTION, system="Be brief.")
    make_llm(additional_kwargs={"system": "Be brief."}).chat(QUESTION)
    make_llm(system="Own.").complete("Hello?", system="Be brief.")
    brief = {"text": "Be brief."}
    assert [body["system"] for body in bedrock.bodies] == [[brief], [brief], [{"text": "Own."}, brief]]


def test_a_system_prompt_of_a_structured_call_may_be_text(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(capabilities={"structured_output": "text"})
    bedrock.script = [says('{"value": 3}')]
    found = llm.structured_predict(Number, PROMPT, llm_kwargs={"system": "Be brief."})
    assert found == Number(value=3)
    brief, schema = bedrock.bodies[-1]["system"]
    assert brief == {"text": "Be brief."}
    assert "JSON schema" in schema["text"]


@pytest.mark.parametrize("system", [7, {"text": "a"}, ["a"], True])
async def test_a_system_prompt_that_is_neither_text_nor_blocks_is_refused(
    llm: BedrockConverse, bedrock: ScriptedBedrock, system: Any
) -> None:
    hint = await refused_in_every_way(llm, "system is ", system=system)
    assert hint == "give text, or a list of blocks: [{'text': …}]"
    with pytest.raises(ConfigurationError, match="additional_kwargs: system is "):
        BedrockConverse(model=MODEL, additional_kwargs={"system": system})
    assert bedrock.requests == []


@pytest.mark.parametrize("model", ["", " ", [], {}, 0, False, 7])
async def test_a_model_that_is_no_text_is_refused(
    llm: BedrockConverse, bedrock: ScriptedBedrock, model: Any
) -> None:
    hint = await refused_in_every_way(llm, "model is ", model=model)
    assert hint == "give an id; None is the model's own"
    assert bedrock.requests == []


def test_no_model_is_the_models_own(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    llm.chat(QUESTION, model=None)
    assert bedrock.requests[-1].model == MODEL


@pytest.mark.parametrize("value", [7, "a", [], True])
@pytest.mark.parametrize(
    "name",
    [
        "additional_model_request_fields",
        "additionalModelRequestFields",
        "capabilities",
        "guardrailConfig",
        "inferenceConfig",
        "request_metadata",
        "toolConfig",
    ],
)
async def test_what_holds_a_dict_takes_nothing_else(
    llm: BedrockConverse, bedrock: ScriptedBedrock, name: str, value: Any
) -> None:
    hint = await refused_in_every_way(llm, f"{name} must be a dict, not ", **{name: value})
    assert hint == f"write {name}={{…: …}}"
    assert bedrock.requests == []


async def test_what_holds_a_list_takes_nothing_else(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    for name in ("additional_model_response_field_paths", "additionalModelResponseFieldPaths"):
        assert await refused_in_every_way(llm, f"{name} must be a list, not '/a'", **{name: "/a"})
    assert bedrock.requests == []


@pytest.mark.parametrize(
    "name", ["num_output", "context_window", "client", "rate_limiter", "callback_manager", "tool_caching"]
)
async def test_a_keyword_of_the_model_is_said_to_be_one(
    llm: BedrockConverse, bedrock: ScriptedBedrock, name: str
) -> None:
    reason = f"{name} belongs to the model and cannot be given to a single call"
    assert f"BedrockConverse({name}=…)" in await refused_in_every_way(llm, reason, **{name: 5})
    assert bedrock.requests == []
