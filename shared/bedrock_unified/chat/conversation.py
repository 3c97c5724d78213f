"""One request through preparation, route, refusals and the answer's finish: a flow for sync and async."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..calls import Line
from ..converse.events import Event, EventParser
from ..errors import BedrockError, InvalidRequestError
from ..failures import ErrorMaker
from ..flow import Opened
from ..models.learned import Learned
from ..readers import read_converse, read_invoke
from ..wire import json_codec
from ..wire import operations as op
from ..wire.eventstream import FrameError
from ..wire.http import Flow, Response
from ..wire.operations import Operation
from .options import ChatOptions
from .prepare import prepare
from .route import invoke_members

if TYPE_CHECKING:
    from ..invoke.families import Family
    from ..models.refusals import Refusal

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)

#: Statuses of a refusal; cache points are refused as if they were forbidden.
_REFUSING = (400, 403)


class CapabilityWarning(UserWarning):
    """A model refused something that nobody had asked for; the request was sent again without it."""


class Conversation:
    """A Converse request under its options.

    Raises (when it is made):
        InvalidRequestError: something was asked for that this model cannot do.
    """

    __slots__ = ("_learned", "_model_id", "_options", "_prepared", "_refused", "_request", "_streaming")

    def __init__(
        self, request: Mapping[str, Any], options: ChatOptions, learned: Learned, *, streaming: bool
    ) -> None:
        self._request = request
        self._options = options
        self._learned = learned
        self._streaming = streaming
        self._model_id = str(request["modelId"])
        self._refused: tuple[Refusal, ...] = ()
        profile = learned.profile(self._model_id, options.model_family, options.capabilities)
        self._prepared = prepare(request, options, profile)

    @property
    def operation(self) -> Operation:
        """The operation that carries the request."""
        if self._prepared.family is not None:
            return op.INVOKE_MODEL_STREAM if self._streams() else op.INVOKE_MODEL
        return op.CONVERSE_STREAM if self._streams() else op.CONVERSE

    @property
    def request(self) -> Mapping[str, Any]:
        """The request as it is sent, in Converse's shape."""
        return self._prepared.request

    def call(self, line: Line) -> Flow[dict[str, Any]]:
        """The whole answer, in Converse's shape."""
        while True:
            try:
                answer = yield from self._ask(line)
            except BedrockError as error:
                self._learn(error)
                continue
            return self.finish(self._prepared.names.restored(answer), line.errors)

    def open(self, line: Line) -> Flow[Opened]:
        """The answer's stream; told in one piece where the model does not stream."""
        while True:
            try:
                if self._streams():
                    return (yield from self._open(line))
                answer = yield from self._ask(line)
            except BedrockError as error:
                self._learn(error)
                continue
            answer = self._prepared.names.restored(answer)
            return _told(self.finish(answer, line.errors) if self._redacts() else answer, line)

    def finish(self, answer: dict[str, Any], errors: ErrorMaker) -> dict[str, Any]:
        """A whole answer as the caller wants a guardrail's intervention.

        Raises:
            GuardrailIntervened: a guardrail intervened, and that was to be an error.
        """
        action = self._options.guardrail_action
        if action == "return":
            return answer
        from ..converse.assessment import apply_action

        try:
            return apply_action(answer, action)
        except BedrockError as error:
            told: dict[str, Any] = answer.get("ResponseMetadata") or {}
            raise errors.make(
                type(error),
                error.message,
                hint=error.hint,
                partial=error.partial,
                operation=self.operation.name,
                model_id=self._model_id,
                request_id=told.get("RequestId"),
            ) from None  # it says the same, and more

    def _streams(self) -> bool:
        """Whether the answer is asked for as a stream."""
        profile = self._prepared.profile
        # It is ConverseStream that refuses tools; gpt-oss calls them in its native stream (bxcd6778618775eb).
        tools = "toolConfig" in self._prepared.request and self._prepared.family is None
        return self._streaming and profile.streaming and (profile.streaming_tools or not tools)

    def _ask(self, line: Line) -> Flow[dict[str, Any]]:
        prepared = self._prepared
        if prepared.family is None:  # the flow itself: no generator around the commonest
            return line.unary(op.CONVERSE, _unary(prepared.request), read_converse)
        return self._ask_natively(line, prepared.request, prepared.family)

    def _ask_natively(self, line: Line, request: Mapping[str, Any], family: Family) -> Flow[dict[str, Any]]:
        members = invoke_members(request, family, streaming=False)
        answer = yield from line.unary(op.INVOKE_MODEL, members, read_invoke)
        about: dict[str, Any] = answer.get("ResponseMetadata") or {}
        try:
            body = json_codec.loads(answer["body"])
            response = family.response(body, about.get("HTTPHeaders") or {})
        except _UNREADABLE as error:
            raise line.errors.unreadable(repr(error), op.INVOKE_MODEL, self._model_id, 200) from error
        return {**response, "ResponseMetadata": about}

    def _open(self, line: Line) -> Flow[Opened]:
        prepared = self._prepared
        family = prepared.family
        if family is None:
            opened = yield from line.stream(op.CONVERSE_STREAM, prepared.request)
        else:
            from .streaming import native

            members = invoke_members(prepared.request, family, streaming=True)
            opened = yield from line.stream(op.INVOKE_MODEL_STREAM, members)
            maker = family.events()
            headers = opened.response.headers
            _read_through(opened, lambda inner: native(inner, maker, headers))
        if prepared.names:
            from .streaming import rewritten

            _read_through(opened, lambda inner: rewritten(inner, prepared.names.restored_event))
        if self._redacts():
            from ..converse.assessment import apply_action
            from .streaming import rewritten

            def redacted(event: Event) -> Event:
                return apply_action(event, "redact") if "metadata" in event else event

            _read_through(opened, lambda inner: rewritten(inner, redacted))
        return opened

    def _redacts(self) -> bool:
        return self._options.guardrail_action == "redact"

    def _learn(self, error: BedrockError) -> None:
        """Make the request weaker by what was refused, or raise.

        Only what nobody asked for gives way: preparing again with what was learned either changes the
        request, or raises because it was an explicit wish. Nothing gives way twice: a model may refuse either
        of two ways.
        """
        from ..models.refusals import override, refusal_of, without

        refusal = refusal_of(error.message) if error.status in _REFUSING else None
        if refusal is None or refusal in self._refused:
            raise error
        if refusal.capability in (self._options.capabilities or ()):
            error.hint = (
                f"capabilities says what {refusal.capability} is, and the model refuses {refusal.denies}: "
                f"leave {refusal.capability!r} out of capabilities"
            )
            raise error
        self._refused += (refusal,)
        before, streamed = self._prepared, self._streams()
        weaker = without(before.profile, refusal)
        try:
            self._prepared = prepare(self._request, self._options, weaker)
        except InvalidRequestError as refused:
            error.hint = refused.hint or error.hint
            raise error from None
        if self._prepared.request == before.request and self._streams() == streamed:
            self._prepared = before
            raise error
        self._learned.add(self._model_id, refusal)
        told = f"{self._model_id} refused {refusal.denies}: {refusal.instead}"
        if refusal.lasting:
            told += (
                ", also in later calls of this client. "
                f"capabilities={override(weaker, refusal)} says so from the start; "
                "bedrock-unified's issue tracker would like to know of it"
            )
        warnings.warn(told, CapabilityWarning, stacklevel=2)


