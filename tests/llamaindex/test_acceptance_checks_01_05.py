"""Checks 1 to 5 of ``../shared/peers/llama-index-bedrock.md``, section 8, each under its number."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from llama_index.core.base.llms.types import CacheControl, CachePoint, DocumentBlock, ImageBlock, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bedrock_unified.streams import EventStream
from llamaindex_bedrock_unified import BedrockConverse
from llamaindex_bedrock_unified.streaming import chunks

from .conftest import every_way
from .scripted import Content, ScriptedBedrock, calls, says

Make = Callable[..., BedrockConverse]
QUESTION = [ChatMessage(role="user", content="Hello?")]
ACCOUNT = "123456789012"


class Voyage(BaseModel):
    """A voyage."""

    ship: str
    harbours: list[str]
    days: int


# LlamaIndex's StructuredLLM writes its objects with pydantic's old json().
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
@pytest.mark.parametrize("way", ["native", "strict", "tool", "text"])
async def test_check_01_streamed_objects_fill_and_the_last_is_whole(
    make_llm: Make, bedrock: ScriptedBedrock, way: str
) -> None:
    given = {"ship": "Petrel", "harbours": ["Vell", "Oster", "Tiel"], "days": 12}
    bedrock.script = [says(calls("Voyage", given) if way in ("strict", "tool") else json.dumps(given))]
    llm, prompt = make_llm(capabilities={"structured_output": way}), PromptTemplate("A voyage.")
    asked = [ChatMessage(role="user", content="A voyage.")]
    for objects in (
        list(llm.stream_structured_predict(Voyage, prompt)),
        [item async for item in await llm.astream_structured_predict(Voyage, prompt)],
        [item.raw for item in llm.as_structured_llm(Voyage).stream_chat(asked)],
        [item.raw async for item in await llm.as_structured_llm(Voyage).astream_chat(asked)],
    ):
        assert objects[-1] == Voyage(**given)
        sizes = [len(str(cast(Any, item).model_dump(exclude_none=True))) for item in objects]
        assert sizes == sorted(sizes) and len(set(sizes)) > 4
    await llm.bedrock.aclose()


@pytest.mark.parametrize(
    "model",
    [
        "acme.model-from-tomorrow-v9:0",
        *(
            f"{prefix}.acme.model-v1:0"
            for prefix in ("us", "eu", "apac", "jp", "global", "mars", "us-gov", "q1")
        ),
        *(
            f"arn:aws{part}:bedrock:us-east-1:{ACCOUNT}:{kind}"
            for part, kind in (
                ("", "application-inference-profile/ab12cd34ef56"),
                ("", "inference-profile/us.acme.model-v1:0"),
                ("-cn", "provisioned-model/ab12cd34ef56"),
                ("-us-gov", "imported-model/ab12cd34ef56"),
                ("", "custom-model/acme.model-v1:0/ab12cd34ef56"),
                ("", "custom-model-deployment/ab12cd34ef56"),
                ("", "default-prompt-router/acme.model:1"),
                ("", "prompt-router/ab12cd34ef56"),
                ("", "prompt/ABCDEFGHIJ:3"),
            )
        ),
        "arn:aws:bedrock:us-east-1::foundation-model/acme.model-v1:0",
        f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/mine",
    ],
)
async def test_check_02_any_model_can_be_made_described_and_asked(
    make_llm: Make, bedrock: ScriptedBedrock, model: str
) -> None:
    llm = make_llm(model=model)
    metadata = llm.metadata
    assert metadata.model_name == model and metadata.is_function_calling_model
    assert metadata.context_window > metadata.num_output > 0
    for answer in await every_way(llm, "chat", QUESTION):
        assert answer.message.content == "Good day."
    assert {sent.model for sent in bedrock.requests} == {model}


def tide(harbour: str) -> str:
    """The tide of a harbour."""
    return f"Low in {harbour}"


MESSAGES = [
    ChatMessage(
        role="system",
        blocks=[
            TextBlock(text="Be brief."),
            CachePoint(cache_control=CacheControl(type="ephemeral", ttl="1h")),
        ],
    ),
    ChatMessage(
        role="user",
        blocks=[
            TextBlock(text="Look."),
            ImageBlock(image=b"\x89PNG\r\n\x1a\n", image_mimetype="image/png"),
            DocumentBlock(data=b"The tide.", title="Tide table", document_mimetype="text/plain"),
        ],
    ),
]
GOLDEN: dict[str, Any] = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "Look."},
                {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
                {
                    "document": {
                        "format": "txt",
                        "name": "Tide table",
                        "source": {"bytes": "VGhlIHRpZGUu"},
                    }
                },
            ],
        }
    ],
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
    "inferenceConfig": {"maxTokens": 300, "temperature": 0.2},
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "tide",
                    "description": "The tide of a harbour.",
                    "inputSchema": {
                        "json": {
                            "properties": {"harbour": {"type": "string"}},
                            "required": ["harbour"],
                            "type": "object",
                        }
                    },
                }
            }
        ],
        "toolChoice": {"any": {}},
    },
    "requestMetadata": {"team": "harbour"},
    "additionalModelRequestFields": {"top_k": 7},
}


async def test_check_03_every_way_puts_the_same_body_on_the_wire(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    llm = make_llm(
        max_tokens=300, temperature=0.2, additional_kwargs={"requestMetadata": {"team": "harbour"}}, top_k=7
    )
    given = {"chat_history": MESSAGES, "tool_required": True, "allow_parallel_tool_calls": True}
    tool = FunctionTool.from_defaults(tide, description="The tide of a harbour.")
    await every_way(llm, "chat_with_tools", [tool], **given)
    assert [sent.operation for sent in bedrock.requests] == [
        "converse",
        "converse",
        "converse-stream",
        "converse-stream",
    ]
    for body in bedrock.bodies:
        told = body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
        assert _untitled(told) == GOLDEN["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
        body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] = _untitled(told)
        assert body == GOLDEN
    first, *others = [
        {name: value for name, value in sent.headers.items() if name in ("content-type", "host")}
        for sent in bedrock.requests
    ]
    assert others == [first] * 3


def _untitled(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: _untitled(held) for name, held in value.items() if name not in ("title", "additionalProperties")
    }


CITED = {"title": "T", "sourceContent": [{"text": "q"}], "location": {"web": {"url": "https://x.test/"}}}
TRANSCRIPT: Content = [
    {"reasoningContent": {"reasoningText": {"text": "one", "signature": "U0lHMQ=="}}},
    {"text": "Let me look."},
    calls(
        "tide",
        {"harbour": "Vell", "hours": [1, 2.0, 1e-7, None], "deep": {"b": {}, "a": "é"}},
        "t1",
        type="tool_use",
    ),
    {"reasoningContent": {"reasoningText": {"text": "two", "signature": "U0lHMg=="}}},
    {"reasoningContent": {"redactedContent": b"\x00\xff\xfe"}},
    {"citationsContent": {"content": [{"text": "It is low."}], "citations": [CITED]}},
    calls("tide", {}, "t2", type="tool_use"),
]


async def test_check_04_an_interleaved_answer_goes_back_as_bedrock_sent_it(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(*TRANSCRIPT, stop="tool_use", piece=2)]
    told = _written(TRANSCRIPT)
    results = [
        ChatMessage(role="tool", content="Low.", additional_kwargs={"tool_call_id": name})
        for name in ("t1", "t2")
    ]
    for answer in await every_way(llm, "chat", QUESTION):
        for message in (answer.message, ChatMessage.model_validate_json(answer.message.model_dump_json())):
            llm.chat([*QUESTION, message, *results])
            assert _written(bedrock.requests[-1].messages[1]["content"]) == told


def _written(content: Content) -> str:
    """Content as JSON: its members in one order, and what the model wrote in its own."""

    def ordered(value: Any) -> Any:
        if isinstance(value, list):
            return [ordered(held) for held in value]
        if not isinstance(value, dict):
            return value
        return {name: value[name] if name == "input" else ordered(value[name]) for name in sorted(value)}

    return json.dumps(ordered(content), default=lambda _: "AP/+")


class Told:
    """A stream of events that are there already."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._events = [events[start : start + 50] for start in range(0, len(events), 50)]
        self.response = says("Done.").response()

    def read(self) -> list[dict[str, Any]]:
        return self._events.pop(0) if self._events else []

    def close(self) -> None:
        """Nothing is open."""


def test_check_05_four_thousand_deltas_of_a_tools_input_take_under_100_ms() -> None:
    """6.3 seconds."""
    start = {
        "contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "f"}}}
    }
    delta = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": '"ab",'}}}}
    taken: list[float] = []
    for _ in range(3):
        stream = Told([start, *[delta] * 4000])
        begun = time.thread_time()
        items = sum(1 for _ in chunks(cast(EventStream, stream)))
        taken.append(time.thread_time() - begun)
        assert items == 4002
    assert min(taken) < 0.1
