"""Media of LangChain's messages: where their bytes may come from, and what tells their format."""

from __future__ import annotations

import copy
import logging
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from bedrock_unified import BedrockClient
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.media import Fetched, MediaFetcher
from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.messages.documents import DocumentNames
from langchain_bedrock_unified.messages.fetched import awith_fetched, web_addresses, with_fetched
from langchain_bedrock_unified.messages.media import media
from langchain_bedrock_unified.messages.to_converse import converse_messages

from .scripted import ScriptedBedrock

PNG = b"\x89PNG\r\n\x1a\n...."
PDF = b"%PDF-1.7 ...."
PNG64 = b64encode(PNG).decode()
URL = "https://x.example/a.png?sig=s3cret"
OTHER = "http://y.example/Plan.pdf"
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}

WAYS = [
    {"type": "image", "url": URL},
    {"type": "image", "source_type": "url", "url": URL},
    {"type": "image", "url": URL, "mime_type": "image/jpeg"},
    {"type": "image_url", "image_url": URL},
    {"type": "image_url", "image_url": {"url": URL, "detail": "low"}},
    {"type": "image", "source": {"type": "url", "url": URL}},
    {"type": "file", "url": URL},
    {"type": "input_image", "image_url": URL, "detail": "low"},
    {"type": "input_file", "file_url": URL},
    {"type": "non_standard", "value": {"type": "image", "url": URL}},
]


