"""ChatMessages as they go over the wire: every block, every role, nothing changed on the way."""

from __future__ import annotations

import copy
import io
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.llms.llm import ToolSelection

from bedrock_unified import InvalidRequestError
from llamaindex_bedrock_unified import converse_message
from llamaindex_bedrock_unified.messages import write_messages

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
PDF = b"%PDF-1.7 no more"


def turns(*messages: ChatMessage) -> list[dict[str, Any]]:
    return write_messages(messages)[0]


def content(*blocks: Any, role: str = "user", **kwargs: Any) -> list[dict[str, Any]]:
    (turn,) = turns(ChatMessage(role=role, blocks=list(blocks), additional_kwargs=kwargs))
    return turn["content"]


@pytest.mark.parametrize(
    ("role", "on_the_wire"),
    [("user", "user"), ("assistant", "assistant"), ("model", "assistant"), ("chatbot", "assistant")],
)
def test_roles_become_the_two_that_converse_has(role: str, on_the_wire: str) -> None:
    assert turns(ChatMessage(role=role, content="Hi")) == [{"role": on_the_wire, "content": [{"text": "Hi"}]}]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_messages_stand_apart_with_their_cache_points(role: str) -> None:
    point = CachePoint(cache_control=CacheControl(type="ephemeral"))
    system = ChatMessage(role=role, blocks=[TextBlock(text="Be brief."), TextBlock(text=" "), point])
    sent, written = write_messages([system, ChatMessage(role="user", content="Hi")])
    assert written == [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}]
    assert [turn["role"] for turn in sent] == ["user"]


def test_a_system_message_keeps_its_place_where_it_is_told_to() -> None:
    sent, written = write_messages(
        [
            ChatMessage(role="system", content="Be brief."),
            ChatMessage(role="user", content="Review it."),
            ChatMessage(role="system", content="Name types.", additional_kwargs={"in_place": True}),
        ]
    )
    assert written == [{"text": "Be brief."}]
    assert sent[1] == {"role": "system", "content": [{"text": "Name types."}]}


@pytest.mark.parametrize(
    ("ttl", "sent"), [("5m", {"type": "default"}), ("1h", {"type": "default", "ttl": "1h"})]
)
def test_a_cache_point_names_its_ttl_only_when_it_is_not_the_default(ttl: str, sent: dict[str, str]) -> None:
    point = CachePoint(cache_control=CacheControl(type="ephemeral", ttl=ttl))
    assert content(TextBlock(text="Hi"), point) == [{"text": "Hi"}, {"cachePoint": sent}]
    assert point.cache_control.type == "ephemeral"


