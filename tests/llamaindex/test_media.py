"""Media of LlamaIndex's messages: where their bytes may come from, and what tells their format."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    VideoBlock,
)

from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.media import Fetched, MediaFetcher
from llamaindex_bedrock_unified.fetching import fetch, fetch_blocking
from llamaindex_bedrock_unified.media import remote_urls
from llamaindex_bedrock_unified.messages import write_messages

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
PDF = b"%PDF-1.7 ...."
URL = "https://x.example/a.png?X-Amz-Signature=s3cret"


@pytest.fixture(autouse=True)
def llamaindex_downloads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """LlamaIndex's own way of downloading, which must never be taken."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("LlamaIndex downloaded")

    monkeypatch.setattr(requests, "get", refuse)


def written(*blocks: Any, fetched: Any = None) -> list[dict[str, Any]]:
    turns, _ = write_messages([ChatMessage(role="user", blocks=list(blocks))], fetched)
    return turns[0]["content"]


@pytest.mark.parametrize(
    "block",
    [
        ImageBlock(url=URL),
        DocumentBlock(url=URL),
        VideoBlock(url=URL),
        AudioBlock(url=URL),
        CitableBlock(title="t", source="s", content=[ImageBlock(url=URL)]),
    ],
    ids=lambda block: block.block_type,
)
def test_a_web_address_is_refused_by_default_and_the_parameter_is_named(block: Any) -> None:
    assert remote_urls([ChatMessage(role="user", blocks=[block])]) == [URL]
    with pytest.raises(InvalidRequestError, match=r"message 0 \(user\).*https://x\.example/a\.png") as raised:
        written(block)
    assert "fetch_media=True" in str(raised.value.hint)
    assert "s3cret" not in str(raised.value)


def test_what_was_fetched_is_sent_as_bytes_with_the_servers_type_for_its_format() -> None:
    pdf, text = "https://x.example/report", "https://x.example/table"
    found = {
        URL: Fetched(PNG, "application/octet-stream", URL),
        pdf: Fetched(PDF, "text/html", pdf),
        text: Fetched(b"a;b", "text/csv", text),
    }
    sent = written(
        ImageBlock(url=URL),
        DocumentBlock(url=pdf, title="P"),
        DocumentBlock(url=text, title="T"),
        fetched=found,
    )
    assert sent == [
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"document": {"format": "pdf", "name": "P", "source": {"bytes": PDF}}},
        {"document": {"format": "csv", "name": "T", "source": {"bytes": b"a;b"}}},
    ]


def test_only_what_must_be_is_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    blocks = [
        ImageBlock(image=PNG, url=URL),
        ImageBlock(path=path, url=URL),
        ImageBlock(url="s3://bucket/a.png"),
        ImageBlock(url="data:image/png;base64," + b64encode(PNG).decode()),
    ]
    assert remote_urls([ChatMessage(role="user", blocks=blocks)]) == []
    image = {"image": {"format": "png", "source": {"bytes": PNG}}}
    place = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.png"}}}}
    assert written(*blocks) == [image, image, place, image]


class Server:
    """A web server on the test's own event loop."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(self._answers[head.split()[1].decode().partition("?")[0]])
        await writer.drain()
        writer.close()


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.fixture
def local() -> Iterator[MediaFetcher]:
    """A fetcher that may reach this machine, for tests alone."""
    yield MediaFetcher(max_bytes=30, ports=None, allow_address=lambda address: address.is_loopback)


async def test_downloads_need_no_thread_and_do_not_stop_the_loop(
    local: MediaFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(*_: object, **__: object) -> None:
        raise AssertionError("a download went to a thread")

    monkeypatch.setattr(asyncio, "to_thread", no_thread)
    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", no_thread)
    # The server shares the loop with the download: were the loop stopped, nobody would answer.
    async with Server({"/a.png": answer(PNG)}) as url, asyncio.timeout(5):
        found = await fetch([f"{url}/a.png"], fetcher=local)
    assert found == {f"{url}/a.png": Fetched(PNG, None, f"{url}/a.png")}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(b"", "404 Not Found"), "404"),
        (answer(b"x" * 31), "larger than 30"),
        (answer(b""), "zero bytes"),
    ],
)
async def test_downloads_that_fail_say_why_and_keep_the_query_to_themselves(
    local: MediaFetcher, reply: bytes, reason: str
) -> None:
    async with Server({"/a.png": reply}) as url:
        with pytest.raises(InvalidRequestError, match=reason) as raised:
            await fetch([f"{url}/a.png?X-Amz-Signature=s3cret"], fetcher=local)
    assert "s3cret" not in str(raised.value)


async def test_the_default_fetcher_reaches_no_inside_address() -> None:
    for url in ("http://127.0.0.1/a.png", "http://169.254.169.254/latest/meta-data/", "http://[::1]/a.png"):
        with pytest.raises(InvalidRequestError, match="public internet"):
            await fetch([url])
        with pytest.raises(InvalidRequestError, match="public internet"):
            fetch_blocking([url])


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://x.example/a.png", "/etc/hostname"])
def test_a_url_never_names_a_file_of_this_machine(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        written(DocumentBlock(url=url))


def test_bytes_win_over_a_type_that_they_contradict(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (sent,) = written(ImageBlock(image=PNG, image_mimetype="image/jpeg"))
    assert sent["image"]["format"] == "png"
    assert "jpeg" in caplog.text


def test_a_document_whose_path_is_in_s3_is_named_and_not_read() -> None:
    (sent,) = written(DocumentBlock(path="s3://bucket/plans/b.docx", title="b"))
    assert sent["document"]["source"] == {"s3Location": {"uri": "s3://bucket/plans/b.docx"}}
