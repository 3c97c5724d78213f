"""What a replay may do and what it may not: every byte of a request counts, and nothing is reached."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request

from bedrock_unified import BedrockClient

from .isolation import NetworkUsed, empty_environment, refuse_network
from .recording import Recording, replayed
from .replies import ask
from .tape import FOLDER, Label, load

CASSETTES = sorted(FOLDER.rglob("*.yaml"))
CONVERSE = FOLDER / "client" / "converse.yaml"
STREAM = FOLDER / "client" / "converse_stream.yaml"
KNOWN = ask(inferenceConfig={"maxTokens": 100, "temperature": 0.0})


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test here has a network or an identity."""
    empty_environment(monkeypatch, tmp_path)
    refuse_network(monkeypatch)


@pytest.fixture
def playing() -> Iterator[Recording]:
    """The cassette of one Converse call."""
    with replayed(CONVERSE, Label("local", ("BedrockClient.converse",))) as recording:
        yield recording


def changed(body: bytes) -> Iterator[bytes]:
    """The body with one byte replaced, one added, one taken, at its ends and in its middle."""
    for position in {0, len(body) // 2, len(body) - 1}:
        flipped = bytes([body[position] ^ 0x01])
        yield body[:position] + flipped + body[position + 1 :]
        yield body[:position] + b" " + body[position:]
        yield body[:position] + body[position + 1 :]


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_one_changed_byte_of_a_request_does_not_match(path: Path) -> None:
    with replayed(path, Label("local", ())) as recording:
        for stored, _ in recording.tape.data:
            body = stored.body or b""
            assert recording.tape.can_play_response_for(request(stored, body))
            for other in changed(body) if body else [b" "]:
                assert not recording.tape.can_play_response_for(request(stored, other))


def request(stored: Request, body: bytes) -> Request:
    """A stored request, asked anew of another host and with other headers, which do not matter."""
    uri = stored.uri.replace("bedrock", "any-host", 1)
    return Request(stored.method, uri, body, {"authorization": "another"})


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_another_path_or_method_does_not_match(path: Path) -> None:
    with replayed(path, Label("local", ())) as recording:
        for stored, _ in recording.tape.data:
            body = stored.body
            for other in (
                Request(stored.method, stored.uri.replace("amazonaws.com/", "amazonaws.com/x"), body, {}),
                Request("PUT", stored.uri, body, {}),
                Request(
                    stored.method,
                    f"{stored.uri}&more=1" if "?" in stored.uri else f"{stored.uri}?more=1",
                    body,
                    {},
                ),
            ):
                assert not recording.tape.can_play_response_for(other)


def test_a_changed_request_is_refused_by_urllib3(playing: Recording) -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException):
        playing.client().converse(**{**KNOWN, "inferenceConfig": {"maxTokens": 101, "temperature": 0.0}})
    assert playing.tape.play_count == 0
    playing.client().converse(**KNOWN)
    assert playing.tape.play_count == 1


async def test_a_changed_request_is_refused_by_aiohttp(playing: Recording) -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException):
        await playing.client().aconverse(
            **ask("What is the capital of France!", inferenceConfig={"maxTokens": 100})
        )
    await playing.client().aconverse(**KNOWN)
    assert playing.tape.play_count == 1


def test_an_answer_is_given_once(playing: Recording) -> None:
    client = playing.client()
    client.converse(**KNOWN)
    with pytest.raises(CannotOverwriteExistingCassetteException):
        client.converse(**KNOWN)


def test_a_stream_replays_byte_for_byte() -> None:
    stored: bytes = load(STREAM)["interactions"][0]["response"]["body"]["string"]
    with replayed(STREAM, Label("local", ())) as recording:
        assert recording.tape.responses[0]["body"]["string"] == stored


def test_replaying_leaves_the_file_alone(playing: Recording) -> None:
    before = CONVERSE.stat().st_mtime_ns
    playing.client().converse(**KNOWN)
    playing.tape._save()
    assert CONVERSE.stat().st_mtime_ns == before


# The isolation itself


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.getaddrinfo("bedrock-runtime.us-east-1.amazonaws.com", 443),
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: socket.socket().connect(("127.0.0.1", 9)),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"?", ("127.0.0.1", 53)),
    ],
    ids=["name", "create_connection", "connect", "sendto"],
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_the_network_is_out_of_reach(reach: object) -> None:
    with pytest.raises(NetworkUsed):
        reach()  # type: ignore[operator]


def test_without_a_cassette_a_call_fails_on_both_transports() -> None:
    with pytest.raises(NetworkUsed), BedrockClient(**keys()) as client:
        client.converse(**KNOWN)

    async def call() -> None:
        async with BedrockClient(**keys()) as client:
            await client.aconverse(**KNOWN)

    with pytest.raises(NetworkUsed):
        asyncio.run(call())


def keys() -> dict[str, str]:
    """The documented example keys."""
    return {
        "region_name": "us-east-1",
        "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    }


def test_the_environment_is_empty(tmp_path: Path) -> None:
    assert not [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]
    assert Path.home() == tmp_path


# The client's own time limits reach for the socket, which a replay does not have.


def test_a_total_time_limit_works_on_a_cassette(playing: Recording) -> None:
    playing.client(total_timeout=30).converse(**KNOWN)
    assert playing.tape.all_played