def test_media_are_sent_as_bytes_in_converses_formats(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mov"
    clip.write_bytes(b"moving")
    sent = content(
        ImageBlock(image=PNG),
        ImageBlock(image=io.BytesIO(PNG), image_mimetype="image/png"),
        ImageBlock(url="data:image/png;base64," + b64encode(PNG).decode()),
        DocumentBlock(data=PDF, title="The report: Q1/2026.pdf"),
        VideoBlock(path=clip),
        AudioBlock(audio=b"ID3 sound", format="mp3"),
    )
    assert sent[:3] == [{"image": {"format": "png", "source": {"bytes": PNG}}}] * 3
    assert sent[3:] == [
        {"document": {"format": "pdf", "name": "The report- Q1-2026", "source": {"bytes": PDF}}},
        {"video": {"format": "mov", "source": {"bytes": b"moving"}}},
        {"audio": {"format": "mp3", "source": {"bytes": b"ID3 sound"}}},
    ]


def test_what_lies_in_s3_is_named_and_not_fetched() -> None:
    image = ImageBlock(url="s3://bucket/a.webp")
    document = DocumentBlock(url="s3://bucket/b.docx", title="b")
    location = {"s3Location": {"uri": "s3://bucket/a.webp"}}
    assert content(image, document) == [
        {"image": {"format": "webp", "source": location}},
        {
            "document": {
                "format": "docx",
                "name": "b",
                "source": {"s3Location": {"uri": "s3://bucket/b.docx"}},
            }
        },
    ]


@pytest.mark.parametrize("name", ["notes.py", "notes", "notes.yaml"])
def test_a_document_that_is_text_goes_as_text_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("größer: 1", encoding="utf-8")
    assert content(DocumentBlock(path=path))[0]["document"]["format"] == "txt"


def test_documents_of_one_request_have_different_names() -> None:
    sent = content(*(DocumentBlock(data=PDF, title="Policy") for _ in range(3)))
    assert [block["document"]["name"] for block in sent] == ["Policy", "Policy-2", "Policy-3"]
    long = content(*(DocumentBlock(data=PDF, title="x" * 300) for _ in range(2)))
    assert [len(block["document"]["name"]) for block in long] == [200, 200]
    assert long[0]["document"]["name"] != long[1]["document"]["name"]


def test_documents_that_nobody_named_are_called_by_their_file_or_their_content(tmp_path: Path) -> None:
    path = tmp_path / "Café menu.pdf"
    path.write_bytes(PDF)
    other = DocumentBlock(data=PDF + b"2")
    names = [
        [block["document"]["name"] for block in content(*blocks)]
        for blocks in (
            [DocumentBlock(path=path), DocumentBlock(url="s3://bucket/plans/b.docx"), other],
            [other],
        )
    ]
    assert names[0][:2] == ["Cafe menu", "b"]
    assert names[0][2:] == names[1], "a name that depends on the other documents"
    assert names[1][0].startswith("document-")


@pytest.mark.parametrize(
    ("block", "named"),
    [
        (ImageBlock(image=b"BM bitmap", image_mimetype="image/bmp"), "image/bmp"),
        (DocumentBlock(data=b"\0\1\2 binary"), "document"),
        (DocumentBlock(data=b"PK zip", document_mimetype="application/zip"), "application/zip"),
        (ImageBlock(image=b""), "zero bytes"),
    ],
)
def test_media_that_bedrock_does_not_read_are_refused_with_the_formats(block: Any, named: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        turns(ChatMessage(role="user", content="See:"), ChatMessage(role="user", blocks=[block]))
    assert named in str(raised.value)
    assert "message 1 (user)" in str(raised.value)
    assert raised.value.hint


def test_thinking_goes_back_signed_unsigned_and_redacted_in_its_place() -> None:
    sent = content(
        ThinkingBlock(content="first", additional_information={"signature": "S1"}),
        ToolCallBlock(tool_call_id="t1", tool_name="look", tool_kwargs={"at": 1}),
        ThinkingBlock(additional_information={"redacted_content": b64encode(b"\0secret").decode()}),
        ThinkingBlock(content="unsigned"),
        ThinkingBlock(content="", additional_information={"signature": "S2"}),
        ThinkingBlock(content=None, additional_information={"id": "rs_1"}),  # another provider's
        TextBlock(text="So."),
        role="assistant",
    )
    assert sent == [
        {"reasoningContent": {"reasoningText": {"text": "first", "signature": "S1"}}},
        {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"at": 1}}},
        {"reasoningContent": {"redactedContent": b"\0secret"}},
        {"reasoningContent": {"reasoningText": {"text": "unsigned"}}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "S2"}}},
        {"text": "So."},
    ]


def test_results_of_parallel_calls_stand_in_one_turn_with_any_content() -> None:
    (turn,) = turns(
        ChatMessage(role="tool", content="sunny", additional_kwargs={"tool_call_id": "t1"}),
        ChatMessage(
            role="tool",
            blocks=[TextBlock(text="no such file"), ImageBlock(image=PNG)],
            additional_kwargs={"tool_call_id": "t2", "is_error": True},
        ),
        ChatMessage(role="function", content="  ", additional_kwargs={"tool_call_id": "t3"}),
        converse_message([{"json": {"a": [1, None]}}], role="tool", tool_call_id="t4", status="success"),
    )
    assert turn == {
        "role": "user",
        "content": [
            {"toolResult": {"toolUseId": "t1", "content": [{"text": "sunny"}]}},
            {
                "toolResult": {
                    "toolUseId": "t2",
                    "content": [
                        {"text": "no such file"},
                        {"image": {"format": "png", "source": {"bytes": PNG}}},
                    ],
                    "status": "error",
                }
            },
            {"toolResult": {"toolUseId": "t3", "content": [{"text": "(no output)"}]}},
            {"toolResult": {"toolUseId": "t4", "content": [{"json": {"a": [1, None]}}], "status": "success"}},
        ],
    }


def test_a_cache_point_after_a_tool_result_stands_beside_it() -> None:
    point = CachePoint(cache_control=CacheControl(type="default"))
    sent = content(TextBlock(text="42"), point, role="tool", tool_call_id="t1")
    assert [next(iter(block)) for block in sent] == ["toolResult", "cachePoint"]


def test_a_tool_message_that_answers_no_call_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"message 0 \(tool\).*tool_call_id is None"):
        turns(ChatMessage(role="tool", content="42"))


def test_ids_that_bedrock_refuses_are_replaced_alike_in_call_and_result() -> None:
    bad = "call/§ 1" * 20
    sent = turns(
        ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_call_id=bad, tool_name="f")]),
        ChatMessage(role="tool", content="x", additional_kwargs={"tool_call_id": bad}),
    )
    new = sent[0]["content"][0]["toolUse"]["toolUseId"]
    assert new == sent[1]["content"][0]["toolResult"]["toolUseId"] != bad
    assert len(new) <= 64
    assert new.replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ('{"a": [1, 2', {"malformed_json": '{"a": [1, 2'}),
        ("[1, 2]", {"malformed_json": "[1, 2]"}),
        ("", {}),
        ("not json", {"malformed_json": "not json"}),
    ],
)
def test_tool_input_is_an_object_that_shows_what_the_model_wrote(given: Any, sent: dict[str, Any]) -> None:
    block = ToolCallBlock(tool_call_id="t1", tool_name="f", tool_kwargs=given)
    assert content(block, role="assistant")[0]["toolUse"]["input"] == sent


@pytest.mark.parametrize(
    "call",
    [
        {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
        {"id": "t1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}},
    ],
)
def test_calls_that_other_packages_keep_beside_the_blocks_are_sent_once(call: dict[str, Any]) -> None:
    expected = {"toolUse": {"toolUseId": "t1", "name": "f", "input": {"a": 1}}}
    assert content(TextBlock(text="Wait."), role="assistant", tool_calls=[call]) == [
        {"text": "Wait."},
        expected,
    ]
    block = ToolCallBlock(tool_call_id="t1", tool_name="f", tool_kwargs={"a": 1})
    assert content(block, role="assistant", tool_calls=[call]) == [expected]


OWN = {"toolUseId": "t1", "name": "f", "input": {"a": 1}}


def test_a_tool_call_whose_block_was_removed_stays_removed() -> None:
    message = converse_message([{"text": "See"}, {"toolUse": OWN}], role="assistant")
    message.blocks = [block for block in message.blocks if isinstance(block, TextBlock)]
    assert turns(message)[0]["content"] == [{"text": "See"}]


def answer(tool_call_id: str) -> ChatMessage:
    return ChatMessage(role="tool", content="r", additional_kwargs={"tool_call_id": tool_call_id})


def test_an_answered_call_that_no_block_shows_is_sent() -> None:
    stored = ChatMessage(role="assistant", content="See", additional_kwargs={"tool_calls": [OWN]})
    asked, answered = turns(stored, answer("t1"))
    assert asked["content"] == [{"text": "See"}, {"toolUse": OWN}]
    assert answered["content"][0]["toolResult"]["toolUseId"] == "t1"
    other = {"toolUseId": "t2", "name": "f", "input": '{"a": 2}'}
    both = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [OWN, other]})
    assert turns(both, answer("t2"))[0]["content"] == [{"toolUse": {**other, "input": {"a": 2}}}]


