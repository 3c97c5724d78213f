"""The local endpoint, and the public files that the suites download, served from this machine."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bedrock_unified import LocalBedrock


@pytest.fixture(scope="session")
def bedrock() -> Iterator[LocalBedrock]:
    """One endpoint for all suites."""
    with LocalBedrock() as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def environment(bedrock: LocalBedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that are told nothing go to the endpoint, and the suites' downloads go nowhere."""
    for name, value in bedrock.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "bedrock-unified tests")
    monkeypatch.setattr(httpx, "get", _file)


@pytest.fixture
def vcr() -> SimpleNamespace:
    """What the suite asks of a cassette: that there are answers. They come from the endpoint."""
    return SimpleNamespace(responses=["the endpoint's"])


@pytest.fixture(autouse=True)
def unmeasured(request: pytest.FixtureRequest) -> None:
    """The suites' benchmarks run once: ``tests/benchmarks`` is where time is measured."""
    if "benchmark" in request.fixturenames:
        request.getfixturevalue("benchmark").disabled = True


def _file(url: str, **_: Any) -> httpx.Response:
    kind = url.rpartition(".")[2]
    content = {"png": _png, "pdf": _pdf, "wav": _wav, "jpg": _png}[kind]()
    return httpx.Response(200, content=content, request=httpx.Request("GET", url))


def _png() -> bytes:
    """A grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def _wav() -> bytes:
    """A tenth of a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return file.getvalue()
