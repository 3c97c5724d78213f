"""``BedrockClient``: the one door to Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from . import readers
from .caller import Caller
from .errors import BedrockError
from .streams import AsyncEventStream, EventStream
from .wire import operations as op

if TYPE_CHECKING:
    from .chat.options import ChatOptions
    from .embedding import Embeddings, HowToEmbed
    from .rerank import HowToRerank, Reranked

_EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
_RERANK_MODEL = "cohere.rerank-v3-5:0"
_MANY: HowToEmbed = {"concurrency": 128}  # tasks cost less than threads


class BedrockClient(Caller):
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
        agent_client: the same for the agent runtime.

    Other spellings of these names are accepted (``region``, ``aws_profile``, ``base_url``, …).

    Raises:
        ConfigurationError: an unknown keyword, two spellings of one, half a key pair, an impossible limit.
    """

    # Converse

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
        flow = talk.call(self._line(asynchronous=False), self._errors())
        return self._drive(talk.operation, talk.request, flow)

    async def aconverse(self, *, options: ChatOptions | None = None, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`converse`. Cancelling it closes the connection."""
        if options is None:
            named = self._converse(op.CONVERSE, request)
            return await self._arun(op.CONVERSE, named, readers.read_converse)
        talk = self._conversation(request, options, streaming=False)
        flow = talk.call(self._line(asynchronous=True), self._errors())
        return await self._adrive(talk.operation, talk.request, flow)

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
        flow = talk.open(self._line(asynchronous=False), self._errors())
        return self._driven(talk.operation, talk.request, flow, partial(talk.finish, errors=self._errors()))

    async def aconverse_stream(
        self, *, options: ChatOptions | None = None, **request: Any
    ) -> AsyncEventStream:
        """The asynchronous :meth:`converse_stream`."""
        if options is None:
            return await self._aopen(op.CONVERSE_STREAM, self._converse(op.CONVERSE_STREAM, request))
        talk = self._conversation(request, options, streaming=True)
        flow = talk.open(self._line(asynchronous=True), self._errors())
        finish = partial(talk.finish, errors=self._errors())
        return await self._adriven(talk.operation, talk.request, flow, finish)

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

        Raises:
            InvalidRequestError: an empty input, or what the family does not have; before anything is sent.
            ConfigurationError: no list of inputs, or a concurrency that is no whole number from 1.
            BedrockError: the first failure; nothing further is begun, and the hint names the inputs.
        """
        from . import embedding

        plan = self._planned(partial(embedding.planned, inputs, model_id, **how))
        injected = self._connection.injected(op.INVOKE_MODEL)
        most = None if injected is None else injected.connections
        return embedding.embedded(plan, self.invoke, self._errors(), most)

    async def aembed(
        self, inputs: Iterable[Any], *, model_id: str = _EMBEDDING_MODEL, **how: Unpack[HowToEmbed]
    ) -> Embeddings:
        """The asynchronous :meth:`embed`."""
        from . import embedding

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

        plan = self._planned(partial(reranking.planned, query, documents, model_id, self._region, **how))
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

        plan = self._planned(partial(reranking.planned, query, documents, model_id, self._region, **how))
        if plan.operation is op.INVOKE_MODEL:
            return await reranking.areranked(plan, lambda members: self.ainvoke(**members), self._errors())
        ask = partial(self._arun, op.RERANK, read=readers.read_plain)
        return await reranking.areranked(plan, ask, self._errors())

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

    def invoke_guardrail_checks(self, **request: Any) -> dict[str, Any]:
        """InvokeGuardrailChecks: score ``messages`` by ``checks`` named here, without a guardrail."""
        return self._run(op.INVOKE_GUARDRAIL_CHECKS, request, readers.read_plain)

    async def ainvoke_guardrail_checks(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`invoke_guardrail_checks`."""
        return await self._arun(op.INVOKE_GUARDRAIL_CHECKS, request, readers.read_plain)

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

    def get_inference_profile(self, **request: Any) -> dict[str, Any]:
        """GetInferenceProfile: the models behind an ``inferenceProfileIdentifier`` (id or ARN)."""
        return self._run(op.GET_INFERENCE_PROFILE, request, readers.read_inference_profile)

    async def aget_inference_profile(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`get_inference_profile`."""
        return await self._arun(op.GET_INFERENCE_PROFILE, request, readers.read_inference_profile)

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
