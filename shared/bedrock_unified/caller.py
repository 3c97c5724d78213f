"""What every operation of a client needs: its connection, its error classes, its life, and how it is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .calls import Line, Reader
from .connection import Connection
from .converse.checks import check_converse
from .converse.guardrail import guardrail_problem
from .errors import BedrockError, InvalidRequestError, in_class
from .failures import ErrorClasses, ErrorMaker
from .flow import Opened
from .models.ids import parse_model_id
from .observing import Observer, Watch
from .settings import ConnectionSettings
from .streams import AsyncEventStream, EventStream, Finish
from .wire import operations as op
from .wire.http import Flow
from .wire.operations import Operation

if TYPE_CHECKING:
    from .chat.conversation import Conversation
    from .chat.options import ChatOptions
    from .credentials import Signer

P = TypeVar("P")
#: What ``modelId`` is called elsewhere.
_NOT_MODEL_ID = ("model_id", "model", "modelID", "model_name")


class Caller:
    """A client without its operations."""

    #: The ways to Bedrock, blocking and not, and the life of the connection that they were made in.
    _lines: tuple[object, Line, Line] | None = None

    def __init__(self, **settings: Any) -> None:
        self._connection = Connection(ConnectionSettings.from_keywords(settings, type(self).__name__))
        self._classes: ErrorClasses = {}

    @classmethod
    def from_settings(cls, settings: ConnectionSettings, *, errors: ErrorClasses | None = None) -> Self:
        """A client on settings that are already validated, raising an adapter's own error classes."""
        client = cls.__new__(cls)
        client._connection = Connection(settings)
        client._classes = errors or {}
        return client

    def raising(self, errors: ErrorClasses) -> Self:
        """The same client, its connections shared, raising an adapter's own error classes."""
        view = type(self).__new__(type(self))
        view._connection = self._connection
        view._classes = errors
        return view

    @property
    def region(self) -> str:
        """The region that calls go to."""
        return self._connection.region

    @property
    def settings(self) -> ConnectionSettings:
        """The settings this client was made with."""
        return self._connection.settings

    def who_signs(self) -> Signer:
        """Who signs this client's calls, and where that identity was found.

        May read files, ask the network, and block, as the first call does.

        Raises:
            AuthenticationError: nobody.
        """
        try:
            return self._connection.who_signs()
        except BedrockError as error:
            raise self._adapted(error) from error.__cause__

    def observe(self, observer: Observer) -> None:
        """Have ``observer`` called with a :class:`bedrock_unified.observing.CallRecord` after every call.

        A call is recorded when its answer is whole or it failed, a stream at its end or when it is closed.
        Not recorded are calls that were cancelled or interrupted, and requests that were refused before
        anything was sent.

        It is called on the thread or event loop of the call, for all views of this client, and should be
        quick. What it raises is logged, not raised. Observers are not pickled or copied.
        """
        self._connection.observers.append(observer)

    # Life

    def close(self) -> None:
        """Close the synchronous connections. The client opens new ones when it is used again."""
        self._connection.close()

    async def aclose(self) -> None:
        """Close this event loop's connections and the synchronous ones."""
        await self._connection.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settings.shown()})"

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings.without_secrets(), "classes": self._classes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._connection = Connection(state["settings"])
        self._classes = state["classes"]

    def __copy__(self) -> Self:
        return self.raising(self._classes)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self).from_settings(self.settings, errors=self._classes)

    # How an operation is run

    def _errors(self) -> ErrorMaker:
        return self._line(asynchronous=False).errors

    def _line(self, *, asynchronous: bool) -> Line:
        # One for all calls: a thousand waiting calls need not hold a thousand.
        connection, lines = self._connection, self._lines
        if lines is None or lines[0] is not connection.life:
            life = connection.life
            errors = ErrorMaker(connection.region, connection.profile, self._classes)
            blocking = Line(connection, errors, asynchronous=False)
            lines = self._lines = (life, blocking, Line(connection, errors, asynchronous=True))
        return lines[2] if asynchronous else lines[1]

    def _run(self, operation: Operation, members: Mapping[str, Any], read: Reader) -> dict[str, Any]:
        return self._drive(operation, members, self._line(asynchronous=False).unary(operation, members, read))

    def _arun(
        self, operation: Operation, members: Mapping[str, Any], read: Reader
    ) -> Awaitable[dict[str, Any]]:
        flow = self._line(asynchronous=True).unary(operation, members, read)
        return self._adrive(operation, members, flow)

    def _open(self, operation: Operation, members: Mapping[str, Any]) -> EventStream:
        return self._driven(operation, members, self._line(asynchronous=False).stream(operation, members))

    def _aopen(self, operation: Operation, members: Mapping[str, Any]) -> Awaitable[AsyncEventStream]:
        flow = self._line(asynchronous=True).stream(operation, members)
        return self._adriven(operation, members, flow)

    def _drive(
        self, operation: Operation, members: Mapping[str, Any], flow: Flow[dict[str, Any]]
    ) -> dict[str, Any]:
        watch = self._watch(operation, members)
        try:
            answer = self._connection.run(operation, flow)
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        if watch is not None:
            watch.finished(answer)
        return answer

    async def _adrive(
        self, operation: Operation, members: Mapping[str, Any], flow: Flow[dict[str, Any]]
    ) -> dict[str, Any]:
        watch = self._watch(operation, members)
        try:
            answer = await self._connection.arun(operation, flow)
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        if watch is not None:
            watch.finished(answer)
        return answer

    def _awaited(
        self, operation: Operation, members: Mapping[str, Any], flow: Flow[dict[str, Any]]
    ) -> Awaitable[dict[str, Any]]:
        """The same for who raises the adapter's errors itself: without a coroutine where nobody watches."""
        if self._connection.observers:
            return self._adrive(operation, members, flow)
        return self._connection.arun(operation, flow)

    def _driven(
        self,
        operation: Operation,
        members: Mapping[str, Any],
        flow: Flow[Opened],
        finish: Finish | None = None,
    ) -> EventStream:
        watch = self._watch(operation, members)
        try:
            opened = self._connection.run(operation, flow)
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        return EventStream(opened, operation, members.get("modelId"), self._errors(), watch, finish)

    async def _adriven(
        self,
        operation: Operation,
        members: Mapping[str, Any],
        flow: Flow[Opened],
        finish: Finish | None = None,
    ) -> AsyncEventStream:
        watch = self._watch(operation, members)
        try:
            opened = await self._connection.arun(operation, flow)
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        return AsyncEventStream(opened, operation, members.get("modelId"), self._errors(), watch, finish)

    def _watch(self, operation: Operation, members: Mapping[str, Any]) -> Watch | None:
        observers = self._connection.observers
        return Watch(observers, operation, members) if observers else None

    def _conversation(
        self, request: dict[str, Any], options: ChatOptions, *, streaming: bool
    ) -> Conversation:
        from .chat.conversation import Conversation
        from .chat.options import check_options

        name = op.CONVERSE_STREAM.name if streaming else op.CONVERSE.name
        try:
            check_options(options)
            named = self._named(request)
            check_converse(named, operation=name)
            talk = Conversation(named, options, self._connection.learned, streaming=streaming)
            if talk.request is not named:
                check_converse(talk.request, operation=name)
        except BedrockError as error:
            raise self._adapted(error) from None
        return talk

    def _converse(self, operation: Operation, request: dict[str, Any]) -> dict[str, Any]:
        try:
            named = self._named(request)
            check_converse(named, operation=operation.name)
        except BedrockError as error:
            raise self._adapted(error) from None
        return named

    def _guarded(self, operation: Operation, request: dict[str, Any]) -> dict[str, Any]:
        """The request, with a model id as it goes over the wire and a guardrail that can be one."""
        named = self._named(request) if "modelId" in operation.in_path else request
        pair = {name: request.get(name) for name in ("guardrailIdentifier", "guardrailVersion")}
        problem = guardrail_problem(pair, needed=operation is op.APPLY_GUARDRAIL)
        if problem is not None:
            message, hint = problem
            model_id = named.get("modelId")
            raise self._adapted(
                InvalidRequestError(message, operation=operation.name, model_id=model_id, hint=hint)
            )
        return named

    def _named(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request with its model's id as it goes over the wire."""
        try:
            model_id = request.get("modelId")
            if model_id is None and (other := next((n for n in _NOT_MODEL_ID if n in request), None)):
                raise InvalidRequestError(f"there is no parameter {other!r}", hint="did you mean 'modelId'?")
            wire_id = parse_model_id("" if model_id is None else model_id).wire_id
        except BedrockError as error:
            raise self._adapted(error) from None
        return request if wire_id == model_id else {**request, "modelId": wire_id}

    def _planned(self, plan: Callable[[], P]) -> P:
        try:
            return plan()
        except BedrockError as error:
            raise self._adapted(error) from error.__cause__

    def _agent_region(self) -> str:
        """Where reranking happens: of the agent runtime's own client, if one was handed in."""
        injected = self._connection.injected(op.RERANK)
        return (injected.region if injected is not None else None) or self.region

    def _adapted(self, error: BedrockError, watch: Watch | None = None) -> BedrockError:
        error = in_class(error, self._classes)
        if watch is not None:
            watch.failed(error)
        return error
