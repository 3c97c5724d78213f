"""The third transport: a boto3 client that the caller made (its session, its mocks, its instrumentation)."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, NoReturn, cast

from ..wire.failure import InStreamFailure
from ..wire.http import Blocking, Command, FailureKind, Flow, Read, Sleep, T, TransportError
from ..wire.operations import Operation
from ..wire.pace import Pace
from .drive import adrive, drive

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


class InjectedTransport:
    """Calls operations on a boto3 client.

    Asynchronous calls run on threads of our own, as many as the client's pool has connections.

    Args:
        requests_per_minute: further ones wait; boto3 has no such limit of its own.
    """

    def __init__(self, client: Any, requests_per_minute: int | None = None) -> None:
        self.client = client
        self._pace = None if requests_per_minute is None else Pace(requests_per_minute)
        self._executor: ThreadPoolExecutor | None = None
        self._lock = Lock()

    @property
    def region(self) -> str | None:
        """The client's region, where it says one."""
        region = getattr(getattr(self.client, "meta", None), "region_name", None)
        return region if isinstance(region, str) else None

    @property
    def connections(self) -> int:
        """How many connections its pool keeps; botocore's default is 10."""
        config = getattr(getattr(self.client, "meta", None), "config", None)
        size = getattr(config, "max_pool_connections", 10)
        return size if isinstance(size, int) else 10

    @property
    def executor(self) -> ThreadPoolExecutor:
        """Threads for the client's blocking calls; never the loop's default ones, which others need, too."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(
                    self.connections, thread_name_prefix="bedrock-unified-boto3"
                )
            return self._executor

    def call(self, operation: Operation, members: Mapping[str, Any]) -> Flow[dict[str, Any]]:
        """The operation's answer, as the client gives it."""
        method = getattr(self.client, _WORDS.sub("_", operation.name).lower())
        given = {name: value for name, value in members.items() if value is not None}

        def run() -> Any:
            with translated():
                answer = method(**given)
                if not operation.streams and (body := answer.get("body")) is not None:
                    answer = {**answer, "body": _bytes(body)}
                return answer

        if self._pace is not None:
            yield from self._pace.turn()
        return (yield Blocking(run, self.executor))

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its result."""
        return drive(flow, _execute)

    async def arun(self, flow: Flow[T]) -> T:
        """Drive a flow on the event loop."""
        return await adrive(flow, _aexecute)

    def forget(self) -> None:
        """Start anew in a forked child, which has none of the threads."""
        self._executor = None
        self._lock = Lock()
        self._pace = self._pace and self._pace.anew()

    def close(self) -> None:
        """Stop the threads; the client stays its owner's."""
        with self._lock:
            if self._executor is not None:
                self._executor.shutdown(wait=False)
                self._executor = None


def _execute(command: Command) -> Any:
    if isinstance(command, Blocking):
        return command.call()
    if isinstance(command, Read):
        stream: Any = command.stream
        return stream.read()
    return time.sleep(command.seconds) if isinstance(command, Sleep) else _refuse(command)


async def _aexecute(command: Command) -> Any:
    if isinstance(command, Blocking):
        return await asyncio.get_running_loop().run_in_executor(command.executor, command.call)
    if isinstance(command, Read):
        stream: Any = command.stream
        return await stream.read()
    return await asyncio.sleep(command.seconds) if isinstance(command, Sleep) else _refuse(command)


def _refuse(command: Command) -> NoReturn:
    raise TypeError(f"a boto3 client takes no {type(command).__name__} command")


class translated:
    """botocore's failures below HTTP as ours; ``ClientError`` passes through, for the caller to explain."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None:
            return
        from botocore import exceptions as boto
        from botocore.eventstream import ParserError
        from botocore.parsers import ResponseParserError
        from urllib3.exceptions import ProtocolError
        from urllib3.exceptions import ReadTimeoutError as Urllib3ReadTimeout

        if isinstance(error, boto.EventStreamError):
            answer: Any = error.response  # pyright: ignore[reportUnknownMemberType]
            told: dict[str, Any] = answer.get("Error", {})
            raise InStreamFailure(str(told.get("Code", "")), str(told.get("Message", ""))) from error
        table: tuple[tuple[type[BaseException], FailureKind], ...] = (
            (boto.ReadTimeoutError, FailureKind.READ_TIMEOUT),
            (Urllib3ReadTimeout, FailureKind.READ_TIMEOUT),
            (boto.ConnectTimeoutError, FailureKind.CONNECT_TIMEOUT),
            (boto.ProxyConnectionError, FailureKind.PROXY),
            (boto.SSLError, FailureKind.TLS),
            (boto.EndpointConnectionError, FailureKind.CONNECT),
            (boto.ConnectionClosedError, FailureKind.CLOSED),
            (boto.ResponseStreamingError, FailureKind.CLOSED),
            (ProtocolError, FailureKind.CLOSED),
            (boto.HTTPClientError, FailureKind.CLOSED),
            (ParserError, FailureKind.CORRUPT),
            (ResponseParserError, FailureKind.CORRUPT),
        )
        for cls, failure in table:
            if isinstance(error, cls):
                raise TransportError(failure, str(error)) from error


class InjectedStream:
    """The events of a boto3 event stream, read one by one like the bytes of our own transports."""

    def __init__(self, events: Any) -> None:
        self._events = events
        self._iterator: Iterator[dict[str, Any]] = iter(events)
        self._open = True

    def read(self) -> Any:
        """The next event, ``b""`` at the end."""
        with translated():
            event = next(self._iterator, b"")
        if not event:
            self._open = False
        return event

    def close(self) -> None:
        """Close the client's connection unless the stream was read to its end."""
        if self._open:
            self._open = False
            self._shut()

    def _shut(self) -> None:
        close = getattr(self._events, "close", None)
        if close is not None:
            close()


class AsyncInjectedStream(InjectedStream):
    """The same, each step on a thread of the transport's own."""

    def __init__(self, events: Any, executor: ThreadPoolExecutor) -> None:
        super().__init__(events)
        self._executor = executor
        self._reading: Future[Any] | None = None

    async def read(self) -> Any:
        """The next event, ``b""`` at the end."""
        self._reading = self._executor.submit(super().read)
        return await asyncio.wrap_future(self._reading)

    def _shut(self) -> None:
        reading = self._reading
        if reading is None or reading.done():
            super()._shut()
            return
        # Closing would wait for the thread that reads, and the event loop with it. urllib3 wakes that thread
        # where it can; else it closes when the client's read limit ends its waiting.
        shutdown = getattr(getattr(self._events, "_raw_stream", None), "shutdown", None)
        if shutdown is not None:
            with suppress(OSError, ValueError, RuntimeError):  # the connection is gone, or has no such way
                shutdown()
        close = super()._shut
        reading.add_done_callback(lambda _: close())


def _bytes(body: Any) -> Any:
    """A body as botocore's gives it. Those of stubs give texts, too, or are the text itself."""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    return cast("memoryview[int]", body).tobytes() if isinstance(body, memoryview) else body
