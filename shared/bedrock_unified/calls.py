"""One operation's call, prepared the same way for synchronous and asynchronous callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .converse.events import ChunkEvents, ConverseEvents
from .failures import ErrorMaker
from .flow import Opened, call, metadata, open_stream
from .place import Place
from .wire import operations as op
from .wire.http import Flow, Response
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
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
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
