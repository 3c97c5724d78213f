"""A loopback Bedrock for these tests: it answers by script, keeps every request, and sees clients leave."""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from bedrock_unified.wire.eventstream import encode_frame

Content = list[dict[str, Any]]

USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}


@dataclass
class Sent:
    """One request as it came."""

    operation: str
    model: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The turns of a Converse request."""
        return self.body["messages"]


@dataclass
class Answer:
    """What the model says next.

    Attributes:
        content: Converse blocks, blobs as bytes.
        piece: characters in a streamed delta.
        gap: seconds between two frames of a stream.
        status: another status than 200 sends ``content`` as an error's message.
        cut: end the stream after so many frames, without a word.
    """

    content: Content
    stop: str = "end_turn"
    usage: dict[str, Any] = field(default_factory=lambda: dict(USAGE))
    piece: int = 6
    gap: float = 0.0
    status: int = 200
    error: str = ""
    cut: int | None = None

    def response(self) -> dict[str, Any]:
        """The unary answer."""
        return {
            "metrics": {"latencyMs": 3},
            "output": {"message": {"content": self.content, "role": "assistant"}},
            "stopReason": self.stop,
            "usage": self.usage,
        }

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The streamed answer, as Bedrock orders it."""
        yield "messageStart", {"role": "assistant"}
        for index, block in enumerate(self.content):
            yield from self._block(index, block)
            yield "contentBlockStop", {"contentBlockIndex": index}
        yield "messageStop", {"stopReason": self.stop}
        yield "metadata", {"metrics": {"latencyMs": 3}, "usage": self.usage}

    def _block(self, index: int, block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        def delta(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
            return "contentBlockDelta", {"contentBlockIndex": index, "delta": value}

        if "text" in block:
            yield from (delta({"text": piece}) for piece in self._pieces(block["text"]) or [""])
        elif "toolUse" in block:
            start = {name: value for name, value in block["toolUse"].items() if name != "input"}
            yield "contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": start}}
            given = block["toolUse"]["input"]
            given = given if isinstance(given, RawInput) else json.dumps(given)
            yield from (delta({"toolUse": {"input": piece}}) for piece in ("", *self._pieces(given)))
        elif "toolResult" in block:
            start = {name: value for name, value in block["toolResult"].items() if name != "content"}
            yield "contentBlockStart", {"contentBlockIndex": index, "start": {"toolResult": start}}
            yield delta({"toolResult": block["toolResult"]["content"]})
        elif "citationsContent" in block:
            yield from (delta({"citation": one}) for one in block["citationsContent"]["citations"])
            text = "".join(part["text"] for part in block["citationsContent"].get("content", ()))
            yield from (delta({"text": piece}) for piece in self._pieces(text))
        elif "redactedContent" in block["reasoningContent"]:
            yield delta({"reasoningContent": block["reasoningContent"]})
        else:
            told = block["reasoningContent"]["reasoningText"]
            yield from (delta({"reasoningContent": {"text": piece}}) for piece in self._pieces(told["text"]))
            if "signature" in told:
                yield delta({"reasoningContent": {"signature": told["signature"]}})

    def _pieces(self, text: str) -> list[str]:
        return [text[start : start + self.piece] for start in range(0, len(text), self.piece)]


def says(*blocks: str | dict[str, Any], **more: Any) -> Answer:
    """An answer of text and blocks."""
    return Answer([{"text": block} if isinstance(block, str) else block for block in blocks], **more)


class RawInput(str):
    """A tool's input as the model wrote it, which need not be JSON; for streams."""


def calls(
    name: str, given: dict[str, Any] | RawInput, tool_use_id: str = "tooluse_1", **more: Any
) -> dict[str, Any]:
    """A tool call's block."""
    return {"toolUse": {"toolUseId": tool_use_id, "name": name, "input": given, **more}}


Script = list[Answer | Callable[[Sent], Answer]]


class ScriptedBedrock:
    """HTTP/1.1 on 127.0.0.1, a thread for each connection.

    Attributes:
        script: the answers to come; the last one is given for ever.
        requests: what came, embeddings too.
        left: frames written to streams that their clients left before the end.
    """

    def __init__(self) -> None:
        self.script: Script = [says("Good day.")]
        self.requests: list[Sent] = []
        self.connections = 0
        self.left = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of all requests."""
        return [sent.body for sent in self.requests]

    def __enter__(self) -> ScriptedBedrock:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                _shut(connection)
        for thread in self._threads:
            thread.join(5)

    def _start(self, run: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            with self._lock:
                self._sockets.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as lines:
                while (sent := _read(lines)) is not None:
                    with self._lock:
                        self.requests.append(sent)
                    if not self._reply(connection, sent):
                        return
        except OSError:
            self.left.set()
        finally:
            with self._lock:
                self._sockets.discard(connection)

    def _reply(self, connection: socket.socket, sent: Sent) -> bool:
        if sent.operation == "invoke":
            connection.sendall(_http(_embedding(sent.body)))
            return True
        with self._lock:
            step = self.script[0] if len(self.script) == 1 else self.script.pop(0)
        answer = step if isinstance(step, Answer) else step(sent)
        if answer.status != 200:
            kind = f"{answer.error}:http://internal.amazon.com/coral/com.amazon.bedrock/"
            message = {"message": answer.content[0]["text"]}
            connection.sendall(_http(message, answer.status, {"x-amzn-ErrorType": kind}))
        elif sent.operation == "converse":
            connection.sendall(_http(answer.response()))
        else:
            return _stream(connection, answer)
        return True


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


def _read(lines: Any) -> Sent | None:
    first = lines.readline().split()
    if not first:
        return None
    headers: dict[str, str] = {}
    while (line := lines.readline().strip()) != b"":
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = json.loads(lines.read(int(headers.get("content-length", "0"))))
    _, _, model, operation = unquote(first[1].decode()).split("/", 3)
    model, _, operation = f"{model}/{operation}".rpartition("/")
    return Sent(operation, model, body, headers)


def _http(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    data = _json(body)
    lines = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
    return _head(status, lines) + data


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = {**headers, "x-amzn-RequestId": "3f0a1f6e-6f1b-4d0c-9c53-5b8e2f0d7a11"}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Answer\r\n{text}\r\n".encode()


def _stream(connection: socket.socket, answer: Answer) -> bool:
    head = {"Content-Type": "application/vnd.amazon.eventstream", "Transfer-Encoding": "chunked"}
    frames = [
        encode_frame(
            [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")],
            _json({**members, "p": "abcd"}),
        )
        for name, members in answer.events()
    ]
    whole = answer.cut is None
    written = _head(200, head)
    for frame in frames[: answer.cut]:
        written += b"%x\r\n%b\r\n" % (len(frame), frame)
        if answer.gap:
            connection.sendall(written)
            written = b""
            time.sleep(answer.gap)
    connection.sendall(written + (b"0\r\n\r\n" if whole else b""))
    return whole


def _json(value: Any) -> bytes:
    return json.dumps(value, default=lambda blob: b64encode(blob).decode()).encode()


def _embedding(body: dict[str, Any]) -> dict[str, Any]:
    """A bag of words as a vector: texts that share words are near each other."""
    words = [word.strip(".,?!").lower() for word in body["inputText"].split()]
    vector = [0.0] * body.get("dimensions", 256)
    for word in words:
        vector[sum(map(ord, word)) * 31 % len(vector)] += 1.0
    return {"embedding": vector, "inputTextTokenCount": len(words)}
