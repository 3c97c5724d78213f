"""Asynchronous HTTP on aiohttp: one session for each event loop, closed with it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

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
from .drive import adrive
from .turns import LoopTurns

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from multidict import istr

    from .settings import TransportSettings

_KEEP_ALIVE = 55.0
_CHUNK = 1 << 14
_LARGE = 1 << 16
_PIECE = 1 << 18
_IN_ONE_TURN = 16
#: aiohttp names a type for an empty body, too; requests with another name it themselves.
_OF_NO_BODY = ("Content-Type",)
#: As http.client says it for synchronous calls: who says nothing may be answered with gzip.
_PLAIN = {"Accept-Encoding": "identity"}
#: Sessions whose guards are under way, and their loops. Were they in the same garbage as their guards (a
#: client in a cycle, as agents make them), aiohttp would complain of them before the guard could close them.
_guarded: dict[aiohttp.ClientSession, asyncio.AbstractEventLoop] = {}


def at_exit() -> None:
    """Have aiohttp say nothing of sessions whose loops nobody runs or closes any more: the process ends."""
    for session, loop in list(_guarded.items()):
        if loop.is_running():
            continue
        connector = session.connector
        session.detach()
        if hasattr(connector, "_closed"):  # nothing public says so without the loop
            connector._closed = True  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]


class AsyncTransport:
    """Runs flows on aiohttp. One object serves any number of event loops, one after the other or at once."""

    def __init__(self, settings: TransportSettings) -> None:
        self._settings = settings
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopSession] = WeakKeyDictionary()
        self._timeout = self._client_timeout(None)
        self._proxy, self._proxy_headers = settings.proxy_parts
        # aiohttp gives these headers to a tunnel; a proxy without one reads them in the request itself.
        tunnel = settings.origin.startswith("https:")
        self._plain_proxy_headers = None if tunnel else self._proxy_headers
        self._url = lru_cache(maxsize=256)(partial(_url, settings.origin))

    def run(self, flow: Flow[T]) -> Awaitable[T]:
        """Drive a flow to its result."""
        return adrive(flow, self._execute)

    async def aclose(self) -> None:
        """Close this event loop's session."""
        held = self._sessions.pop(asyncio.get_running_loop(), None)
        if held is not None:
            await held.guard.aclose()

    def drop(self) -> None:
        """Forget the sessions of event loops that are closed."""
        # keyrefs() is one step: other threads may be opening sessions on loops of their own.
        for loop in [reference() for reference in self._sessions.keyrefs()]:
            if loop is None or not loop.is_closed():
                continue
            held = self._sessions.pop(loop, None)
            if held is not None and not held.session.closed:
                held.abandon()

    def __del__(self, is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_ending():  # then all is done, and half of this module's names are gone
            self.drop()  # sessions of open loops close with their loops

    def _execute(self, command: Command) -> Awaitable[Any]:
        # No coroutine around the commonest: a thousand waiting calls are a thousand of each.
        return self._send(command) if isinstance(command, Request) else self._wait(command)

    async def _wait(self, command: Command) -> Any:
        if isinstance(command, Read):
            return await command.stream.read()  # type: ignore[attr-defined]
        if isinstance(command, Sleep):
            return await asyncio.sleep(command.seconds)
        assert isinstance(command, Blocking)
        running = asyncio.get_running_loop().run_in_executor(command.executor, command.call)
        try:
            async with asyncio.timeout(command.timeout):
                return await running
        except TimeoutError as error:
            if running.done() and not running.cancelled():
                raise
            raise TransportError(FailureKind.TOTAL_TIMEOUT, "credentials took too long to find") from error

    async def _send(self, request: Request) -> Response:
        deadline = None if request.timeout is None else time.monotonic() + request.timeout
        held = await self._turn(deadline)
        limits = self._timeout
        if deadline is not None:
            limits = self._client_timeout(max(0.001, deadline - time.monotonic()))
        failure: TransportError
        answer: aiohttp.ClientResponse | None = None
        handed_over = answered = False
        large = len(request.body) > _LARGE
        body = _LargeBody(request.body, self._settings.read_timeout) if large else None
        try:
            answer = await held.session.request(
                request.method,
                self._url(request.target),
                data=body or request.body,
                skip_auto_headers=None if request.body else _OF_NO_BODY,
                headers={**request.headers, **self._plain_proxy_headers}
                if self._plain_proxy_headers
                else request.headers,
                allow_redirects=False,
                timeout=limits,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
            )
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if request.stream and answer.status == 200:
                handed_over = answered = True
                return Response(200, headers, b"", AsyncByteStream(answer, held, deadline))
            content = await answer.read()
            answered = True
            return Response(answer.status, headers, content)
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error, deadline)
            if failure.kind is FailureKind.NAME and self._proxy is not None:
                # The proxy's own: it is the proxy that resolves all others.
                failure = TransportError(FailureKind.PROXY, failure.detail)
        finally:
            if body is not None and not handed_over and not (answered and body.is_written):
                body.abort()
            if not handed_over:
                held.slots.release()
                # Read whole, its connection is back; a large body may still be on its way then.
                if answer is not None and (answer.connection is not None or large):
                    answer.close()
        raise failure  # out here, without its context: aiohttp's errors hold the request's headers

    async def _turn(self, deadline: float | None) -> _LoopSession:
        """This loop's session, with one of its slots taken."""
        while True:
            held = self._sessions.get(asyncio.get_running_loop()) or await self._open_session()
            if (turn := held.turns.take()) is not None:
                await turn
            if deadline is None:
                await held.slots.acquire()
            else:
                await _acquire(held.slots, deadline)
            if not held.session.closed:
                return held
            held.slots.release()
            # Closed while we waited, or by the loop, which ends its generators; the next round opens another.
            if self._sessions.get(asyncio.get_running_loop()) is held:
                del self._sessions[asyncio.get_running_loop()]

    def _client_timeout(self, total: float | None) -> aiohttp.ClientTimeout:
        # connect limits name, socket, proxy and TLS together; sock_connect would cost two timers more.
        limit = self._settings
        return aiohttp.ClientTimeout(total=total, connect=limit.connect_timeout, sock_read=limit.read_timeout)

    async def _open_session(self) -> _LoopSession:
        self.drop()
        loop = asyncio.get_running_loop()
        context = self._settings.ssl_context
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEEP_ALIVE, ssl=True if context is None else context
        )
        session = aiohttp.ClientSession(
            connector=connector,
            headers=_PLAIN,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_OnlyOurHeaders,
            trust_env=False,
        )
        if hasattr(session, "_retry_connection"):
            # aiohttp would send a GET again by itself, beside our count and with the old signature. It has no
            # public name for this.
            session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
        held = self._sessions[loop] = _LoopSession(session, self._settings.max_concurrency)
        # Started, the guard is known to the loop, which closes it before it ends: asyncio.run() leaves no
        # open socket behind, and a client that is collected early closes its session on its loop.
        await anext(held.guard)
        return held


