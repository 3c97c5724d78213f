"""``content_blocks`` and v1 output: our answers in LangChain's standard blocks."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from .scripted import MakeModel, Says, ScriptedBedrock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
WEB = {"title": "T", "location": {"web": {"url": "https://x.example/z", "domain": "x.example"}}}
QUOTED = {
    "title": "T",
    "source": "s",
    "location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 3}},
    "sourceContent": [{"text": "a "}, {"text": "b"}],
}
SERVED = {"toolUseId": "a1", "name": "nova_grounding", "input": {"q": 1}, "type": "server_tool_use"}
RESULT = {
    "toolUseId": "a1",
    "status": "success",
    "type": "nova_grounding_result",
    "content": [{"text": "r"}],
}
LOCATION = {"web": {"url": "https://x.example/z", "domain": "x.example"}}

CASES: list[tuple[Any, list[dict[str, Any]]]] = [
    ([{"text": "hello"}], [{"type": "text", "text": "hello"}]),
    (
        [{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, {"text": "so"}],
        [
            {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "s"}},
            {"type": "text", "text": "so"},
        ],
    ),
    (
        [{"reasoningContent": {"redactedContent": b"abc"}}],
        [{"type": "reasoning", "extras": {"redacted_content": b64encode(b"abc").decode()}}],
    ),
    (
        [{"citationsContent": {"content": [{"text": "cited"}], "citations": [WEB, QUOTED]}}],
        [
            {
                "type": "text",
                "text": "cited",
                "annotations": [
                    {
                        "type": "citation",
                        "title": "T",
                        "url": "https://x.example/z",
                        "extras": {"location": LOCATION},
                    },
                    {
                        "type": "citation",
                        "title": "T",
                        "cited_text": "a b",
                        "extras": {
                            "source": "s",
                            "source_content": [{"text": "a "}, {"text": "b"}],
                            "location": {"document_char": {"document_index": 0, "start": 1, "end": 3}},
                        },
                    },
                ],
            }
        ],
    ),
    (
        [{"toolUse": SERVED}, {"toolResult": RESULT}, {"text": "done"}],
        [
            {"type": "server_tool_call", "id": "a1", "name": "nova_grounding", "args": {"q": 1}},
            {
                "type": "server_tool_result",
                "tool_call_id": "a1",
                "status": "success",
                "output": [{"type": "text", "text": "r"}],
                "extras": {"type": "nova_grounding_result"},
            },
            {"type": "text", "text": "done"},
        ],
    ),
    (
        [{"image": {"format": "png", "source": {"bytes": PNG}}}],
        [{"type": "image", "base64": b64encode(PNG).decode(), "mime_type": "image/png"}],
    ),
    (
        [{"toolUse": {"toolUseId": "a", "name": "f", "input": {"x": 1}}}],
        [{"type": "tool_call", "id": "a", "name": "f", "args": {"x": 1}}],
    ),
]


def plain(blocks: Any) -> list[dict[str, Any]]:
    """The blocks without the places that streams give them."""
    return [{name: value for name, value in block.items() if name != "index"} for block in blocks]


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize(("content", "expected"), CASES)
def test_an_answer_in_standard_blocks_and_back(
    make_model: MakeModel, bedrock: ScriptedBedrock, content: Any, expected: Any, version: str
) -> None:
    model = make_model(output_version=version)
    bedrock.says(Says(content), Says(content))
    told = model.invoke("q")
    assert plain(told.content_blocks) == expected
    whole: AIMessageChunk | None = None
    for chunk in model.stream("q"):
        whole = chunk if whole is None else whole + chunk  # type: ignore[assignment]
    assert whole is not None
    assert plain(whole.content_blocks) == expected
    for answer in (told, whole):
        answer.model_dump_json()
        before = answer.model_copy(deep=True)
        model.invoke([("user", "q"), answer, ("user", "and?")])
        assert answer == before
        assert bedrock.last["messages"][1]["content"] == _on_the_wire(content)


def _on_the_wire(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _on_the_wire(held) for name, held in value.items()}
    return [_on_the_wire(held) for held in value] if isinstance(value, list) else value


def test_a_valid_and_an_invalid_call_side_by_side(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    calls = [
        {"toolUse": {"toolUseId": "a", "name": "f", "input": "{broken"}},
        {"toolUse": {"toolUseId": "b", "name": "f", "input": {"x": 1}}},
    ]
    bedrock.says(Says(calls))
    kinds = [(block["type"], block.get("id")) for block in make_model().invoke("q").content_blocks]
    assert kinds == [("invalid_tool_call", "a"), ("tool_call", "b")]


def test_edited_calls_are_what_is_shown() -> None:
    call = {"type": "tool_call", "id": "a", "name": "f", "args": {"x": 2}}
    ours = {"model_provider": "amazon_bedrock"}
    block = {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}
    edited = AIMessage([block], tool_calls=[call], response_metadata=ours)  # type: ignore[list-item]
    assert edited.content_blocks == [call]
    bare = AIMessage("text", tool_calls=[call], response_metadata=ours)  # type: ignore[list-item]
    assert bare.content_blocks == [{"type": "text", "text": "text"}, call]


def test_what_has_no_standard_block_is_non_standard() -> None:
    ours = {"model_provider": "amazon_bedrock"}
    block = {"type": "video", "source": {"type": "s3Location", "data": {"uri": "s3://b/k"}}}
    message = AIMessage([block, {"type": "newBlock", "newBlock": {"a_b": 1}}], response_metadata=ours)
    assert message.content_blocks == [{"type": "non_standard", "value": part} for part in message.content]


def test_another_providers_refusal_is_what_it_said(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    said = [{"type": "refusal", "refusal": "I cannot."}, {"type": "refusal", "refusal": ""}]
    make_model().invoke([("user", "q"), AIMessage(said), ("user", "why?")])  # type: ignore[arg-type]
    assert bedrock.last["messages"][1]["content"] == [{"text": "I cannot."}]
