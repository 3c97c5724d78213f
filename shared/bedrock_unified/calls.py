"""How operations reach Bedrock: over our own transports, or the boto3 client that the caller handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .connection import Connection
from .converse.events import ChunkEvents, ConverseEvents
from .exchange import Route
from .failures import ErrorMaker
from .flow import Opened, call, metadata, open_stream
from .wire import operations as op
from .wire.http import Flow, Response
from .wire.operations import Operation, encode, model_of

#: Reads a successful answer's body; given the headers, too.
Reader = Callable[[Response], dict[str, Any]]
#: Seconds for a call that another one waits for, and can do without.
_BRIEF = 10.0


class Line:
    """One client's way to Bedrock; it keeps nothing of a call.

    Args:
        asynchronous: whether the flows are driven on an event loop; streams are then read there.
        brief: give up soon; for what a call can do without.
    """

    __slots__ = ("_brief", "_connection", "asynchronous", "errors")

    def __init__(
        self, connection: Connection, errors: ErrorMaker, *, asynchronous: bool, brief: bool = False
    ) -> None:
        self._connection = connection
        self.errors = errors
        self._brief = brief
        self.asynchronous = asynchronous

    def unary(self, operation: Operation, members: Mapping[str, Any], read: Reader) -> Flow[dict[str, Any]]:
        """A whole answer, in botocore's shape.

        Raises:
            BedrockError: by what AWS answered, or by what kept it from answering.
        """
        injected = self._connection.injected(operation)
        if injected is not None:
            from .injected_calls import injected_flow

            return (yield from injected_flow(injected, operation, members, self.errors))
        place, errors = self._connection.place(operation), self.errors
        encoded = encode(operation, members)
        model_id = model_of(members)
        route = _impatient(place.route) if self._brief else place.route
        response, retries = yield from call(route, operation, encoded, errors, model_id)
        try:
            answer = read(response)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise errors.unreadable(repr(error), operation, model_id, response.status) from error
        answer["ResponseMetadata"] = metadata(response, retries)
        return answer

    def stream(self, operation: Operation, members: Mapping[str, Any]) -> Flow[Opened]:
        """A stream, up to its first event."""
        injected = self._connection.injected(operation)
        if injected is not None:
            from .injected_calls import injected_stream_flow

            return (
                yield from injected_stream_flow(
                    injected, operation, members, self.errors, asynchronous=self.asynchronous
                )
            )
        parser = ConverseEvents if operation is op.CONVERSE_STREAM else ChunkEvents
        route = self._connection.place(operation).route
        encoded = encode(operation, members)
        return (
            yield from open_stream(route, operation, encoded, self.errors, members.get("modelId"), parser)
        )


def _impatient(route: Route) -> Route:
    """The same way with one try more at most, and ten seconds for all of it."""
    return route._replace(
        max_retries=min(1, route.max_retries), total_timeout=min(_BRIEF, route.total_timeout or _BRIEF)
    )
