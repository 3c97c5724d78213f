"""Synchronous HTTP on a urllib3 connection pool."""

from __future__ import annotations

import contextlib
import os
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
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
from .watchdog import Watchdog, patient, watching

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from .settings import TransportSettings

#: Some twenty events: the objects of more, made in one go, bring the garbage collector more often.
_CHUNK = 4096
#: The headers that tell where a body ends, if it is not at the end of the connection.
_LENGTHS = ("content-length", "transfer-encoding")


class SyncTransport:
    """Runs flows on urllib3. Safe to use from many threads."""

    def __init__(self, settings: TransportSettings) -> None:
        self._settings = settings
        self._timeout = Timeout(connect=settings.connect_timeout, read=settings.read_timeout)
        # A proxy that does not tunnel is told the whole URL.
        self._prefix = settings.origin if settings.proxy and settings.parts.scheme == "http" else ""
        self._opener: Any = None
        self._lock = Lock()

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its result."""
        return drive(flow, self._execute)

    def close(self) -> None:
        """Close the idle connections; the next request opens new ones."""
        with self._lock:
            opener, self._opener = self._opener, None
        if opener is not None:
            opener.close()

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
        left = request.timeout
        watchdog = None if left is None else Watchdog(left)
        watching(watchdog)
        try:
            answer = self._urlopen(request)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if answer.status < 200:
                # http.client takes it for the answer; the real one would be the next caller's.
                answer.close()
                raise TransportError(
                    FailureKind.CLOSED, f"an interim answer {answer.status} was not asked for"
                )
            if request.stream and answer.status == 200:
                stream = SyncByteStream(answer, watchdog)
                watchdog = None
                return Response(200, headers, b"", stream)
            body = _read_all(answer)
            if watchdog is not None and watchdog.expired:
                raise TransportError(FailureKind.TOTAL_TIMEOUT, "the answer was not complete")
            if not body and answer.status == 200 and not any(headers.get(name) for name in _LENGTHS):
                # http.client takes a connection that ends within the headers for the end of the headers.
                raise TransportError(FailureKind.CLOSED, "there was no more of it than a part of its head")
            return Response(answer.status, headers, body)
        except (HTTPError, OSError) as error:
            raise _failure(error, watchdog) from error
        finally:
            watching(None)
            if watchdog is not None:
                watchdog.cancel()

    def _urlopen(self, request: Request) -> BaseHTTPResponse:
        limits = self._timeout
        if request.timeout is not None:
            connect = min(request.timeout, self._settings.connect_timeout)
            limits = Timeout(connect=connect, read=self._settings.read_timeout)
        while True:
            try:
                return self._pool().urlopen(
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
            except ClosedPoolError:  # another thread closed us between these two lines
                continue

    def _pool(self) -> Any:
        opener = self._opener
        if opener is None:
            with self._lock:
                opener = self._opener = self._opener or _open_pool(self._settings)
        return opener


def _open_pool(settings: TransportSettings) -> Any:
    parts = settings.parts
    host, port = parts.hostname or "", parts.port
    options: dict[str, Any] = {"maxsize": settings.max_concurrency, "block": False}
    context = settings.ssl_context
    if context is not None and parts.scheme == "https":
        options["ssl_context"] = context
    proxy, proxy_headers = settings.proxy_parts
    pool: Any
    if proxy is not None:
        manager = urllib3.ProxyManager(
            proxy, proxy_headers=proxy_headers, proxy_ssl_context=context, **options
        )
        pool = manager.connection_from_host(host, port, parts.scheme)
    elif parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(host, port, **options)
    else:
        pool = urllib3.HTTPConnectionPool(host, port, **options)
    pool.ConnectionCls = patient(pool.ConnectionCls, settings.read_timeout)
    return pool


class SyncByteStream:
    """The body of a streaming response, read as it arrives."""

    __slots__ = ("_answer", "_closed", "_open", "_process", "_watchdog")

    def __init__(self, answer: BaseHTTPResponse, watchdog: Watchdog | None) -> None:
        self._process = os.getpid()
        self._answer = answer
        self._watchdog = watchdog
        self._open = True
        self._closed = False

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end. Raises TransportError."""
        if self._closed:
            raise TransportError(FailureKind.CLOSED, "the stream was closed on this side")
        watchdog = self._watchdog
        try:
            data = self._answer.read1(_CHUNK) if self._open else b""
        except (HTTPError, OSError, AttributeError, ValueError) as error:
            # The last two are http.client's, when another thread closes what this one reads.
            self.close()
            raise _failure(error, watchdog) from error
        if data:
            return data
        if watchdog is not None and watchdog.expired:
            self.close()
            raise TransportError(FailureKind.TOTAL_TIMEOUT, "the stream was not complete")
        if self._open:
            self._end()
            _release(self._answer)
        return data

    def close(self) -> None:
        """Close the connection at once, even while another thread reads it, unless the body is at its end."""
        if self._open:
            self._closed = True
            self._end()
            # Shut first: closing waits for the lock of a thread that reads. But a forked child would shut it
            # for its parent, too.
            if os.getpid() == self._process:
                with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
                    self._answer.shutdown()
            self._answer.close()

    def _end(self) -> None:
        self._open = False
        if self._watchdog is not None:
            self._watchdog.cancel()


def _read_all(answer: BaseHTTPResponse) -> bytes:
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


def _failure(error: Exception, watchdog: Watchdog | None) -> TransportError:
    if watchdog is not None and watchdog.expired:
        return TransportError(FailureKind.TOTAL_TIMEOUT, "no whole answer had come")
    # Of the connection and the message of which urllib3 makes it, the message.
    detail = error.args[1] if isinstance(error, ConnectTimeoutError) and len(error.args) == 2 else error
    return TransportError(_kind(error), str(detail))


def _kind(error: Exception) -> FailureKind:
    # The order matters: urllib3's NameResolutionError is a NewConnectionError, which is a ConnectTimeoutError
    # in some versions.
    table: tuple[tuple[type[Exception], FailureKind], ...] = (
        (NameResolutionError, FailureKind.NAME),
        (NewConnectionError, FailureKind.CONNECT),
        (ConnectTimeoutError, FailureKind.CONNECT_TIMEOUT),
        (ReadTimeoutError, FailureKind.READ_TIMEOUT),
        (SSLError, FailureKind.TLS),
        (TimeoutError, FailureKind.READ_TIMEOUT),
    )
    if isinstance(error, ProxyError):
        late = isinstance(error.original_error, ConnectTimeoutError)  # as some refusals are, see above
        refused = isinstance(error.original_error, NewConnectionError)
        return FailureKind.CONNECT_TIMEOUT if late and not refused else FailureKind.PROXY
    if isinstance(error, ProtocolError) and isinstance(error.args[-1], TimeoutError):
        return FailureKind.READ_TIMEOUT  # while the request was being sent
    return next((kind for cls, kind in table if isinstance(error, cls)), FailureKind.CLOSED)