class _LoopSession:
    """What belongs to one event loop."""

    __slots__ = ("__weakref__", "guard", "session", "slots", "turns")

    def __init__(self, session: aiohttp.ClientSession, max_concurrency: int) -> None:
        self.session = session
        self.slots = asyncio.Semaphore(max_concurrency)
        self.turns = LoopTurns(_IN_ONE_TURN)
        self.guard = _guard(session)

    def abandon(self) -> None:
        """Give up a session whose loop was closed under it: nothing can be awaited there any more.

        aiohttp forgets its connections then, and asyncio closes each socket when its transport is collected,
        with a ResourceWarning that nobody could act on; hence the collection here and now, without it.
        """
        connector = self.session.connector
        _guarded.pop(self.session, None)
        self.session.detach()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            if connector is not None:
                closing = connector.close().__await__()
                with contextlib.suppress(StopIteration, RuntimeError):
                    next(closing)
            del connector
            gc.collect()


async def _acquire(slots: asyncio.Semaphore, deadline: float) -> None:
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            await slots.acquire()
    except TimeoutError as error:
        raise TransportError(
            FailureKind.TOTAL_TIMEOUT, "max_concurrency requests were in flight all the time"
        ) from error


def _url(origin: str, target: str) -> URL:
    return URL(origin + target, encoded=True)  # yarl would undo %3A


async def _guard(session: aiohttp.ClientSession) -> AsyncGenerator[None]:
    _guarded[session] = asyncio.get_running_loop()
    try:
        yield
    finally:
        _guarded.pop(session, None)
        await session.close()


class AsyncByteStream:
    """The body of a streaming response, read as it arrives.

    It holds its session: whoever reads may have let go of the client, whose collection would close it.
    """

    __slots__ = ("_answer", "_closed", "_deadline", "_held", "_loop")

    def __init__(self, answer: aiohttp.ClientResponse, held: _LoopSession, deadline: float | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer = answer
        self._held: _LoopSession | None = held
        self._deadline = deadline
        self._closed = False

    async def read(self) -> bytes:
        """The next bytes, ``b""`` at the end. Raises TransportError."""
        if self._closed:
            raise TransportError(FailureKind.CLOSED, "the stream was closed on this side")
        if self._held is None:
            return b""  # read to its end before; aiohttp would raise
        try:
            data = await self._answer.content.read(_CHUNK)
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error, self._deadline)
        except BaseException:
            self.close()
            raise
        else:
            if not data:
                self._release()
            return data
        self.close()
        raise failure

    def close(self) -> None:
        """Close the connection unless the body was read to its end."""
        if self._held is not None:
            self._closed = True
            self._answer.close()
            self._release()

    def __del__(self) -> None:
        # Dropped without being read or closed: its turn goes to the next call, on the loop's own thread.
        if self._held is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_abandon, self._answer, self._held.slots)

    def _release(self) -> None:
        if self._held is not None:
            self._answer.release()
            self._held.slots.release()
            self._held = None


def _abandon(answer: aiohttp.ClientResponse, slots: asyncio.Semaphore) -> None:
    answer.close()
    slots.release()


class _OnlyOurHeaders(aiohttp.ClientRequest):
    """A request without headers of aiohttp's own; told to skip some, it would copy all to see which."""

    DEFAULT_HEADERS: ClassVar[dict[istr, str]] = {}


class _LargeBody(aiohttp.BytesPayload):
    """A body that the socket may not take at once, written in pieces so that the event loop can breathe.

    Each piece has a time limit: aiohttp's own begins when the body is written. And a body that cannot be
    written out can be given up: closing a connection would first wait for the peer to take the rest.
    """

    def __init__(self, body: bytes, limit: float) -> None:
        super().__init__(b"")  # aiohttp would warn of a large body
        self._value = body
        self._size = len(body)
        self._limit = limit
        self._transport: asyncio.WriteTransport | None = None
        #: Whether all of it was handed to the socket; a peer may refuse a request that it has not read.
        self.is_written = False

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._transport = getattr(writer, "transport", None)
        body = memoryview(self._value)[:content_length]
        for start in range(0, len(body), _PIECE):
            async with asyncio.timeout(self._limit):
                await writer.write(bytes(body[start : start + _PIECE]))
        self.is_written = True

    def abort(self) -> None:
        """The call is over, or was cancelled: drop the connection with whatever was not sent."""
        if self._transport is not None:
            self._transport.abort()


def _failure(error: Exception, deadline: float | None) -> TransportError:
    if deadline is not None and time.monotonic() >= deadline - 0.001:
        return TransportError(FailureKind.TOTAL_TIMEOUT, _sentence(error))
    return TransportError(_kind(error), _sentence(error))


def _kind(error: Exception) -> FailureKind:
    table: tuple[tuple[type[Exception], FailureKind], ...] = (
        (aiohttp.ClientConnectorDNSError, FailureKind.NAME),
        (aiohttp.ClientProxyConnectionError, FailureKind.PROXY),
        (aiohttp.ClientHttpProxyError, FailureKind.PROXY),
        (aiohttp.ClientSSLError, FailureKind.TLS),
        (aiohttp.ConnectionTimeoutError, FailureKind.CONNECT_TIMEOUT),
        (aiohttp.ClientConnectorError, FailureKind.CONNECT),
        (asyncio.TimeoutError, FailureKind.READ_TIMEOUT),
    )
    return next((kind for cls, kind in table if isinstance(error, cls)), FailureKind.CLOSED)


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