def test_a_call_that_no_block_shows_is_not_sent_for_an_earlier_answer_or_beside_blocks() -> None:
    stored = ChatMessage(role="assistant", content="See", additional_kwargs={"tool_calls": [OWN]})
    assert turns(answer("t1"), stored)[-1]["content"] == [{"text": "See"}]
    shown = converse_message([{"toolUse": OWN}, {"toolUse": {**OWN, "toolUseId": "t2"}}], role="assistant")
    shown.blocks = shown.blocks[:1]
    assert turns(shown, answer("t1"), answer("t2"))[0]["content"] == [{"toolUse": OWN}]


@pytest.mark.parametrize(
    "call",
    [
        {"id": "t1", "type": "tool_use", "name": "f", "input": {"a": 1}},
        {"id": "t1", "name": "f", "args": {"a": 1}, "type": "tool_call"},
        {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
        ToolSelection(tool_id="t1", tool_name="f", tool_kwargs={"a": 1}),
    ],
)
def test_calls_in_any_providers_form_are_sent(call: Any) -> None:
    sent = content(TextBlock(text="Wait."), role="assistant", tool_calls=[call])
    assert sent == [{"text": "Wait."}, {"toolUse": OWN}]


@pytest.mark.parametrize(
    "call",
    [
        {"function": {"name": "f", "arguments": '{"a": 1}'}},
        {"function": {"name": "f", "arguments": {"a": 1}}, "id": None},
        {"name": "f", "args": {"a": 1}},
    ],
)
def test_a_call_without_an_id_gets_one_that_stays(call: dict[str, Any]) -> None:
    stored = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [call, call]})
    uses = [block["toolUse"] for block in turns(stored)[0]["content"]]
    assert uses == [{"toolUseId": f"call_0_{number}", "name": "f", "input": {"a": 1}} for number in (0, 1)]
    assert turns(stored, answer("f"))[0]["content"][0]["toolUse"]["toolUseId"] == "f"


@pytest.mark.parametrize("call", ["f", {"name": "f"}, {"name": "", "input": {}}, {"function": {}}, 7])
def test_a_call_in_no_known_form_is_refused(call: Any) -> None:
    with pytest.raises(InvalidRequestError, match="is not understood"):
        content(TextBlock(text="Wait."), role="assistant", tool_calls=[call])


def test_a_tool_call_whose_id_was_changed_is_sent_once() -> None:
    message = converse_message([{"toolUse": OWN}], role="assistant")
    (block,) = message.blocks
    assert isinstance(block, ToolCallBlock)
    block.tool_call_id = "t9"
    assert turns(message)[0]["content"] == [{"toolUse": {**OWN, "toolUseId": "t9"}}]


def test_content_that_was_kept_does_not_come_back_when_all_blocks_were_removed() -> None:
    message = converse_message([{"guardContent": {"text": {"text": "q"}}}, {"text": "q"}])
    message.blocks = []
    assert turns(message, ChatMessage(role="user", content="b")) == [
        {"role": "user", "content": [{"text": "b"}]}
    ]


def test_tool_input_in_content_that_was_kept_is_an_object_too() -> None:
    cited = {"citationsContent": {"content": [{"text": "a"}], "citations": [{"title": "T"}]}}
    message = converse_message([cited, {"toolUse": {**OWN, "input": [1]}}], role="assistant")
    assert turns(message)[0]["content"] == [cited, {"toolUse": {**OWN, "input": {"malformed_json": "[1]"}}}]


def test_documents_sent_as_they_are_keep_their_names_for_themselves() -> None:
    native = {"document": {"name": "report", "format": "pdf", "source": {"bytes": PDF}}}
    result = {
        "toolResult": {"toolUseId": "t", "content": [{"document": {**native["document"], "name": "b"}}]}
    }
    (turn,) = turns(
        ChatMessage(role="user", blocks=[DocumentBlock(data=PDF, title="report")]),
        converse_message([native, result]),
        ChatMessage(role="user", blocks=[DocumentBlock(data=PDF, title="b")]),
    )
    names = [block["document"]["name"] for block in turn["content"] if "document" in block]
    assert names == ["report-2", "report", "b-2"]


