"""What a flow and a transport say to each other.

A flow is a generator. It yields commands and is sent their results; a transport failure is thrown into it as
a :class:`TransportError`. Nothing here opens a socket (the idea is httpx's auth flow).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")


class Request:
    """One HTTP request. ``target`` is the percent-encoded path with its query.

    It is signed when its headers are first asked for, which is when it is sent: AWS refuses a signature that
    is older than five minutes, and a request may wait longer than that for its turn.
    """

    __slots__ = ("_headers", "_sign", "body", "method", "stream", "target", "timeout")

    def __init__(
        self,
        method: str,
        target: str,
        sign: Callable[[], dict[str, str]],
        body: bytes,
        *,
        stream: bool = False,
        timeout: float | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self._sign = sign
        self._headers: dict[str, str] | None = None
        self.body = body
        self.stream = stream
        #: Seconds left for the whole exchange, or None.
        self.timeout = timeout

    @property
    def headers(self) -> dict[str, str]:
        """All headers but those of HTTP itself (``host``, ``content-length``); names in lower case."""
        headers = self._headers
        if headers is None:
            headers = self._headers = self._sign()
        return headers


class ByteStream(Protocol):
    """The open body of a streaming response; a transport's own object."""

    def close(self) -> None:
        """Close the connection at once unless the body was read to its end."""


class Response:
    """Status, headers (names in lower case) and either the whole body or the open stream."""

    __slots__ = ("body", "headers", "status", "stream")

    def __init__(
        self, status: int, headers: dict[str, str], body: bytes, stream: ByteStream | None = None
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.stream = stream


class Read:
    """Command: the next bytes of a stream, ``b""`` at its end."""

    __slots__ = ("stream",)

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream


class Sleep:
    """Command: wait this many seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Blocking:
    """Command: call a function that may block.

    An event loop runs it on ``executor`` and waits ``timeout`` seconds; a synchronous caller cannot be freed.
    """

    __slots__ = ("call", "executor", "timeout")

    def __init__(
        self, call: Callable[[], Any], executor: Executor | None = None, timeout: float | None = None
    ) -> None:
        self.call = call
        self.executor = executor
        self.timeout = timeout


Command = Request | Read | Sleep | Blocking
Flow = Generator[Command, Any, T]


class FailureKind(Enum):
    """How an exchange failed below HTTP."""

    NAME = "the host name could not be resolved"
    CONNECT = "the connection could not be opened"
    CONNECT_TIMEOUT = "the connection was not open within the connect time limit"
    TLS = "the TLS handshake failed"
    PROXY = "the proxy refused the connection"
    CORRUPT = "the bytes that came are not an intact event stream"
    CLOSED = "the connection was closed before the answer was complete"
    READ_TIMEOUT = "no data came within the read time limit"
    TOTAL_TIMEOUT = "the total time limit passed"


class TransportError(Exception):
    """A failure below HTTP. ``detail`` is the underlying library's own sentence."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail
