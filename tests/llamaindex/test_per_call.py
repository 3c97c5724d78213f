"""Another region, key or endpoint for one call, and a call's key where nobody else reads it."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, PrivateAttr, SecretStr

from bedrock_unified import BedrockClient, ConfigurationError
from bedrock_unified.local import LocalBedrock
from llamaindex_bedrock_unified import BedrockConverse

from .conftest import KEYS, MODEL
from .scripted import ScriptedBedrock

SECRET = "bedrock-api-key-of-this-call-alone"
QUESTION = [ChatMessage(role="user", content="How many legs has a spider? Spiders have eight legs.")]
PROMPT = PromptTemplate("{text}")


class Legs(BaseModel):
    """What has legs."""

    animal: str
    legs: int


def legs(animal: str) -> str:
    """How many legs an animal has."""
    return f"{animal}: 8"


@pytest.fixture
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


@pytest.fixture
def make(local: LocalBedrock) -> Iterator[Callable[..., BedrockConverse]]:
    made: list[BedrockConverse] = []

    def make(**keywords: Any) -> BedrockConverse:
        own = {"region_name": "us-east-1", "endpoint_url": local.url, **KEYS}
        made.append(BedrockConverse(**{"model": MODEL, **own, **keywords}))
        return made[-1]

    yield make
    for model in made:
        for client in (model.bedrock, *model._elsewhere.values()):
            client.close()


def test_another_region_or_key_for_one_call(
    make: Callable[..., BedrockConverse], local: LocalBedrock, bedrock: ScriptedBedrock
) -> None:
    llm = make()
    llm.chat(QUESTION)
    llm.chat(QUESTION, region="eu-west-1")
    llm.complete("q", api_key=SecretStr(local.API_KEY))
    list(llm.stream_chat(QUESTION, api_key=local.API_KEY))
    list(llm.stream_complete("q", bedrock_api_key=local.API_KEY))
    llm.chat_with_tools([FunctionTool.from_defaults(legs)], "Which?", api_key=local.API_KEY)
    llm.structured_predict(Legs, PROMPT, {"api_key": local.API_KEY}, text="The spider has 8 legs.")
    llm.chat(QUESTION)
    told = [request.auth for request in local.requests]
    assert told == ["sigv4", "sigv4", "bearer", "bearer", "bearer", "bearer", "bearer", "sigv4"]
    assert {request.status for request in local.requests} == {200}
    assert llm.chat(QUESTION, endpoint_url=bedrock.url, temperature=0).message.content == "Good day."
    assert len(local.requests) == 8
    assert bedrock.bodies[-1]["inferenceConfig"] == {"temperature": 0}
    assert len(llm._elsewhere) == 3


async def test_asynchronously_and_from_many_calls_at_once(
    make: Callable[..., BedrockConverse], local: LocalBedrock, bedrock: ScriptedBedrock
) -> None:
    llm = make(endpoint_url=bedrock.url)
    key: dict[str, Any] = {"endpoint_url": local.url, "api_key": local.API_KEY}
    await asyncio.gather(*(llm.achat(QUESTION, region=f"eu-west-{n % 2 + 1}", **key) for n in range(10)))
    async for _ in await llm.astream_chat(QUESTION, region="eu-west-1", **key):
        pass
    assert len(local.requests) == 11 and not bedrock.requests
    assert len(llm._elsewhere) == 2
    for client in (llm.bedrock, *llm._elsewhere.values()):
        await client.aclose()


def test_what_cannot_work_is_said_before_anything_is_sent(
    make: Callable[..., BedrockConverse], local: LocalBedrock
) -> None:
    llm = make()
    for given, named in (
        ({"region": "eu-west-1", "region_name": "eu-west-2"}, "both 'region' and 'region_name'"),
        ({"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "aws_secret_access_key"),
        ({"timeout": -1}, "timeout"),
    ):
        with pytest.raises(ConfigurationError, match=named):
            llm.chat(QUESTION, **given)
    with (
        BedrockClient(endpoint_url=local.url, region_name="us-east-1", **KEYS) as client,
        pytest.raises(ConfigurationError, match="client= decides"),
    ):
        BedrockConverse(model=MODEL, client=client).chat(QUESTION, region="eu-west-1")
    assert not local.requests


def test_clients_of_calls_are_kept_for_the_parameters_that_they_were_made_with(
    make: Callable[..., BedrockConverse], local: LocalBedrock
) -> None:
    llm = make(timeout=7)
    llm.chat(QUESTION, region="eu-west-1")
    (first,) = llm._elsewhere.values()
    llm.chat(QUESTION, region="eu-west-1")
    assert list(llm._elsewhere.values()) == [first] and first.region == "eu-west-1"
    assert first.settings.timeout == 7
    llm.timeout = 8
    llm.chat(QUESTION, region="eu-west-1")
    assert [client.settings.timeout for client in llm._elsewhere.values()] == [8]
    assert llm.model_copy(update={"timeout": 9})._elsewhere == {}
    assert copy.deepcopy(llm)._elsewhere == pickle.loads(pickle.dumps(llm))._elsewhere == {}
    for number in range(40):
        llm._elsewhere[(number,)] = first
    llm.chat(QUESTION, region="eu-west-3")
    assert len(llm._elsewhere) <= 16
    first.close()


class Heard(BaseEventHandler):
    """Keeps all events."""

    _events: list[BaseEvent] = PrivateAttr(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Heard"

    def handle(self, event: BaseEvent, **_: Any) -> None:
        self._events.append(event)


class Spans(SimpleSpanHandler):
    """Keeps the arguments of all spans, as OpenInference does."""

    _arguments: list[Any] = PrivateAttr(default_factory=list)

    def new_span(self, id_: str, bound_args: Any, *given: Any, **more: Any) -> Any:
        self._arguments.append(dict(bound_args.arguments))
        return super().new_span(id_, bound_args, *given, **more)


@pytest.fixture
def heard() -> Iterator[tuple[Heard, Spans]]:
    dispatcher = get_dispatcher()
    events, spans = Heard(), Spans()
    dispatcher.add_event_handler(events)
    dispatcher.add_span_handler(spans)
    yield events, spans
    dispatcher.event_handlers.remove(events)
    dispatcher.span_handlers.remove(spans)


async def test_the_key_of_a_call_is_neither_traced_nor_kept_in_writing(
    make: Callable[..., BedrockConverse], bedrock: ScriptedBedrock, heard: tuple[Heard, Spans]
) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    llm = make(endpoint_url=bedrock.url, callback_manager=CallbackManager([debug]))
    given: dict[str, Any] = {"api_key": SECRET}
    tool = FunctionTool.from_defaults(legs)
    llm.chat(QUESTION, **given)
    llm.complete("q", **given)
    list(llm.stream_chat(QUESTION, **given))
    list(llm.stream_complete("q", **given))
    llm.chat_with_tools([tool], "Which?", **given)
    with pytest.raises(ValueError, match="tool call"):
        llm.predict_and_call([tool], "Which?", **given)
    with pytest.raises(ValueError, match="Legs"):
        llm.structured_predict(Legs, PROMPT, given, text="?")
    with pytest.raises(ValueError, match="Legs"):
        llm.structured_predict(Legs, PROMPT, llm_kwargs=given, text="?")
    await llm.achat(QUESTION, **given)
    await llm.acomplete("q", **given)
    async for _ in await llm.astream_chat(QUESTION, **given):
        pass
    with pytest.raises(ValueError, match="Legs"):
        await llm.astructured_predict(Legs, PROMPT, given, text="?")
    structured = llm.as_structured_llm(Legs)
    for call in (
        lambda: structured.chat(QUESTION, **given),
        lambda: structured.complete("?", **given),
        lambda: list(structured.stream_chat(QUESTION, **given)),
    ):
        with pytest.raises(ValueError, match="Legs"):
            call()
    with pytest.raises(ValueError, match="Legs"):
        await structured.achat(QUESTION, **given)
    assert given == {"api_key": SECRET}
    assert {sent.headers["authorization"] for sent in bedrock.requests} == {f"Bearer {SECRET}"}
    events, spans = heard
    assert len(events._events) > 24 and len(spans._arguments) > 12
    shown = [repr(event) for event in events._events]
    shown += [repr(event.model_dump()) for event in events._events]
    shown += [repr(arguments) for arguments in spans._arguments]
    shown += [repr(event.payload) for event in debug.get_events()]
    shown += [repr(llm), str(llm), repr(llm.to_dict()), json.dumps(llm.to_payload(), default=repr)]
    shown += [repr(llm.model_dump())]
    assert any("api_key" in text for text in shown)
    assert SECRET not in "".join(shown)
    written = [pickle.dumps(llm)]
    written += [pickle.dumps(event.payload["additional_kwargs"]) for event in debug.get_events()
                if event.payload and "additional_kwargs" in event.payload]  # fmt: skip
    assert len(written) > 8
    assert SECRET.encode() not in b"".join(written)
    for client in (llm.bedrock, *llm._elsewhere.values()):
        await client.aclose()


def test_where_its_calls_went_makes_no_difference_to_a_model(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    copies = (copy.copy(llm), copy.deepcopy(llm))
    llm.complete("Hello?", temperature=0.5)
    llm.complete("Hello?", region_name="eu-west-1")
    for other in copies:
        assert other == llm
        assert other.complete("Hello?", region_name="eu-west-1").text == "Good day."
        assert other != llm.model_copy(update={"temperature": 0.1})
