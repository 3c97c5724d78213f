"""The way of a request to its answer or its stream, as a flow without sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .converse.events import Event, EventParser
from .credentials.identity import secrets_of
from .exchange import Exchange, Route
from .failures import ErrorMaker
from .wire.eventstream import FrameError
from .wire.failure import InStreamFailure, failure_of
from .wire.http import ByteStream, FailureKind, Flow, Read, Response, TransportError
from .wire.operations import Encoded, Operation


@dataclass(slots=True, eq=False, repr=False)
class Opened:
    """A stream whose first events have come."""

    response: Response
    stream: ByteStream
    parser: EventParser
    events: list[Event]
    retries: int
    #: What must not appear in any message of this stream.
    secrets: list[str] = field(default_factory=list[str], repr=False)


def call(
    route: Route, operation: Operation, encoded: Encoded, errors: ErrorMaker, model_id: str | None
) -> Flow[tuple[Response, int]]:
    """A whole answer, with the number of retries it took.

    Raises:
        BedrockError: by what AWS answered, or by what kept it from answering.
    """
    exchange = Exchange(route, operation, encoded, errors, model_id)
    while True:
        try:
            if not exchange.is_ready():
                yield from exchange.turn()
            response: Response = yield exchange.request()
        except TransportError as failure:
            yield from exchange.retry_failure(failure)
            continue
        if 200 <= response.status < 300:
            exchange.succeeded()
            return response, exchange.retries
        yield from exchange.retry_answer(failure_of(response))


def open_stream(
    route: Route,
    operation: Operation,
    encoded: Encoded,
    errors: ErrorMaker,
    model_id: str | None,
    parser: Callable[[], EventParser],
) -> Flow[Opened]:
    """A stream, opened and read up to its first event; until then every failure can be retried.

    Raises:
        BedrockError: as :func:`call`.
    """
    exchange = Exchange(route, operation, encoded, errors, model_id)
    while True:
        try:
            if not exchange.is_ready():
                yield from exchange.turn()
            response: Response = yield exchange.request()
        except TransportError as failure:
            yield from exchange.retry_failure(failure)
            continue
        if response.stream is None:
            yield from exchange.retry_answer(failure_of(response))
            continue
        kind = response.headers.get("content-type", "")
        if kind.startswith("text/") or "json" in kind:
            response.stream.close()
            raise errors.unreadable(f"its content type is {kind!r}", operation, model_id, response.status)
        reader = parser()
        try:
            events = yield from _first_events(response.stream, reader)
        except InStreamFailure as failure:
            yield from exchange.retry_answer(errors.in_stream(failure, response.headers))
        except FrameError as failure:
            yield from exchange.retry_failure(TransportError(FailureKind.CORRUPT, str(failure)))
        except TransportError as failure:
            yield from exchange.retry_failure(failure)
        else:
            exchange.succeeded()
            return Opened(
                response, response.stream, reader, events, exchange.retries, secrets_of(exchange.identity)
            )


def _first_events(stream: ByteStream, reader: EventParser) -> Flow[list[Event]]:
    try:
        while True:
            data: bytes = yield Read(stream)
            if not data:
                reader.end()
                raise TransportError(FailureKind.CLOSED, "the stream ended before its first event")
            if events := reader.feed(data):
                return events
    except BaseException:
        stream.close()
        raise


def metadata(response: Response, retries: int) -> Mapping[str, Any]:
    """botocore's ``ResponseMetadata`` of an answer."""
    return {
        "RequestId": response.headers.get("x-amzn-requestid"),
        "HTTPStatusCode": response.status,
        "HTTPHeaders": response.headers,
        "RetryAttempts": retries,
    }
