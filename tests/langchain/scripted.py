"""A Bedrock on loopback for these tests: says what it is told to, keeps what it was sent, sees who leaves."""

from __future__ import annotations

import contextlib
import copy
import json
import select
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from langchain_core.messages import BaseMessage, HumanMessage

from bedrock_unified.wire.eventstream import encode_frame
from langchain_bedrock_unified import ChatBedrock

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
KEYS = {
    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
MakeModel = Callable[..., ChatBedrock]

Block = dict[str, Any]
Event = tuple[str, dict[str, Any]]

USAGE = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}


@dataclass
class Says:
    """One answer.

    Attributes:
        content: Converse blocks, blobs as bytes.
        members: more members of the answer, or of a stream's ``metadata``.
        pieces: characters in each delta of a stream.
        gap: seconds before each frame of a stream.
        cut_after: close the connection after so many frames.
        failure: an exception frame (code, message) in the place of ``messageStop``.
    """

    content: list[Block] = field(default_factory=lambda: [{"text": "Good day."}])
    stop: str = "end_turn"
    usage: dict[str, Any] = field(default_factory=lambda: dict(USAGE))
    members: dict[str, Any] = field(default_factory=dict)
    pieces: int = 4
    gap: float = 0.0
    cut_after: int | None = None
    failure: tuple[str, str] | None = None

    def response(self) -> dict[str, Any]:
        """The whole answer."""
        return {
            "metrics": {"latencyMs": 5},
            "output": {"message": {"content": self.content, "role": "assistant"}},
            "stopReason": self.stop,
            "usage": self.usage,
            **self.members,
        }

    def frames(self) -> Iterator[bytes]:
        """The answer as a stream."""
        for name, payload in self.events():
            headers = [
                (":event-type", name),
                (":content-type", "application/json"),
                (":message-type", "event"),
            ]
            yield encode_frame(headers, as_json({**payload, "p": "abc"}))
            if name == "contentBlockStop" and self.failure:
                code, message = self.failure
                yield encode_frame(
                    [
                        (":exception-type", code),
                        (":content-type", "application/json"),
                        (":message-type", "exception"),
                    ],
                    as_json({"message": message}),
                )
                return

    def events(self) -> Iterator[Event]:
        """The events of the stream, in Bedrock's order."""
        yield "messageStart", {"role": "assistant"}
        yield from stream_events(self.content, self.pieces)
        yield "messageStop", {"stopReason": self.stop}
        yield "metadata", {"metrics": {"latencyMs": 5}, "usage": self.usage, **self.members}


@dataclass
class Fails:
    """An answer that is an error."""

    status: int
    code: str
    message: str = "no"


@dataclass
class Sent:
    """One request as it came."""

    operation: str
    model: str
    body: dict[str, Any]


def stream_events(content: Iterable[Block], pieces: int) -> Iterator[Event]:
    """Blocks as Bedrock streams them: only tool blocks and images announce themselves."""
    for index, block in enumerate(content):
        start, deltas = _streamed(block, pieces)
        if start:
            yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
        for delta in deltas:
            yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
        yield "contentBlockStop", {"contentBlockIndex": index}


def as_json(value: Any) -> bytes:
    """JSON with base64 text for bytes, as on the wire."""
    return json.dumps(value, default=lambda data: b64encode(data).decode(), ensure_ascii=False).encode()


def _streamed(block: Block, pieces: int) -> tuple[Block, list[Block]]:
    (kind, value), *_ = block.items()
    if kind == "text":
        return {}, [{"text": piece} for piece in _cut(value, pieces) or [""]]
    if kind == "toolUse":
        head = {name: member for name, member in value.items() if name != "input"}
        text = value["input"] if isinstance(value["input"], str) else json.dumps(value["input"])
        return {"toolUse": head}, [{"toolUse": {"input": piece}} for piece in ["", *_cut(text, pieces)]]
    if kind == "toolResult":
        head = {name: member for name, member in value.items() if name != "content"}
        return {"toolResult": head}, [{"toolResult": [part]} for part in value["content"]]
    if kind == "reasoningContent" and "reasoningText" in value:
        said = value["reasoningText"]
        deltas = [{"reasoningContent": {"text": piece}} for piece in _cut(said["text"], pieces) or [""]]
        signature = [{"reasoningContent": {"signature": s}} for s in [said.get("signature")] if s is not None]
        return {}, deltas + signature
    if kind == "citationsContent":
        text = "".join(part["text"] for part in value.get("content", []))
        cited = [{"citation": citation} for citation in value["citations"]]
        return {}, cited + [{"text": piece} for piece in _cut(text, pieces)]
    if kind == "image":
        halves = _cut(value["source"]["bytes"], 5)
        return {"image": {"format": value["format"]}}, [{"image": {"source": {"bytes": h}}} for h in halves]
    return {}, [{kind: value}]


def _cut(text: Any, size: int) -> list[Any]:
    return [text[at : at + size] for at in range(0, len(text), size)]


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # with the default of 5, many connections at once wait for TCP's own retries


class ScriptedBedrock:
    """Answers with what :meth:`says` was given, in turn; with "Good day." when that is used up."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.left = threading.Event()
        self.frames_written = 0
        self._script: deque[Says | Fails] = deque()
        self.streaming = 0  # streams that are open now
        self.most_streaming = 0
        self._counting = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The endpoint's URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def last(self) -> dict[str, Any]:
        """The body of the last request."""
        return self.sent[-1].body

    def says(self, *answers: Says | Fails | str | list[Block]) -> None:
        """Add answers to the script; text or blocks stand for an answer of them."""
        for answer in answers:
            if isinstance(answer, str):
                self._script.append(Says([{"text": answer}]))
            else:
                self._script.append(Says(answer) if isinstance(answer, list) else answer)

    @contextlib.contextmanager
    def counted_stream(self) -> Iterator[None]:
        """Count a stream while it is open."""
        with self._counting:
            self.streaming += 1
            self.most_streaming = max(self.most_streaming, self.streaming)
        try:
            yield
        finally:
            with self._counting:
                self.streaming -= 1

    def next(self) -> Says | Fails:
        """The next answer."""
        return self._script.popleft() if self._script else Says()

    def __enter__(self) -> ScriptedBedrock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(bedrock: ScriptedBedrock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            _, _, model, operation = self.path.split("/")
            bedrock.sent.append(Sent(operation, unquote(model), body))
            if operation == "invoke":
                self._answer(200, as_json({"embedding": _vector(body), "inputTextTokenCount": 3}))
                return
            answer = bedrock.next()
            if isinstance(answer, Fails):
                self._answer(answer.status, as_json({"message": answer.message}), answer.code)
            elif operation == "converse-stream":
                self._stream(answer)
            else:
                self._answer(200, as_json(answer.response()))

        def _answer(self, status: int, body: bytes, error: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("x-amzn-RequestId", "7d3a8f6e-0000-4000-8000-000000000001")
            if error:
                self.send_header(
                    "x-amzn-ErrorType", f"{error}:http://internal.amazon.com/coral/com.amazon.bedrock/"
                )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, answer: Says) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.amazon.eventstream")
            self.send_header("x-amzn-RequestId", "7d3a8f6e-0000-4000-8000-000000000002")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with bedrock.counted_stream():
                self._frames(answer)

        def _frames(self, answer: Says) -> None:
            for number, frame in enumerate(answer.frames()):
                if answer.cut_after == number or self._client_left(answer.gap):
                    self.close_connection = True
                    return
                self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                bedrock.frames_written += 1
            self.wfile.write(b"0\r\n\r\n")

        def _client_left(self, seconds: float) -> bool:
            """Wait; whether the client closed the connection meanwhile."""
            if seconds and select.select([self.connection], [], [], seconds)[0]:
                bedrock.left.set()
                return True
            return False

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _vector(body: dict[str, Any]) -> list[float]:
    size = body.get("dimensions", 1024)
    return [float(len(body["inputText"]))] + [0.0] * (size - 1)


def wait_for(event: threading.Event, seconds: float = 2.0) -> float:
    """Seconds until the event, which must come."""
    began = time.perf_counter()
    assert event.wait(seconds), "it did not happen"
    return time.perf_counter() - began


class Conversation:
    """Sends messages and shows what went over the wire."""

    def __init__(self, model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
        self._model, self._bedrock = model, bedrock

    def sends(self, *messages: BaseMessage, **given: Any) -> dict[str, Any]:
        """The body of the request; the messages must be left as they were."""
        before = copy.deepcopy(messages)
        self._model.invoke(list(messages), **given)
        assert list(messages) == list(before)
        return self._bedrock.last

    def user(self, *blocks: Any) -> list[dict[str, Any]]:
        """The blocks of a user message of these blocks."""
        return self.sends(HumanMessage(list(blocks)))["messages"][0]["content"]
