"""``BedrockClient``: the one door to Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from . import readers
from .model_listing import ModelListing
from .nearest import did_you_mean
from .reaching import areaching, reaching
from .streams import AsyncEventStream, EventStream
from .wire import operations as op

if TYPE_CHECKING:
    from .chat.options import ChatOptions
    from .embedding import Embeddings, HowToEmbed
    from .rerank import HowToRerank, Reranked

_EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
_RERANK_MODEL = "cohere.rerank-v3-5:0"
_MANY: HowToEmbed = {"concurrency": 128}  # tasks cost less than threads


def _check_keywords(method: str, given: Iterable[str], known: type) -> None:
    """Refuse what is no keyword of a method, as Python does, with the nearest of its TypedDict."""
    names = ("model_id", *known.__annotations__)
    for name in given:
        if name not in names:
            near = did_you_mean(name, names)
            meant = f"; {near}" if near else ""
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r:.80}{meant}")


class BedrockClient(ModelListing):
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
        agent_endpoint_url: the same for the agent runtime (``rerank`` with ``via="agent"``),
            ``AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME``.
        api_key: a Bedrock API key, sent as a bearer token; refused over plain http except to this machine.
        aws_access_key_id: with ``aws_secret_access_key`` (and ``aws_session_token``) an explicit identity.
        profile_name: a profile of the shared AWS files. Without any of these: what
            :func:`~bedrock_unified.put_key` stored, ``AWS_BEARER_TOKEN_BEDROCK``, then the AWS chain
            (environment, files, web identity, ECS, IMDSv2).
        aws_iam_role_source: ``auto``; ``metadata`` to take web identity, ECS and EC2 metadata alone; ``env``
            to take the access-key variables alone. An explicit key is above it.
        role_arn: a role that this identity assumes, with ``role_session_name``, ``role_external_id`` and
            ``role_duration`` (seconds, 900 to 43200; default STS's hour). Its keys are renewed before they
            end. A bearer key cannot assume one.
        sts_endpoint_url: STS's endpoint, for roles and web identities. Else ``AWS_ENDPOINT_URL_STS``.
        max_retries: tries after the first, for throttling, server errors and broken connections, before a
            stream's first event only.
        retry_read_timeouts: also try again after ``timeout``; the model may then be paid twice.
        connect_timeout: seconds for TCP and TLS; asynchronously for name resolution, too.
        timeout: seconds without a byte from AWS.
        total_timeout: seconds for a whole call with its retries and its stream; None for no such limit.
        max_concurrency: requests in flight at once per event loop; default the smaller of 1,000 and half of
            the process's file limit.
        requests_per_minute: requests to the models in a minute, of this client: so many at once after a quiet
            minute, then evenly; further ones wait.
        verify: a CA bundle's path, or False; else ``AWS_CA_BUNDLE``.
        use_fips: FIPS endpoints (``AWS_USE_FIPS_ENDPOINT``).
        use_dualstack: dual-stack endpoints (``AWS_USE_DUALSTACK_ENDPOINT``).
        cross_region: which models are sent as the account's inference profile for the region where AWS serves
            them by profile alone, a geographic one before ``global``: None, those that are called by a short
            name (``claude-3-5-sonnet``); ``auto``, full ids, too; False, none. Where the account's profiles
            may not be listed, or the runtime is not AWS's own, it is the likeliest of the region.
        client: a boto3 ``bedrock-runtime`` client to call instead of our own transports; it then decides
            about credentials, endpoint, retries and time limits of everything but the control plane.
        control_client: the same for the control plane.
        agent_client: the same for the agent runtime.

    Other spellings of these names are accepted (``region``, ``aws_profile``, ``base_url``, …).

    Raises:
        ConfigurationError: an unknown keyword, two spellings of one, half a key pair, an impossible limit.
    """

    @classmethod
    def from_config(cls, source: Any = None, name: str | None = None, **overrides: Any) -> Self:
        """A client that reaches Bedrock as a configuration says; see :func:`bedrock_unified.load`.

        Args:
            source: a file, a folder, a dict, a model spec, a Configuration; None to look for one.
            name: a model or a provider of it; default the only one, or the default model's.
            overrides: keywords of the client; they win.
        """
        from .config.building import from_config

        return from_config(cls, source, name, overrides)

    # Converse

    @reaching
    def converse(self, *, options: ChatOptions | None = None, **request: Any) -> dict[str, Any]:
        """Send a Converse request (``modelId``, ``messages``, …) and return its response.

        Blobs are ``bytes`` both ways. Nothing in the request is changed. Without ``options`` it is sent
        exactly as it is given; with them it is made ready for its model first, may travel by InvokeModel, and
        is sent once more without what a model refused and nobody had asked for.

        Raises:
            InvalidRequestError: the request cannot be accepted; what can be known is checked before sending.
            GuardrailIntervened: with ``guardrail_action="raise"`` among the options.
            BedrockError: see :mod:`bedrock_unified.errors`.
        """
        if options is None:
            named = self._converse(op.CONVERSE, request)
            return self._run(op.CONVERSE, named, readers.read_converse)
        talk = self._conversation(request, options, streaming=False)
        return self._drive(talk.operation, talk.request, talk.call(self._line(asynchronous=False)))

    @areaching
    def aconverse(self, *, options: ChatOptions | None = None, **request: Any) -> Awaitable[dict[str, Any]]:
        """The asynchronous :meth:`converse`. Cancelling it closes the connection."""
        line = self._line(asynchronous=True)
        if options is None:
            named = self._converse(op.CONVERSE, request)
            return self._awaited(op.CONVERSE, named, line.unary(op.CONVERSE, named, readers.read_converse))
        talk = self._conversation(request, options, streaming=False)
        return self._awaited(talk.operation, talk.request, talk.call(line))

    @reaching
    def converse_stream(self, *, options: ChatOptions | None = None, **request: Any) -> EventStream:
        """Open a ConverseStream; returns when its first event has come.

        ``options`` are those of :meth:`converse`. A model that does not stream answers in one piece, which is
        told as the events of a stream.

        Raises:
            BedrockError: as :meth:`converse`; errors inside the stream are raised while iterating.
        """
        if options is None:
            return self._open(op.CONVERSE_STREAM, self._converse(op.CONVERSE_STREAM, request))
        talk = self._conversation(request, options, streaming=True)
        line = self._line(asynchronous=False)
        finish = partial(talk.finish, errors=line.errors)
        return self._driven(talk.operation, talk.request, talk.open(line), finish)

    @areaching
    def aconverse_stream(
        self, *, options: ChatOptions | None = None, **request: Any
    ) -> Awaitable[AsyncEventStream]:
        """The asynchronous :meth:`converse_stream`."""
        if options is None:
            return self._aopen(op.CONVERSE_STREAM, self._converse(op.CONVERSE_STREAM, request))
        talk = self._conversation(request, options, streaming=True)
        line = self._line(asynchronous=True)
        finish = partial(talk.finish, errors=line.errors)
        return self._adriven(talk.operation, talk.request, talk.open(line), finish)

    # InvokeModel

    @reaching
    def invoke(self, **request: Any) -> dict[str, Any]:
        """InvokeModel with the model's own body (bytes, text, or a value to write as JSON).

        Returns:
            ``body`` as bytes, ``contentType``, ``ResponseMetadata`` with the headers that count tokens.
        """
        return self._run(op.INVOKE_MODEL, self._guarded(op.INVOKE_MODEL, request), readers.read_invoke)

    @areaching
    def ainvoke(self, **request: Any) -> Awaitable[dict[str, Any]]:
        """The asynchronous :meth:`invoke`."""
        named = self._guarded(op.INVOKE_MODEL, request)
        flow = self._line(asynchronous=True).unary(op.INVOKE_MODEL, named, readers.read_invoke)
        return self._awaited(op.INVOKE_MODEL, named, flow)

    @reaching
    def invoke_stream(self, **request: Any) -> EventStream:
        """InvokeModelWithResponseStream: events ``{"chunk": {"bytes": …}}`` with the model's own pieces."""
        return self._open(op.INVOKE_MODEL_STREAM, self._guarded(op.INVOKE_MODEL_STREAM, request))

    @areaching
    def ainvoke_stream(self, **request: Any) -> Awaitable[AsyncEventStream]:
        """The asynchronous :meth:`invoke_stream`."""
        return self._aopen(op.INVOKE_MODEL_STREAM, self._guarded(op.INVOKE_MODEL_STREAM, request))

    # Embeddings and reranking

    def embed(
        self, inputs: Iterable[Any], *, model_id: str = _EMBEDDING_MODEL, **how: Unpack[HowToEmbed]
    ) -> Embeddings:
        """Embed texts, images or mixes of both, many requests at a time, in order.

        Args:
            inputs: each a text, an image (bytes, a path, an open file), or a dict: ``{"text": …}``,
                ``{"image": …}`` (also as base64, data URL or ``s3://`` URI), both, or ``{"content": […]}``.
            model_id: of any embedding family: Titan, Cohere, Nova, Marengo.
            family: which family it is, where the id does not tell: ``cohere-v3``, another model's id, …
            input_type: ``document`` (the default), ``query``, ``classification``, ``clustering``, or the
                family's own word.
            dimensions: the vectors' length; default the model's.
            normalize: True for unit length, made here where the family has no switch for it.
            truncate: ``none`` (too long is an error), ``start`` or ``end``.
            embedding_types: of ``float``, ``int8``, ``uint8``, ``binary``, ``ubinary``.
            max_tokens: tokens of each input that count (Cohere v4).
            additional_model_request_fields: further members of the model's own body; they win.
            concurrency: requests at a time; default 64, asynchronously 128.
            on_progress: called after each answer, on the caller's thread, with the number of inputs that are
                done and that of all; what it raises ends the call.

        Raises:
            InvalidRequestError: an empty input, or what the family does not have; before anything is sent.
            ConfigurationError: no list of inputs, or a concurrency that is no whole number from 1.
            BedrockError: the first failure; nothing further is begun, and the hint names the inputs.
        """
        from . import embedding

        _check_keywords("embed", how, embedding.HowToEmbed)
        plan = self._planned(partial(embedding.planned, inputs, model_id, **how))
        injected = self._connection.injected(op.INVOKE_MODEL)
        most = None if injected is None else injected.connections
        return embedding.embedded(plan, self.invoke, self._errors(), most)

    async def aembed(
        self, inputs: Iterable[Any], *, model_id: str = _EMBEDDING_MODEL, **how: Unpack[HowToEmbed]
    ) -> Embeddings:
        """The asynchronous :meth:`embed`."""
        from . import embedding

        _check_keywords("embed", how, embedding.HowToEmbed)
        plan = self._planned(partial(embedding.planned, inputs, model_id, **{**_MANY, **how}))
        return await embedding.aembedded(plan, self.ainvoke, self._errors())

    def rerank(
        self,
        query: str,
        documents: Iterable[Any],
        *,
        model_id: str = _RERANK_MODEL,
        **how: Unpack[HowToRerank],
    ) -> Reranked:
        """Order documents by how well they answer a query.

        Args:
            documents: texts or JSON objects. More than 1,000 are asked about in several requests.
            model_id: Cohere Rerank or Amazon Rerank.
            top_n: how many to give at most; default all.
            via: ``invoke`` (InvokeModel; JSON objects are written as text) or ``agent`` (the agent runtime's
                Rerank, which needs the permission ``bedrock:Rerank``, too).
            family: ``cohere`` or ``amazon``, where the id does not tell; for ``invoke`` alone.
            additional_model_request_fields: further members of the model's own body.
            concurrency: requests at a time, 16.

        Raises:
            InvalidRequestError: an empty query or document, or a model that does not rerank.
            ConfigurationError: no list of documents, or a number that cannot be one.
        """
        from . import rerank as reranking

        _check_keywords("rerank", how, reranking.HowToRerank)
        plan = self._planned(
            partial(reranking.planned, query, documents, model_id, self._agent_region, **how)
        )
        if plan.operation is op.INVOKE_MODEL:
            return reranking.reranked(plan, lambda members: self.invoke(**members), self._errors())
        ask = partial(self._run, op.RERANK, read=readers.read_plain)
        return reranking.reranked(plan, ask, self._errors())

    async def arerank(
        self,
        query: str,
        documents: Iterable[Any],
        *,
        model_id: str = _RERANK_MODEL,
        **how: Unpack[HowToRerank],
    ) -> Reranked:
        """The asynchronous :meth:`rerank`."""
        from . import rerank as reranking

        _check_keywords("rerank", how, reranking.HowToRerank)
        plan = self._planned(
            partial(reranking.planned, query, documents, model_id, self._agent_region, **how)
        )
        if plan.operation is op.INVOKE_MODEL:
            return await reranking.areranked(plan, lambda members: self.ainvoke(**members), self._errors())
        ask = partial(self._arun, op.RERANK, read=readers.read_plain)
        return await reranking.areranked(plan, ask, self._errors())

    # Tokens and guardrails; which models there are is said in model_listing.py

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

    def invoke_guardrail_checks(self, **request: Any) -> dict[str, Any]:
        """InvokeGuardrailChecks: score ``messages`` by ``checks`` named here, without a guardrail."""
        return self._run(op.INVOKE_GUARDRAIL_CHECKS, request, readers.read_plain)

    async def ainvoke_guardrail_checks(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`invoke_guardrail_checks`."""
        return await self._arun(op.INVOKE_GUARDRAIL_CHECKS, request, readers.read_plain)