def _unary(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request without what ConverseStream alone knows."""
    guardrail = request.get("guardrailConfig")
    if not guardrail or "streamProcessingMode" not in guardrail:
        return request
    rest = {name: value for name, value in guardrail.items() if name != "streamProcessingMode"}
    return {**request, "guardrailConfig": rest}


def _read_through(opened: Opened, wrap: Callable[[EventParser], Any]) -> None:
    """Put a parser around the one of an opened stream, and through it what that has read already."""
    parser = wrap(_Replay(opened.parser, opened.events))
    opened.parser = parser
    if not opened.events:
        return  # of a boto3 client's stream nothing has been read
    opened.events = []
    with suppress(FrameError):  # the parser keeps it, and tells it when the stream is read
        opened.events = parser.feed(b"")


class _Replay(EventParser):
    """A parser whose first events have been read."""

    __slots__ = ("_first", "_inner")

    def __init__(self, inner: EventParser, first: list[dict[str, Any]]) -> None:
        super().__init__()
        self._inner = inner
        self._first = first

    def feed(self, data: Any) -> list[dict[str, Any]]:
        if self._first:
            first, self._first = self._first, []
            return first
        return self._inner.feed(data)

    def check(self) -> None:
        self._inner.check()

    def end(self) -> list[dict[str, Any]]:
        return self._inner.end()


def _told(answer: dict[str, Any], line: Line) -> Opened:
    """A whole answer as a stream."""
    from .retold import events_of
    from .streaming import AsyncOver, Over, Told

    about: dict[str, Any] = answer.get("ResponseMetadata") or {}
    headers: dict[str, str] = dict(about.get("HTTPHeaders") or {})
    events = events_of(answer)
    response = Response(about.get("HTTPStatusCode", 200), headers, b"")
    over = AsyncOver() if line.asynchronous else Over()
    return Opened(response, over, Told(events), events, about.get("RetryAttempts", 0))
