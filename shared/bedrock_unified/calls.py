"""One operation's call, prepared the same way for synchronous and asynchronous callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .converse.events import ChunkEvents, ConverseEvents, EventParser, GivenChunks, GivenEvents
from .errors import BedrockError
from .failures import ErrorMaker
from .flow import Opened, call, metadata, open_stream
from .place import Place
from .transport.injected import AsyncInjectedStream, InjectedStream, InjectedTransport
from .wire import operations as op
from .wire.failure import Failure
from .wire.http import Flow, Response, TransportError
from .wire.operations import Operation, encode

#: Reads a successful answer's body; given the headers, too.
Reader = Callable[[Response], dict[str, Any]]


def call_flow(
    place: Place, operation: Operation, members: Mapping[str, Any], errors: ErrorMaker, read: Reader
) -> Flow[dict[str, Any]]:
    """A unary call over our own transports; gives the answer in botocore's shape."""
    model_id = members.get("modelId")
    response, retries = yield from call(place.route, operation, encode(operation, members), errors, model_id)
    try:
        answer = read(response)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise errors.unreadable(repr(error), operation, model_id, response.status) from error
    answer["ResponseMetadata"] = metadata(response, retries)
    return answer


def stream_flow(
    place: Place, operation: Operation, members: Mapping[str, Any], errors: ErrorMaker
) -> Flow[Opened]:
    """A streaming call over our own transports, up to its first event."""
    parser = ConverseEvents if operation is op.CONVERSE_STREAM else ChunkEvents
    return open_stream(
        place.route, operation, encode(operation, members), errors, members.get("modelId"), parser
    )


def injected_flow(
    transport: InjectedTransport, operation: Operation, members: Mapping[str, Any], errors: ErrorMaker
) -> Flow[dict[str, Any]]:
    """A call on the caller's boto3 client, with our errors."""
    from botocore.exceptions import ClientError

    try:
        answer = yield from transport.call(operation, members)
    except TransportError as error:
        raise errors.unanswered(error, operation, members.get("modelId")) from error
    except BedrockError:
        raise
    except ClientError as error:
        raise errors.answered(_failure(error), operation, members.get("modelId")) from error
    body = answer.get("body")
    if operation is op.INVOKE_MODEL and hasattr(body, "read"):
        answer = {**answer, "body": body.read()}
    return answer


def injected_stream_flow(
    transport: InjectedTransport,
    operation: Operation,
    members: Mapping[str, Any],
    errors: ErrorMaker,
    *,
    asynchronous: bool,
) -> Flow[Opened]:
    """A streaming call on the caller's boto3 client."""
    answer = yield from injected_flow(transport, operation, members, errors)
    events = answer["stream" if operation is op.CONVERSE_STREAM else "body"]
    stream = AsyncInjectedStream(events, transport.executor) if asynchronous else InjectedStream(events)
    about: Mapping[str, Any] = answer.get("ResponseMetadata") or {}
    headers = {str(name).lower(): str(value) for name, value in (about.get("HTTPHeaders") or {}).items()}
    if "RequestId" in about:
        headers.setdefault("x-amzn-requestid", about["RequestId"])
    parser: EventParser = GivenEvents() if operation is op.CONVERSE_STREAM else GivenChunks()
    response = Response(about.get("HTTPStatusCode", 200), headers, b"")
    return Opened(response, stream, parser, [], about.get("RetryAttempts", 0))


def _failure(error: Any) -> Failure:
    told = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    headers = {str(name).lower(): str(value) for name, value in (about.get("HTTPHeaders") or {}).items()}
    if about.get("RequestId"):
        headers.setdefault("x-amzn-requestid", about["RequestId"])
    return Failure(
        str(told.get("Code", "")), str(told.get("Message", "")), about.get("HTTPStatusCode", 0), headers
    )
