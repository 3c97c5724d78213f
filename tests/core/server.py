"""A loopback endpoint for the tests: it counts connections, keeps every request, and answers as told."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, NamedTuple

from bedrock_unified import BedrockClient
from bedrock_unified.wire.eventstream import encode_frame

REQUEST_ID = "0e3a6f3e-6f1b-4d0c-9c53-5b8e2f0d7a11"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
MODEL = "us.amazon.nova-lite-v1:0"
ASK: dict[str, Any] = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "Hello?"}]}]}


class Received(NamedTuple):
    """One request: its line, its headers (names in lower case) and its body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


Answer = Callable[[Received], bytes]


def reply(body: Any, status: int = 200, **headers: str) -> bytes:
    """A whole HTTP answer; ``body`` is bytes or written as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {
        "Date": formatdate(usegmt=True),
        "Content-Type": "application/json",
        "x-amzn-RequestId": REQUEST_ID,
        "Content-Length": str(len(data)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Answer\r\n{head}\r\n".encode() + data


def converse_answer(text: str = "Good day.") -> dict[str, Any]:
    """A Converse response."""
    return {
        "metrics": {"latencyMs": 12},
        "output": {"message": {"content": [{"text": text}], "role": "assistant"}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
    }


def event(name: str, members: dict[str, Any]) -> bytes:
    """An event frame."""
    headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")]
    return encode_frame(headers, json.dumps({**members, "p": "abcd"}).encode())


def stream_answer(*texts: str) -> bytes:
    """A whole ConverseStream answer."""
    frames = [
        event("messageStart", {"role": "assistant"}),
        *(event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in texts),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        event("messageStop", {"stopReason": "end_turn"}),
        event("metadata", {"usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}}),
    ]
    return reply(b"".join(frames), Content_Type="application/vnd.amazon.eventstream")


def as_bedrock(request: Received) -> bytes:
    """The answer that fits the operation."""
    path = request.target.partition("?")[0]
    if path.endswith("/converse-stream"):
        return stream_answer("Good ", "day.")
    if path.endswith("/converse"):
        return reply(converse_answer())
    if path.endswith("/invoke"):
        return reply({"embedding": [0.5, 0.25], "inputTextTokenCount": 2})
    if path.endswith("/count-tokens"):
        return reply({"inputTokens": 11})
    if path.endswith("/apply"):
        return reply({"action": "NONE", "outputs": [], "assessments": [], "actionReason": None})
    if path.endswith("/foundation-models"):
        return reply({"modelSummaries": [{"modelId": "amazon.nova-lite-v1:0"}]})
    if path.endswith("/inference-profiles"):
        return reply({"inferenceProfileSummaries": []})
    return reply({"message": f"no such route: {path}"}, 404, x_amzn_ErrorType="UnknownOperationException:")


class Server:
    """Keep-alive HTTP/1.1 on 127.0.0.1, a thread for each connection."""

    def __init__(self, answer: Answer = as_bedrock) -> None:
        self.answer = answer
        self.requests: list[Received] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self, **settings: Any) -> BedrockClient:
        """A client of this endpoint."""
        return BedrockClient(**{"endpoint_url": self.url, "region_name": "us-east-1", **KEYS, **settings})

    def __enter__(self) -> Server:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for end in (self._listener, *self._open):
                with contextlib.suppress(OSError):  # the client may have closed its end already
                    end.shutdown(socket.SHUT_RDWR)
            threads = list(self._threads)
        for thread in threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True, name="test-server")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            try:
                while (received := _receive(stream)) is not None:
                    self.requests.append(received)
                    connection.sendall(self.answer(received))
            except (ConnectionError, OSError):
                pass  # the client went away, which is its right
            finally:
                with self._lock:
                    self._open.discard(connection)


def _receive(stream: Any) -> Received | None:
    line = stream.readline().decode()
    if not line:
        return None
    method, target, _ = line.split()
    headers: dict[str, str] = {}
    while (text := stream.readline().decode().rstrip("\r\n")) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    return Received(method, target, headers, stream.read(int(headers.get("content-length", 0))))
