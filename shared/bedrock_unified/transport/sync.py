"""Synchronous HTTP on a urllib3 connection pool."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Timeout

from ..wire.http import (
    Blocking,
    Command,
    FailureKind,
    Flow,
    Read,
    Request,
    Response,
    Sleep,
    T,
    TransportError,
)
from .drive import drive

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from .settings import TransportSettings

_CHUNK = 65536


class SyncTransport:
    """Runs flows on urllib3. Safe to use from many threads."""

    def __init__(self, settings: TransportSettings) -> None:
        self._settings = settings
        parts = settings.parts
        self._default_timeout = Timeout(connect=settings.connect_timeout, read=settings.read_timeout)
        options: dict[str, Any] = {"maxsize": settings.max_concurrency, "block": False}
        if (context := settings.ssl_context) is not None and parts.scheme == "https":
            options["ssl_context"] = context
        self._opener: Any
        self._prefix = ""
        host, port = parts.hostname or "", parts.port
        proxy, proxy_headers = settings.proxy_parts
        if proxy is not None:
            manager = urllib3.ProxyManager(
                proxy, proxy_headers=proxy_headers, proxy_ssl_context=context, **options
            )
            self._opener = manager.connection_from_host(host, port, parts.scheme)
            if parts.scheme == "http":  # a proxy is told the whole URL, unless it tunnels
                self._prefix = settings.origin
        elif parts.scheme == "https":
            self._opener = urllib3.HTTPSConnectionPool(host, port, **options)
        else:
            self._opener = urllib3.HTTPConnectionPool(host, port, **options)

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its result."""
        return drive(flow, self._execute)

    def close(self) -> None:
        """Close the idle connections."""
        self._opener.close()

    def _execute(self, command: Command) -> Any:
        if isinstance(command, Request):
            return self._send(command)
        if isinstance(command, Read):
            return command.stream.read()  # type: ignore[attr-defined]
        if isinstance(command, Sleep):
            return time.sleep(command.seconds)
        assert isinstance(command, Blocking)
        return command.call()

    def _send(self, request: Request) -> Response:
        limits, left = self._default_timeout, request.timeout
        if left is not None:
            limits = Timeout(
                connect=min(left, self._settings.connect_timeout), read=min(left, self._settings.read_timeout)
            )
        deadline = None if left is None else time.monotonic() + left
        try:
            answer: BaseHTTPResponse = self._opener.urlopen(
                request.method,
                self._prefix + request.target,
                body=request.body,
                headers=request.headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=limits,
                preload_content=False,
                decode_content=False,
            )
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if request.stream and answer.status == 200:
                return Response(
                    200, headers, b"", SyncByteStream(answer, self._settings.read_timeout, deadline)
                )
            return Response(answer.status, headers, _read_all(answer, self._settings.read_timeout, deadline))
        except (HTTPError, OSError) as error:
            raise _failure(error, deadline) from error


class SyncByteStream:
    """The body of a streaming response, read as it arrives."""

    __slots__ = ("_answer", "_deadline", "_idle", "_open", "_pieces")

    def __init__(self, answer: BaseHTTPResponse, idle: float, deadline: float | None) -> None:
        self._answer = answer
        self._idle = idle
        self._deadline = deadline
        self._open = True
        # stream() gives chunks as they arrive where the body is chunked (Bedrock's always is), and would wait
        # for whole pieces where it is not.
        self._pieces = answer.stream(_CHUNK) if getattr(answer, "chunked", False) else iter(self._read1, b"")

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end. Raises TransportError."""
        try:
            if self._deadline is not None:
                _limit(self._answer, self._idle, self._deadline)
            data = next(self._pieces, b"")
        except (HTTPError, OSError) as error:
            self.close()
            raise _failure(error, self._deadline) from error
        if not data and self._open:
            self._open = False
            _release(self._answer)
        return data

    def _read1(self) -> bytes:
        return self._answer.read1(_CHUNK)

    def close(self) -> None:
        """Close the connection unless the body was read to its end."""
        if self._open:
            self._open = False
            self._answer.close()


def _read_all(answer: BaseHTTPResponse, idle: float, deadline: float | None) -> bytes:
    if deadline is not None:
        _limit(answer, idle, deadline)
    try:
        body = answer.read()
    except BaseException:
        answer.close()
        raise
    _release(answer)
    return body


def _release(answer: BaseHTTPResponse) -> None:
    """Give the connection back to its pool; a response that vcrpy replays has none to give."""
    release = getattr(answer, "release_conn", None)
    if release is not None:
        release()


def _limit(answer: BaseHTTPResponse, idle: float, deadline: float) -> None:
    """Let the next read wait no longer than the total time limit allows."""
    left = deadline - time.monotonic()
    if left <= 0:
        answer.close()
        raise TimeoutError("the total time limit passed")
    sock = getattr(getattr(answer, "connection", None), "sock", None)
    if sock is not None:
        sock.settimeout(min(left, idle))


def _failure(error: Exception, deadline: float | None) -> TransportError:
    if deadline is not None and time.monotonic() >= deadline - 0.001:
        return TransportError(FailureKind.TOTAL_TIMEOUT, str(error))
    return TransportError(_kind(error), str(error))


def _kind(error: Exception) -> FailureKind:
    # The order matters: urllib3's NameResolutionError is a NewConnectionError, which is a ConnectTimeoutError
    # in some versions.
    table: tuple[tuple[type[Exception], FailureKind], ...] = (
        (NameResolutionError, FailureKind.NAME),
        (NewConnectionError, FailureKind.CONNECT),
        (ConnectTimeoutError, FailureKind.CONNECT_TIMEOUT),
        (ReadTimeoutError, FailureKind.READ_TIMEOUT),
        (ProxyError, FailureKind.PROXY),
        (SSLError, FailureKind.TLS),
        (TimeoutError, FailureKind.READ_TIMEOUT),
    )
    return next((kind for cls, kind in table if isinstance(error, cls)), FailureKind.CLOSED)
