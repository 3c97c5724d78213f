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
        if settings.proxy:
            proxy = urllib3.ProxyManager(
                settings.proxy,
                proxy_headers=_proxy_headers(settings.proxy),
                proxy_ssl_context=context,
                **options,
            )
            self._opener = proxy.connection_from_host(host, port, parts.scheme)
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

    __slots__ = ("_answer", "_deadline", "_idle", "_open")

    def __init__(self, answer: BaseHTTPResponse, idle: float, deadline: float | None) -> None:
        self._answer = answer
        self._idle = idle
        self._deadline = deadline
        self._open = True

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end. Raises TransportError."""
        answer = self._answer
        try:
            if self._deadline is not None:
                _limit(answer, self._idle, self._deadline)
            data = answer.read1(_CHUNK)
        except (HTTPError, OSError, AttributeError) as error:
            if isinstance(error, AttributeError) and self._open:
                raise
            self.close()
            raise _failure(error, self._deadline) from error
        if not data and self._open:
            self._open = False
            answer.release_conn()
        return data

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
    answer.release_conn()
    return body


def _limit(answer: BaseHTTPResponse, idle: float, deadline: float) -> None:
    """Let the next read wait no longer than the total time limit allows."""
    left = deadline - time.monotonic()
    if left <= 0:
        answer.close()
        raise TimeoutError("the total time limit passed")
    connection = answer.connection
    sock = getattr(connection, "sock", None)
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


def _proxy_headers(proxy: str) -> dict[str, str] | None:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(proxy)
    if not parts.username:
        return None
    return urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
