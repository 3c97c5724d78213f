"""A raw loopback server that misbehaves exactly as told: one script of steps for each request."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any

from bedrock_unified.wire.eventstream import encode_frame

REQUEST_ID = "5f0a3c1e-7f7d-4f7e-9f0e-2d1c3b4a5e6f"
ASK: dict[str, Any] = {
    "modelId": "us.amazon.nova-lite-v1:0",
    "messages": [{"role": "user", "content": [{"text": "Hello?"}]}],
}
HEAD = f"Date: {{date}}\r\nx-amzn-RequestId: {REQUEST_ID}\r\n"


def frame(event: str, payload: dict[str, Any]) -> bytes:
    """An event frame as Bedrock sends it."""
    headers = [(":event-type", event), (":content-type", "application/json"), (":message-type", "event")]
    return encode_frame(headers, json.dumps({**payload, "p": "abcdef"}).encode())


def exception_frame(kind: str, message: str) -> bytes:
    """An exception frame as Bedrock sends it."""
    headers = [
        (":exception-type", kind),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ]
    return encode_frame(headers, json.dumps({"message": message}).encode())


def text_frames(*texts: str) -> list[bytes]:
    """messageStart and text deltas, not yet ended."""
    return [
        frame("messageStart", {"role": "assistant"}),
        *(frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in texts),
    ]


def ending() -> list[bytes]:
    """What ends a stream well."""
    return [
        frame("contentBlockStop", {"contentBlockIndex": 0}),
        frame("messageStop", {"stopReason": "end_turn"}),
        frame(
            "metadata",
            {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {"latencyMs": 7}},
        ),
    ]


class Hang:
    """Step: send nothing more until the client goes away."""


class Cut:
    """Step: close the connection at once (``reset``: with RST)."""

    def __init__(self, *, reset: bool = False) -> None:
        self.reset = reset


Step = bytes | Hang | Cut | Callable[[], bytes]


def answer(body: dict[str, Any], status: str = "200 OK", **headers: str) -> bytes:
    """A whole JSON answer."""
    data = json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\n{HEAD.format(date=headers.get('Date') or formatdate(usegmt=True))}"
    head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n{more}\r\n"
    return head.encode() + data


def error(status: int, code: str, message: str, **headers: str) -> bytes:
    """An error answer as Bedrock sends it."""
    kind = f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    return answer({"message": message}, f"{status} Error", **{"x-amzn-ErrorType": kind}, **headers)


def converse(text: str) -> bytes:
    """A Converse answer."""
    return answer(
        {
            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
            "metrics": {"latencyMs": 7},
        }
    )


def stream_head() -> bytes:
    """The head of a streaming answer."""
    head = f"HTTP/1.1 200 OK\r\n{HEAD.format(date=formatdate(usegmt=True))}"
    return (
        head + "Content-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


LAST_CHUNK = b"0\r\n\r\n"


def stream(*frames: bytes, end: bool = True) -> list[Step]:
    """The steps of a streaming answer, a chunk for each frame."""
    return [stream_head(), *(chunk(item) for item in frames), *([LAST_CHUNK] if end else [])]


class WireServer:
    """Serves scripts, one a request, in the order of the requests; the last one repeats."""

    def __init__(
        self,
        *scripts: Sequence[Step],
        tls: ssl.SSLContext | None = None,
        pause: float | None = 0,
        sip: float = 0,
    ) -> None:
        self._tls = tls
        self._sip = sip  # seconds after each 2 MB of a body
        self._pause = pause  # seconds before a request's body is read; None: it never is
        self.scripts = [list(script) for script in scripts]
        self.requests: list[dict[str, str]] = []
        self.connections = 0
        self.gone: list[float] = []  # when a client closed a connection that we still held
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def __enter__(self) -> WireServer:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for held in self._sockets:
                with contextlib.suppress(OSError):  # closed already
                    held.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)
        for thread in self._threads:
            thread.join(5)

    def wait_until_gone(self, seconds: float) -> bool:
        """Whether a client closed its connection within this time."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self.gone:
                return True
            time.sleep(0.002)
        return False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._sockets.append(client)
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        if self._tls is not None:
            try:
                client = self._tls.wrap_socket(client, server_side=True)
            except OSError:  # the client did not trust us
                client.close()
                return
        with client:
            try:
                while (request := self._read_request(client)) is not None:
                    with self._lock:
                        script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
                        self.requests.append(request)
                    for step in script:
                        if isinstance(step, Hang):
                            client.recv(1)
                            self.gone.append(time.monotonic())
                            return
                        if isinstance(step, Cut):
                            if step.reset:
                                client.setsockopt(
                                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                                )
                            return
                        client.sendall(step if isinstance(step, bytes) else step())
            except OSError:
                self.gone.append(time.monotonic())

    def _read_request(self, client: socket.socket) -> dict[str, str] | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = client.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        body = bytearray(rest)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if self._pause is None:
            self._stopping.wait(30)
            return None
        time.sleep(self._pause)
        while len(body) < int(headers.get("content-length", 0)):
            before = len(body) >> 21
            body += client.recv(65536)
            if self._sip and len(body) >> 21 > before:
                time.sleep(self._sip)
        return {":request": first, ":body": body.decode(), **headers}
