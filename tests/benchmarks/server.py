"""The endpoint that the benchmarks call: fast, on loopback, with AWS's framing and none of its thinking.

    python server.py [--cpu N] [--seconds N]        prints its port, ends with its standard input or its time

Only ``Converse``, ``ConverseStream`` and the ``InvokeModel`` of Titan's and Cohere's embeddings are answered,
from bytes computed once; nothing is checked, no signature verified. (``bedrock_unified.local`` is the
endpoint that checks.) The first path segment says how to answer, ``/latency_ms-200.events-1000/model/…``, so
that each system gets it through its ``endpoint_url``:

    latency_ms   wait before answering
    words        length of a Converse answer
    events       text deltas of a stream
    gap_ms       time between two deltas; 0 sends the whole stream at once, each frame in its own HTTP chunk
    tool_deltas  stream a tool call whose input comes in this many pieces, instead of text
    tool_words   words in each of these pieces
    hold_ms      stop for this long after the first delta
    digits       decimals of each number of Cohere's vectors: 9 as AWS sends them; 17 are 2 MB for 96 texts

``GET /statistics`` tells how many connections and requests there have been, and the most requests at once
since it was asked last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from bedrock_unified.wire.eventstream import encode_frame

_TEXT = "each of these words is one delta of the text that this endpoint sends to whoever asks"
WORDS = _TEXT.split(" ")
_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_COMMON = "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\nx-amzn-RequestId: 5f0a3c1e-7f7d-4f7e-9f0e-2d1c3b4a5e6f\r\n"
_UNARY = "HTTP/1.1 {}\r\n" + _COMMON + "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n"
_STREAM = (
    "HTTP/1.1 200 OK\r\n" + _COMMON + "Content-Type: application/vnd.amazon.eventstream\r\n"
    "Transfer-Encoding: chunked\r\n\r\n"
).encode()
_END = b"0\r\n\r\n"


class Manner(NamedTuple):
    """How to answer; the names are those of the path segment."""

    latency_ms: int = 0
    words: int = 60
    events: int = 20
    gap_ms: int = 0
    tool_deltas: int = 0
    tool_words: int = 1
    hold_ms: int = 0
    digits: int = 9


@lru_cache(maxsize=256)
def manner_of(target: bytes) -> Manner:
    """The manner that a request's path asks for."""
    options: dict[str, int] = {}
    for word in unquote_to_bytes(target).decode().split("/")[1].split("."):
        name, _, number = word.partition("-")
        if name in Manner._fields and number.isdigit():
            options[name] = int(number)
    return Manner(**options)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _unary(status: str, body: bytes) -> bytes:
    return _UNARY.format(status, len(body)).encode() + body


@lru_cache(maxsize=16)
def converse_answer(words: int) -> bytes:
    """A whole Converse answer."""
    text = " ".join(WORDS[index % len(WORDS)] for index in range(words))
    return _unary(
        "200 OK",
        _json(
            {
                "metrics": {"latencyMs": 512},
                "output": {"message": {"content": [{"text": text}], "role": "assistant"}},
                "stopReason": "end_turn",
                "usage": {
                    "cacheReadInputTokenCount": 0,
                    "cacheReadInputTokens": 0,
                    "cacheWriteInputTokenCount": 0,
                    "cacheWriteInputTokens": 0,
                    "inputTokens": 12,
                    "outputTokens": words,
                    "serverToolUsage": {},
                    "totalTokens": 12 + words,
                },
            }
        ),
    )


@lru_cache(maxsize=128)
def embedding_answer(texts: int | None, digits: int) -> bytes:
    """1,024 numbers a text: Titan V2's for None, with as many digits as AWS sends, else Cohere v3's."""
    vectors = [
        [round(0.09 * ((place * 7919 + text * 104729) % 2003 / 1001.5 - 1), 17) for place in range(1024)]
        for text in range(texts or 1)
    ]
    if texts is None:
        body = {
            "embedding": vectors[0],
            "embeddingsByType": {"float": vectors[0]},
            "inputTextTokenCount": 8,
        }
    else:
        short = [[round(value, digits) for value in vector] for vector in vectors]
        body = {
            "embeddings": short,
            "id": "0e9cb5ab",
            "response_type": "embeddings_floats",
            "texts": [_TEXT] * texts,
        }
    return _unary("200 OK\r\nX-Amzn-Bedrock-Input-Token-Count: 8", _json(body))


def _embedding(target: bytes, manner: Manner, body: bytes) -> bytes:
    return embedding_answer(len(json.loads(body)["texts"]) if b"cohere" in target else None, manner.digits)


def _chunk(event: str, number: int, **members: object) -> bytes:
    """One frame as one HTTP chunk; its padding has another length for each number, as AWS's has."""
    payload = _json({**members, "p": _PADDING[: 2 + (number * 7) % 60]})
    frame = encode_frame(
        ((":event-type", event), (":content-type", "application/json"), (":message-type", "event")), payload
    )
    return b"%x\r\n%b\r\n" % (len(frame), frame)