def test_sources_to_cite_become_search_results_or_documents_with_citations_on() -> None:
    text = CitableBlock(title="Handbook", source="https://x.test/h", content="20 days of leave.")
    file = CitableBlock(title="File", source="disk", content=[DocumentBlock(data=PDF, title="File")])
    assert content(text, file) == [
        {
            "searchResult": {
                "source": "https://x.test/h",
                "title": "Handbook",
                "content": [{"text": "20 days of leave."}],
                "citations": {"enabled": True},
            }
        },
        {
            "document": {
                "format": "pdf",
                "name": "File",
                "source": {"bytes": PDF},
                "context": "disk",
                "citations": {"enabled": True},
            }
        },
    ]


def test_citations_of_an_answer_written_by_hand_belong_to_the_text_before_them() -> None:
    cited = CitationBlock(
        cited_content=TextBlock(text="20 days"), source="s", title="T", additional_location_info={}
    )
    citation = {"title": "T", "source": "s", "sourceContent": [{"text": "20 days"}]}
    assert content(TextBlock(text="You get 20 days."), cited, cited, role="assistant") == [
        {"citationsContent": {"content": [{"text": "You get 20 days."}], "citations": [citation, citation]}}
    ]


def test_content_without_a_llamaindex_block_is_sent_as_it_is() -> None:
    blocks: list[dict[str, Any]] = [
        {"guardContent": {"text": {"text": "my question", "qualifiers": ["query"]}}},
        {"text": "my question"},
        {"newKind": {"of": ["block", {"deep": None}]}},
        {"image": {"format": "png", "source": {"bytes": PNG}, "error": {"message": "blurred"}}},
    ]
    message = converse_message(blocks)
    assert message.content == "my question"
    assert turns(message) == [{"role": "user", "content": blocks}]
    stored = ChatMessage.model_validate_json(message.model_dump_json())
    assert turns(stored) == [{"role": "user", "content": blocks}]


def test_edited_blocks_win_over_the_content_that_was_kept() -> None:
    message = converse_message([{"guardContent": {"text": {"text": "q"}}}, {"text": "q"}])
    message.blocks = [TextBlock(text="another question")]
    assert turns(message) == [{"role": "user", "content": [{"text": "another question"}]}]


def test_blank_text_and_empty_messages_are_left_out_and_neighbours_joined() -> None:
    sent = turns(
        ChatMessage(role="user", content="a"),
        ChatMessage(role="assistant", content=" \n"),
        ChatMessage(role="user", blocks=[TextBlock(text=""), TextBlock(text="b")]),
    )
    assert sent == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]


def test_nothing_that_was_given_is_changed() -> None:
    given = {"Some_Key": {"camelCase": 1}, "tool_use_id": "mine"}
    history = [
        ChatMessage(role="system", content="s"),
        ChatMessage(role="user", blocks=[TextBlock(text="a"), DocumentBlock(data=PDF, title="a_b")]),
        ChatMessage(
            role="assistant",
            blocks=[ToolCallBlock(tool_call_id="t1", tool_name="f", tool_kwargs=given)],
            additional_kwargs={"tool_calls": [{"toolUseId": "t1", "name": "f", "input": given}]},
        ),
        ChatMessage(role="tool", content="r", additional_kwargs={"tool_call_id": "t1"}),
        converse_message([{"newKind": given}]),
    ]
    before = copy.deepcopy(history)
    sent = turns(*history)
    assert history == before
    assert sent[1]["content"][0]["toolUse"]["input"] == given
    assert sent[2]["content"][-1] == {"newKind": given}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_prompt_of_system_messages_alone_has_a_users_turn(role: str) -> None:
    sent, system = write_messages([ChatMessage(role=role, content="Tell a joke.")])
    assert system == [{"text": "Tell a joke."}]
    assert sent == [{"role": "user", "content": [{"text": "."}]}]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [ChatMessage(role="system", content=" ")],
        [ChatMessage(role="system", content="a"), ChatMessage(role="user", content="")],
    ],
)
def test_no_users_turn_is_made_up_where_nothing_or_nothing_else_is_said(messages: list[ChatMessage]) -> None:
    assert turns(*messages) == []


def test_media_in_a_system_message_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"message 0 \(system\) holds a ImageBlock"):
        turns(ChatMessage(role="system", blocks=[ImageBlock(image=PNG)]))