class Found(MediaFetcher):
    """Finds what it was given, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def fetch_all(self, urls: Any) -> dict[str, Fetched]:
        self.asked += urls
        known = {URL: Fetched(PNG, "image/png", URL), OTHER: Fetched(PDF, "application/octet-stream", OTHER)}
        return {url: known[url] for url in urls}

    async def afetch_all(self, urls: Any) -> dict[str, Fetched]:
        return self.fetch_all(urls)


def blocks(*messages: BaseMessage) -> list[dict[str, Any]]:
    turns, _ = converse_messages(messages)
    return [block for turn in turns for block in turn["content"]]


def user(block: Any) -> list[dict[str, Any]]:
    return blocks(HumanMessage([block]))


@pytest.mark.parametrize("block", WAYS)
def test_a_web_address_is_refused_by_default_and_the_parameter_is_named(block: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"https://x\.example/a\.png") as raised:
        blocks(HumanMessage([block]))
    assert "fetch_media=True" in str(raised.value.hint)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("block", WAYS)
async def test_a_web_address_that_was_allowed_is_fetched_and_sent_as_bytes(block: Any) -> None:
    message = HumanMessage([{"type": "text", "text": "q"}, block])
    before = copy.deepcopy(message)
    fetcher = Found()
    expected = [{"text": "q"}, IMAGE]
    assert blocks(*with_fetched([message], fetcher)) == expected
    assert blocks(*await awith_fetched([message], fetcher)) == expected
    assert message == before
    assert fetcher.asked == [URL, URL]


def test_each_address_is_fetched_once_and_messages_without_one_are_not_copied() -> None:
    plain = HumanMessage("q")
    result = ToolMessage([{"type": "image", "url": URL}, {"type": "file", "url": OTHER}], tool_call_id="t")
    nested = HumanMessage(
        [{"type": "tool_result", "tool_use_id": "u", "content": [{"type": "image", "url": URL}]}]
    )
    call = AIMessage("", tool_calls=[{"name": "w", "args": {"url": URL}, "id": "t"}])
    given: Sequence[BaseMessage] = [plain, call, result, nested]
    assert web_addresses(given) == [URL, OTHER]
    fetcher = Found()
    written = with_fetched(given, fetcher)
    assert fetcher.asked == [URL, OTHER]
    assert written[0] is plain
    assert written[1] is call
    sent = blocks(*written)
    document = {"format": "pdf", "name": "Plan", "source": {"bytes": PDF}}
    assert [block["toolResult"]["content"] for block in sent if "toolResult" in block] == [
        [IMAGE, {"document": document}],
        [IMAGE],
    ]


def test_text_and_arguments_with_an_address_in_them_are_left_alone() -> None:
    given = [
        HumanMessage(URL),
        HumanMessage(
            [{"type": "text", "text": URL}, {"type": "search_result", "source": URL, "content": URL}]
        ),
        AIMessage("", tool_calls=[{"name": "w", "args": {"type": "image", "url": URL}, "id": "t"}]),
    ]
    assert web_addresses(given) == []
    assert with_fetched(given, Found()) is given


def test_the_default_fetcher_reaches_no_inside_address() -> None:
    for url in ("http://127.0.0.1/a.png", "http://169.254.169.254/latest/meta-data/", "http://[::1]/a.png"):
        with pytest.raises(InvalidRequestError, match="public internet"):
            with_fetched([HumanMessage([{"type": "image", "url": url}])])


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "~/a.png", "ftp://x/a.png", 5])
def test_a_url_never_names_a_file_of_this_machine(url: Any) -> None:
    with pytest.raises(InvalidRequestError):
        user({"type": "image", "url": url, "mime_type": "image/png"})


def test_bytes_win_over_a_type_that_they_contradict(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert user({"type": "image", "base64": PNG64, "mime_type": "image/jpeg"}) == [IMAGE]
    assert "png" in caplog.text
    assert "jpeg" in caplog.text


def test_what_was_written_in_bedrocks_own_shape_is_sent_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    native = {"image": {"format": "jpeg", "source": {"bytes": PNG}}}
    with caplog.at_level(logging.WARNING):
        assert user(native) == [native]
    assert not caplog.messages


def test_a_file_without_a_type_is_what_its_bytes_are() -> None:
    assert user({"type": "file", "base64": PNG64}) == [IMAGE]
    (block,) = user({"type": "file", "base64": b64encode(b"a;b").decode(), "filename": "t.csv"})
    assert block["document"]["format"] == "csv"
    (block,) = user({"type": "file", "base64": b64encode(b"print()").decode(), "filename": "a.py"})
    assert block["document"]["format"] == "txt"


def test_a_data_url_need_not_be_base64() -> None:
    (block,) = user({"type": "file", "url": "data:text/csv,a%3Bb", "filename": "t"})
    assert block["document"] == {"format": "csv", "name": "t", "source": {"bytes": b"a;b"}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "video", "url": "s3://bucket/clip.mp4", "bucket_owner": "123456789012"},
        {"type": "video", "url": "S3://bucket/clip.mp4", "extras": {"bucket_owner": "123456789012"}},
    ],
)
def test_the_owner_of_an_s3_bucket_is_told(block: dict[str, Any]) -> None:
    location = {"uri": "s3://bucket/clip.mp4", "bucketOwner": "123456789012"}
    assert user(block) == [{"video": {"format": "mp4", "source": {"s3Location": location}}}]


def test_a_document_in_s3_is_called_by_its_key() -> None:
    (block,) = user({"type": "file", "url": "s3://bucket/plans/Plan%202026.docx"})
    assert block["document"] == {
        "format": "docx",
        "name": "Plan 2026",
        "source": {"s3Location": {"uri": "s3://bucket/plans/Plan%202026.docx"}},
    }


@pytest.mark.parametrize(
    ("media_type", "data", "form"),
    [("audio/mpeg", b"ID3 x", "mpeg"), ("audio/mpga", b"", "mpga"), ("audio/mpeg", b"fLaC", "mpeg")],
)
def test_the_format_of_an_answers_audio_comes_back(media_type: str, data: bytes, form: str) -> None:
    said = {"type": "audio", "source": {"data": b64encode(data).decode(), "media_type": media_type}}
    assert user(said)[0]["audio"]["format"] == form


def test_bytes_win_over_anthropics_media_type_where_it_is_not_an_answers() -> None:
    source = {"type": "base64", "media_type": "image/jpeg", "data": PNG64}
    block = media("image", {"type": "image", "source": source}, DocumentNames(), ours=False)
    assert block == IMAGE


async def test_a_model_fetches_where_it_is_allowed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher = Found()
    monkeypatch.setattr("langchain_bedrock_unified.messages.fetched.MediaFetcher", lambda: fetcher)
    heard: list[Any] = []

    class Client(BedrockClient):
        def converse(self, **request: Any) -> Any:
            heard.append(request["messages"][0]["content"])
            return {"output": {"message": {"role": "assistant", "content": [{"text": "a cat"}]}}}

        async def aconverse(self, **request: Any) -> Any:
            return self.converse(**request)

    question = [HumanMessage([{"type": "image", "url": URL}])]
    model = ChatBedrock(model="m", client=Client(region_name="us-east-1"))
    model.invoke(question, fetch_media=True)
    await model.model_copy(update={"fetch_media": True}).ainvoke(question)
    assert heard == [[IMAGE], [IMAGE]]
    with pytest.raises(InvalidRequestError, match=r"https://x\.example/a\.png"):
        model.invoke(question)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "base64": "", "mime_type": "image/png"},
        {"type": "image", "url": "data:image/png;base64,"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": ""}},
        {"type": "text-plain", "text": "", "mime_type": "text/plain"},
    ],
    ids=repr,
)
def test_a_medium_of_zero_bytes_is_refused_before_it_is_sent(block: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="block has zero bytes"):
        converse_messages([HumanMessage([block])])


def test_a_part_of_a_document_that_is_no_text_is_named() -> None:
    source = {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "image"}]}
    with pytest.raises(InvalidRequestError, match="a part of type 'image'"):
        converse_messages([HumanMessage([{"type": "document", "source": source}])])


PDF64 = b64encode(PDF).decode()
DOCUMENT = {"document": {"format": "pdf", "name": "Plan", "source": {"bytes": PDF}}}
WAV = b"RIFF0000WAVEfmt "
OPENAI = [
    ({"type": "input_text", "text": "Hello"}, {"text": "Hello"}),
    ({"type": "input_image", "image_url": f"data:image/png;base64,{PNG64}"}, IMAGE),
    ({"type": "input_image", "image_url": {"url": f"data:image/png;base64,{PNG64}"}}, IMAGE),
    (
        {
            "type": "input_file",
            "filename": "Plan.pdf",
            "file_data": f"data:application/pdf;base64,{PDF64}",
        },
        DOCUMENT,
    ),
    ({"type": "input_file", "filename": "Plan.pdf", "file_data": PDF64}, DOCUMENT),
    (
        {
            "type": "file",
            "file": {"filename": "Plan.pdf", "file_data": f"data:application/pdf;base64,{PDF64}"},
        },
        DOCUMENT,
    ),
    (
        {"type": "input_audio", "input_audio": {"data": b64encode(WAV).decode(), "format": "wav"}},
        {"audio": {"format": "wav", "source": {"bytes": WAV}}},
    ),
]


@pytest.mark.parametrize(("block", "expected"), OPENAI)
def test_openais_input_blocks_whether_langchain_has_made_them_standard_or_not(
    block: dict[str, Any], expected: dict[str, Any]
) -> None:
    given = copy.deepcopy(block)
    assert blocks(HumanMessage([block])) == [expected]
    [result] = blocks(ToolMessage([block], tool_call_id="a"))
    assert result["toolResult"]["content"] == [expected]
    assert block == given


@pytest.mark.parametrize("kind", ["input_image", "input_file"])
def test_a_file_that_was_uploaded_to_openai_is_refused(kind: str) -> None:
    with pytest.raises(InvalidRequestError, match="the id of an uploaded file"):
        blocks(HumanMessage([{"type": kind, "file_id": "file-1"}]))


def test_what_an_older_block_says_of_its_document_is_kept(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    """langchain-core makes a standard block of it first, with the metadata inside its extras."""
    said = {"name": "Plan", "context": "Of the harbour.", "citations": {"enabled": True}}
    pdf = {"type": "file", "source_type": "base64", "data": b64encode(PDF).decode()}
    model.invoke([HumanMessage([{**pdf, "mime_type": "application/pdf", "metadata": said}])])
    document, *_ = bedrock.last["messages"][0]["content"]
    assert {name: document["document"][name] for name in said} == said