@lru_cache(maxsize=16)
def stream_chunks(events: int, tool_deltas: int, tool_words: int) -> list[bytes]:
    """The chunks of a stream, one for each delta; the frames around them ride with the first and the last."""
    deltas: list[dict[str, object]]
    opening = _chunk("messageStart", 1, role="assistant")
    if tool_deltas:
        use = {"name": "record_words", "toolUseId": "tooluse_Ab3dEf6hIjKlMnOpQrStUv"}
        opening += _chunk("contentBlockStart", 2, contentBlockIndex=0, start={"toolUse": use})
        words = _cycle(tool_words)
        pieces = ['{"words": "', *(" ".join([*words, ""]) for _ in range(tool_deltas - 2)), '"}']
        deltas = [{"toolUse": {"input": piece}} for piece in pieces]
    else:
        deltas = [{"text": f" {word}"} for word in _cycle(events)]
    chunks = [
        _chunk("contentBlockDelta", index, contentBlockIndex=0, delta=delta)
        for index, delta in enumerate(deltas)
    ]
    usage = {"inputTokens": 12, "outputTokens": len(deltas), "totalTokens": 12 + len(deltas)}
    chunks[0] = opening + chunks[0]
    chunks[-1] += (
        _chunk("contentBlockStop", 3, contentBlockIndex=0)
        + _chunk("messageStop", 5, stopReason="tool_use" if tool_deltas else "end_turn")
        + _chunk("metadata", 6, metrics={"latencyMs": 512}, usage=usage)
        + _END
    )
    return chunks


def _cycle(count: int) -> list[str]:
    return [WORDS[index % len(WORDS)] for index in range(count)]


@lru_cache(maxsize=16)
def whole_stream(events: int, tool_deltas: int, tool_words: int) -> bytes:
    """Head and body of a stream that is sent at once."""
    return _STREAM + b"".join(stream_chunks(events, tool_deltas, tool_words))


class Statistics:
    """What happened since the start."""

    connections = 0
    open = 0
    requests = 0
    in_flight = 0
    peak_in_flight = 0


class Connection(asyncio.Protocol):
    """One kept-alive connection; a request at a time, which is all that these clients send."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._received = b""
        self._answering = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        Statistics.connections += 1
        Statistics.open += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        Statistics.open -= 1
        if self._answering:
            self._answering = False
            Statistics.in_flight -= 1

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        head, separator, body = received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = 0
        at = head.lower().find(b"\r\ncontent-length:")
        if at >= 0:
            length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        if len(body) < length:
            if b"100-continue" in head.lower():
                self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self._received = b""
        self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, target: bytes, body: bytes) -> None:
        if target == b"/statistics":
            names = ("connections", "open", "requests", "in_flight", "peak_in_flight")
            self._write(_unary("200 OK", _json({name: getattr(Statistics, name) for name in names})))
            Statistics.peak_in_flight = Statistics.in_flight
            return
        manner = manner_of(target)
        Statistics.requests += 1
        Statistics.in_flight += 1
        Statistics.peak_in_flight = max(Statistics.peak_in_flight, Statistics.in_flight)
        self._answering = True
        if manner.latency_ms:
            self._loop.call_later(manner.latency_ms / 1000, self._send, target, manner, body)
        else:
            self._send(target, manner, body)

    def _send(self, target: bytes, manner: Manner, body: bytes) -> None:
        if target.endswith(b"/converse"):
            self._send_whole(converse_answer(manner.words))
        elif target.endswith(b"/invoke"):
            self._send_whole(_embedding(target, manner, body))
        elif not target.endswith(b"/converse-stream"):
            self._send_whole(_unary("404 Not Found", _json({"message": "this does not live here"})))
        elif manner.gap_ms or manner.hold_ms:
            self._send_paced(stream_chunks(manner.events, manner.tool_deltas, manner.tool_words), manner)
        else:
            self._send_whole(whole_stream(manner.events, manner.tool_deltas, manner.tool_words))

    def _send_whole(self, answer: bytes) -> None:
        self._write(answer)
        self._done()

    def _send_paced(self, chunks: list[bytes], manner: Manner) -> None:
        self._write(_STREAM + chunks[0])
        gap = (manner.hold_ms or manner.gap_ms) / 1000
        due = self._loop.time() + gap
        if manner.hold_ms:
            self._loop.call_at(due, self._send_whole, b"".join(chunks[1:]))
        else:
            self._loop.call_at(due, self._send_next, chunks, 1, due, gap)

    def _send_next(self, chunks: list[bytes], index: int, due: float, gap: float) -> None:
        """Send what is due by now: a late timer does not make the stream longer."""
        now = self._loop.time()
        while index < len(chunks) and due <= now:
            self._write(chunks[index])
            index += 1
            due += gap
        if index < len(chunks) and self._transport is not None:
            self._loop.call_at(due, self._send_next, chunks, index, due, gap)
        else:
            self._done()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _done(self) -> None:
        if self._answering:
            self._answering = False
            Statistics.in_flight -= 1


async def serve(seconds: float) -> None:
    """Answer until standard input ends, or for so many seconds."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(loop), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    parent_is_gone = loop.run_in_executor(None, sys.stdin.buffer.read)
    await asyncio.wait([parent_is_gone], timeout=seconds)
    os._exit(0)  # open connections, and the thread that reads standard input, are of no use any more


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cpu", type=int, help="the core to stay on, where the system lets a process choose")
    parser.add_argument("--seconds", type=float, default=600.0, help="end after so long, whatever happens")
    given = parser.parse_args()
    if given.cpu is not None:
        os.sched_setaffinity(0, {given.cpu})
    asyncio.run(serve(given.seconds))


if __name__ == "__main__":
    main()
