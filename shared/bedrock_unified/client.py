"""``BedrockClient``: the one door to Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from . import embedding, readers
from .calls import Reader, call_flow, stream_flow
from .connection import Connection
from .converse.checks import check_converse
from .converse.guardrail import guardrail_problem
from .embedding import Embeddings
from .errors import BedrockError, ConfigurationError, InvalidRequestError
from .failures import ErrorClasses, ErrorMaker
from .flow import Opened
from .invoke import titan_text
from .models.ids import parse_model_id
from .observing import Observer, Watch
from .settings import ConnectionSettings, shown
from .streams import AsyncEventStream, EventStream
from .wire import operations as op
from .wire.http import Flow
from .wire.operations import Operation


class BedrockClient:
    """Amazon Bedrock, synchronous and asynchronous, in botocore's request and response shapes.

    Nothing is loaded, resolved or connected before the first call. One client may be used from many threads
    and from several event loops. It can be pickled and copied: a pickled copy has no explicit credentials
    (and says so instead of signing as somebody else), a deep copy keeps them; neither shares connections.

    Args:
        region_name: AWS region. Else the region in ``endpoint_url``, ``AWS_REGION``, ``AWS_DEFAULT_REGION``,
            the profile's, ``us-east-1``.
        endpoint_url: the runtime's endpoint, with a path prefix if it has one. Else
            ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME``, ``AWS_ENDPOINT_URL``, the profile's, AWS's own.
        control_endpoint_url: the same for the control plane (``list_models``), ``AWS_ENDPOINT_URL_BEDROCK``.
        api_key: a Bedrock API key, sent as a bearer token; refused over plain http except to this machine.
        aws_access_key_id: with ``aws_secret_access_key`` (and ``aws_session_token``) an explicit identity.
        profile_name: a profile of the shared AWS files. Without any of these: ``AWS_BEARER_TOKEN_BEDROCK``,
            then the AWS chain (environment, files, SSO, web identity, ECS, IMDSv2).
        max_retries: tries after the first, for throttling, server errors and broken connections, before a
            stream's first event only.
        retry_read_timeouts: also try again after ``timeout``; the model may then be paid twice.
        connect_timeout: seconds for TCP and TLS; asynchronously for name resolution, too.
        timeout: seconds without a byte from AWS.
        total_timeout: seconds for a whole call with its retries and its stream; None for no such limit.
        max_concurrency: requests in flight at once per event loop; default the smaller of 1,000 and half of
            the process's file limit.
        verify: a CA bundle's path, or False; else ``AWS_CA_BUNDLE``.
        use_fips: FIPS endpoints (``AWS_USE_FIPS_ENDPOINT``).
        use_dualstack: dual-stack endpoints (``AWS_USE_DUALSTACK_ENDPOINT``).
        client: a boto3 ``bedrock-runtime`` client to call instead of our own transports; it then decides
            about credentials, endpoint, retries and time limits of everything but the control plane.
        control_client: the same for the control plane.

    Other spellings of these names are accepted (``region``, ``aws_profile``, ``base_url``, …).

    Raises:
        ConfigurationError: an unknown keyword, two spellings of one, half a key pair, an impossible limit.
    """

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

    def observe(self, observer: Observer) -> None:
        """Have ``observer`` called with a :class:`bedrock_unified.observing.CallRecord` after every call.

        A call is recorded when its answer is whole or it failed, a stream at its end or when it is closed.
        Not recorded are calls that were cancelled or interrupted, and requests that were refused before
        anything was sent.

        It is called on the thread or event loop of the call, for all views of this client, and should be
        quick. What it raises is logged, not raised. Observers are not pickled or copied.
        """
        self._connection.observers.append(observer)

    # Converse

    def converse(self, **request: Any) -> dict[str, Any]:
        """Send a Converse request (``modelId``, ``messages``, …) and return its response.

        Blobs are ``bytes`` both ways. Nothing in the request is changed.

        Raises:
            InvalidRequestError: the request cannot be accepted; what can be known is checked before sending.
            BedrockError: see :mod:`bedrock_unified.errors`.
        """
        return self._run(op.CONVERSE, self._converse(op.CONVERSE, request), readers.read_converse)

    async def aconverse(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`converse`. Cancelling it closes the connection."""
        return await self._arun(op.CONVERSE, self._converse(op.CONVERSE, request), readers.read_converse)

    def converse_stream(self, **request: Any) -> EventStream:
        """Open a ConverseStream; returns when its first event has come.

        Raises:
            BedrockError: as :meth:`converse`; errors inside the stream are raised while iterating.
        """
        return self._open(op.CONVERSE_STREAM, self._converse(op.CONVERSE_STREAM, request))

    async def aconverse_stream(self, **request: Any) -> AsyncEventStream:
        """The asynchronous :meth:`converse_stream`."""
        return await self._aopen(op.CONVERSE_STREAM, self._converse(op.CONVERSE_STREAM, request))

    # InvokeModel

    def invoke(self, **request: Any) -> dict[str, Any]:
        """InvokeModel with the model's own body (bytes, text, or a value to write as JSON).

        Returns:
            ``body`` as bytes, ``contentType``, ``ResponseMetadata`` with the headers that count tokens.
        """
        return self._run(op.INVOKE_MODEL, self._guarded(op.INVOKE_MODEL, request), readers.read_invoke)

    async def ainvoke(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`invoke`."""
        return await self._arun(op.INVOKE_MODEL, self._guarded(op.INVOKE_MODEL, request), readers.read_invoke)

    def invoke_stream(self, **request: Any) -> EventStream:
        """InvokeModelWithResponseStream: events ``{"chunk": {"bytes": …}}`` with the model's own pieces."""
        return self._open(op.INVOKE_MODEL_STREAM, self._guarded(op.INVOKE_MODEL_STREAM, request))

    async def ainvoke_stream(self, **request: Any) -> AsyncEventStream:
        """The asynchronous :meth:`invoke_stream`."""
        return await self._aopen(op.INVOKE_MODEL_STREAM, self._guarded(op.INVOKE_MODEL_STREAM, request))

    # Embeddings

    def embed(
        self,
        texts: Sequence[str],
        *,
        model_id: str = titan_text.MODEL,
        dimensions: int | None = None,
        normalize: bool | None = None,
        concurrency: int = 32,
    ) -> Embeddings:
        """Embed texts with Titan Text V2, ``concurrency`` requests at a time.

        Args:
            dimensions: 256, 512 or 1024 (the model's default).
            normalize: unit length (the model's default is True).

        Returns:
            ``vectors`` in the order of the texts, and ``input_tokens`` in all.

        Raises:
            InvalidRequestError: an empty text, or dimensions that do not exist; before anything is sent.
            ConfigurationError: no list of texts, or a concurrency that is no whole number from 1.
        """
        requests = self._embedding(texts, model_id, dimensions, normalize, concurrency)
        return self._embeddings(embedding.gather(self.invoke, requests, concurrency), model_id)

    async def aembed(
        self,
        texts: Sequence[str],
        *,
        model_id: str = titan_text.MODEL,
        dimensions: int | None = None,
        normalize: bool | None = None,
        concurrency: int = 64,
    ) -> Embeddings:
        """The asynchronous :meth:`embed`."""
        requests = self._embedding(texts, model_id, dimensions, normalize, concurrency)
        return self._embeddings(await embedding.agather(self.ainvoke, requests, concurrency), model_id)

    # Tokens, guardrails, models

    def count_tokens(self, **request: Any) -> dict[str, Any]:
        """CountTokens: ``{"inputTokens": n}`` for ``input={"converse": …}`` or ``{"invokeModel": …}``."""
        return self._run(op.COUNT_TOKENS, self._named(request), readers.read_plain)

    async def acount_tokens(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`count_tokens`."""
        return await self._arun(op.COUNT_TOKENS, self._named(request), readers.read_plain)

    def apply_guardrail(self, **request: Any) -> dict[str, Any]:
        """ApplyGuardrail: judge content (``source`` INPUT or OUTPUT) without calling a model."""
        return self._run(op.APPLY_GUARDRAIL, self._guarded(op.APPLY_GUARDRAIL, request), readers.read_plain)

    async def aapply_guardrail(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`apply_guardrail`."""
        return await self._arun(
            op.APPLY_GUARDRAIL, self._guarded(op.APPLY_GUARDRAIL, request), readers.read_plain
        )

    def list_models(self, **filters: Any) -> list[dict[str, Any]]:
        """ListFoundationModels: the region's models (``byProvider``, ``byOutputModality``, …)."""
        return self._run(op.LIST_FOUNDATION_MODELS, filters, readers.read_models)["modelSummaries"]

    async def alist_models(self, **filters: Any) -> list[dict[str, Any]]:
        """The asynchronous :meth:`list_models`."""
        answer = await self._arun(op.LIST_FOUNDATION_MODELS, filters, readers.read_models)
        return answer["modelSummaries"]

    def list_inference_profiles(self, **filters: Any) -> list[dict[str, Any]]:
        """ListInferenceProfiles, all its pages (``typeEquals`` SYSTEM_DEFINED or APPLICATION)."""
        found: list[dict[str, Any]] = []
        asked = [filters]
        while True:
            page = self._run(op.LIST_INFERENCE_PROFILES, asked[-1], readers.read_inference_profiles)
            found += page["inferenceProfileSummaries"]
            following = self._next_page(asked, page.get("nextToken"))
            if following is None:
                return found
            asked.append(following)

    async def alist_inference_profiles(self, **filters: Any) -> list[dict[str, Any]]:
        """The asynchronous :meth:`list_inference_profiles`."""
        found: list[dict[str, Any]] = []
        asked = [filters]
        while True:
            page = await self._arun(op.LIST_INFERENCE_PROFILES, asked[-1], readers.read_inference_profiles)
            found += page["inferenceProfileSummaries"]
            following = self._next_page(asked, page.get("nextToken"))
            if following is None:
                return found
            asked.append(following)

    def _next_page(self, asked: list[dict[str, Any]], token: Any) -> dict[str, Any] | None:
        """The filters of the next page, None behind the last."""
        if not token:
            return None
        if any(token == filters.get("nextToken") for filters in asked):
            name, hint = op.LIST_INFERENCE_PROFILES.name, "check that control_endpoint_url is Bedrock's"
            raise self._errors().make(
                BedrockError, f"the pages of {name} go in a circle", operation=name, hint=hint
            )
        return {**asked[0], "nextToken": token}

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
        connection = self._connection
        return ErrorMaker(connection.region, connection.settings.profile_name, self._classes)

    def _run(self, operation: Operation, members: Mapping[str, Any], read: Reader) -> dict[str, Any]:
        watch = self._watch(operation, members)
        try:
            answer = self._connection.run(operation, self._call_flow(operation, members, read))
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        if watch is not None:
            watch.finished(answer)
        return answer

    async def _arun(self, operation: Operation, members: Mapping[str, Any], read: Reader) -> dict[str, Any]:
        watch = self._watch(operation, members)
        try:
            answer = await self._connection.arun(operation, self._call_flow(operation, members, read))
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        if watch is not None:
            watch.finished(answer)
        return answer

    def _open(self, operation: Operation, members: Mapping[str, Any]) -> EventStream:
        watch = self._watch(operation, members)
        try:
            flow = self._stream_flow(operation, members, asynchronous=False)
            opened = self._connection.run(operation, flow)
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        return EventStream(opened, operation, members.get("modelId"), self._errors(), watch)

    async def _aopen(self, operation: Operation, members: Mapping[str, Any]) -> AsyncEventStream:
        watch = self._watch(operation, members)
        try:
            flow = self._stream_flow(operation, members, asynchronous=True)
            opened = await self._connection.arun(operation, flow)
        except BedrockError as error:
            raise self._adapted(error, watch) from error.__cause__
        return AsyncEventStream(opened, operation, members.get("modelId"), self._errors(), watch)

    def _watch(self, operation: Operation, members: Mapping[str, Any]) -> Watch | None:
        observers = self._connection.observers
        return Watch(observers, operation, members) if observers else None

    def _call_flow(
        self, operation: Operation, members: Mapping[str, Any], read: Reader
    ) -> Flow[dict[str, Any]]:
        injected = self._connection.injected(operation)
        if injected is not None:
            from .injected_calls import injected_flow

            return injected_flow(injected, operation, members, self._errors())
        return call_flow(self._connection.place(operation), operation, members, self._errors(), read)

    def _stream_flow(
        self, operation: Operation, members: Mapping[str, Any], *, asynchronous: bool
    ) -> Flow[Opened]:
        injected = self._connection.injected(operation)
        if injected is not None:
            from .injected_calls import injected_stream_flow

            return injected_stream_flow(
                injected, operation, members, self._errors(), asynchronous=asynchronous
            )
        return stream_flow(self._connection.place(operation), operation, members, self._errors())

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
            wire_id = parse_model_id("" if model_id is None else model_id).wire_id
        except BedrockError as error:
            raise self._adapted(error) from None
        return request if wire_id == model_id else {**request, "modelId": wire_id}

    def _embedding(
        self,
        texts: Any,
        model_id: str,
        dimensions: int | None,
        normalize: bool | None,
        concurrency: Any,
    ) -> list[dict[str, Any]]:
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
            raise self._adapted(ConfigurationError(f"embed() takes a list of texts, not {shown(texts)}"))
        if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
            raise self._adapted(
                ConfigurationError(f"concurrency must be a whole number from 1, not {shown(concurrency)}")
            )
        given = cast("Iterable[Any]", texts)
        try:
            bodies = [titan_text.request(text, dimensions=dimensions, normalize=normalize) for text in given]
        except BedrockError as error:
            raise self._adapted(error) from None
        return [{"modelId": model_id, "body": body, "accept": "application/json"} for body in bodies]

    def _embeddings(self, answers: Sequence[dict[str, Any]], model_id: str) -> Embeddings:
        try:
            return embedding.read(answers)
        except BedrockError as error:
            found = self._errors().make(
                BedrockError,
                error.message,
                operation=op.INVOKE_MODEL.name,
                model_id=model_id,
                hint=error.hint,
            )
            raise found from error.__cause__

    def _adapted(self, error: BedrockError, watch: Watch | None = None) -> BedrockError:
        kind = self._classes.get(type(error))
        if kind is not None:
            error = kind(error.message, **error.details())
        if watch is not None:
            watch.failed(error)
        return error
