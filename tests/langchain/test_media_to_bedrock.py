"""Images, sounds, films and documents of LangChain's messages, in every form that users write them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from langchain_bedrock_unified import ChatBedrock

from .scripted import Conversation, ScriptedBedrock

PNG = b"\x89PNG\r\n\x1a\n...."
PDF = b"%PDF-1.7 ...."
PNG64, PDF64 = b64encode(PNG).decode(), b64encode(PDF).decode()
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG64}}}


@pytest.mark.parametrize(
    "block",
    [
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"image": {"format": "png", "source": {"bytes": PNG64}}},
        {"type": "image", "image": {"format": "png", "source": {"bytes": PNG}}},
        {"type": "image", "base64": PNG64, "mime_type": "image/png"},
        {"type": "image", "source_type": "base64", "data": PNG64, "mime_type": "image/png"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG64}},
        {"type": "image", "source": {"type": "base64", "data": PNG64[:9] + "\n" + PNG64[9:]}},
        {"type": "image", "url": f"data:image/png;base64,{PNG64}"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG64}", "detail": "low"}},
        {"type": "image_url", "image_url": f"data:image/png;base64,{PNG64}"},
        {"type": "file", "base64": PNG64, "mime_type": "image/png"},
        {"type": "non_standard", "value": {"image": {"format": "png", "source": {"bytes": PNG}}}},
    ],
)
def test_an_image_in_every_form(conversation: Conversation, block: dict[str, Any]) -> None:
    assert conversation.user(block) == [IMAGE]


@pytest.mark.parametrize(
    ("block", "kind", "form", "source"),
    [
        ({"type": "audio", "base64": "aGk=", "mime_type": "audio/mpeg"}, "audio", "mp3", {"bytes": "aGk="}),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            "audio",
            "wav",
            {"bytes": "aGk="},
        ),
        (
            {"type": "video", "base64": "aGk=", "mime_type": "video/3gpp"},
            "video",
            "three_gp",
            {"bytes": "aGk="},
        ),
        (
            {"type": "video", "url": "s3://bucket/clip.mov", "mime_type": "video/quicktime"},
            "video",
            "mov",
            {"s3Location": {"uri": "s3://bucket/clip.mov"}},
        ),
        (
            {"type": "image", "url": "s3://bucket/photo.jpg"},
            "image",
            "jpeg",
            {"s3Location": {"uri": "s3://bucket/photo.jpg"}},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "s3://bucket/photo.jpg"}},
            "image",
            "jpeg",
            {"s3Location": {"uri": "s3://bucket/photo.jpg"}},
        ),
    ],
)
def test_other_media(
    conversation: Conversation, block: dict[str, Any], kind: str, form: str, source: dict[str, Any]
) -> None:
    assert conversation.user(block) == [{kind: {"format": form, "source": source}}]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            {
                "type": "file",
                "base64": PDF64,
                "mime_type": "application/pdf",
                "filename": "Q3: report_v1.pdf",
            },
            {"format": "pdf", "name": "Q3- report-v1", "source": {"bytes": PDF64}},
        ),
        (
            {
                "type": "file",
                "base64": PDF64,
                "mime_type": "application/pdf",
                "extras": {"name": "a  b", "citations": {"enabled": True}, "context": "c"},
            },
            {
                "format": "pdf",
                "name": "a b",
                "source": {"bytes": PDF64},
                "context": "c",
                "citations": {"enabled": True},
            },
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": PDF64},
                "title": "Guide",
                "citations": {"enabled": True},
            },
            {"format": "pdf", "name": "Guide", "source": {"bytes": PDF64}, "citations": {"enabled": True}},
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
                "title": "T",
            },
            {"format": "txt", "name": "T", "source": {"bytes": "aGk="}},
        ),
        (
            {"type": "document", "source": {"type": "content", "content": "hi"}, "title": "T"},
            {"format": "txt", "name": "T", "source": {"content": [{"text": "hi"}]}},
        ),
        (
            {"type": "text-plain", "text": "hi", "title": "日本"},
            {"format": "txt", "name": "document-8f434346648f", "source": {"bytes": "aGk="}},
        ),
        (
            {
                "type": "document",
                "document": {"name": "as_it-is", "format": "md", "source": {"bytes": b"hi"}},
            },
            {"name": "as_it-is", "format": "md", "source": {"bytes": "aGk="}},
        ),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "application/json", "filename": "x.json"},
            {"format": "txt", "name": "x", "source": {"bytes": "aGk="}},
        ),
    ],
)
def test_documents(conversation: Conversation, block: dict[str, Any], expected: dict[str, Any]) -> None:
    assert conversation.user("read", block)[1] == {"document": expected}


def test_names_of_documents_are_unique_and_stable(conversation: Conversation) -> None:
    file = {"type": "file", "base64": PDF64, "mime_type": "application/pdf"}
    blocks = [
        {"document": {"name": "plan", "format": "pdf", "source": {"bytes": PDF}}},
        {**file, "filename": "plan.pdf"},
        {**file, "filename": "plan.docx.pdf"},
        file,
        file,
    ]
    named = [
        [block["document"]["name"] for block in conversation.user(*blocks, "read")[:-1]] for _ in range(2)
    ]
    assert named[0] == named[1]
    assert named[0][:3] == ["plan", "plan-2", "plan-docx"]
    assert named[0][4] == named[0][3] + "-2"


def test_a_document_makes_way_for_a_later_one_that_was_named_natively(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    native = {"document": {"format": "txt", "name": "report", "source": {"bytes": b"b"}}}
    ours = {"type": "file", "base64": "YQ==", "mime_type": "text/plain", "filename": "report.txt"}
    model.invoke([HumanMessage([ours, native, {"type": "text", "text": "q"}])])
    names = [block["document"]["name"] for block in bedrock.last["messages"][0]["content"][:2]]
    assert names == ["report-2", "report"]


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Budget v1.5", "Budget v1-5"),
        ("Budget v1.5.xlsx", "Budget v1-5"),
        ("A.PDF", "A"),
        ("notes.md", "notes"),
    ],
)
def test_a_document_loses_only_the_extension_of_a_format(
    model: ChatBedrock, bedrock: ScriptedBedrock, filename: str, name: str
) -> None:
    block = {"type": "file", "base64": "YQ==", "mime_type": "text/plain", "filename": filename}
    model.invoke([HumanMessage([block, {"type": "text", "text": "q"}])])
    assert bedrock.last["messages"][0]["content"][0]["document"]["name"] == name
