"""Ordering documents by how well they answer a query: planned into requests, and put together again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, cast

from .embedding.gathering import agather, gather
from .errors import BedrockError, ConfigurationError, InvalidRequestError
from .failures import ErrorMaker
from .invoke import rerank as bodies
from .invoke.embeddings.family import checked_fields
from .invoke.rerank import Document, Ranked
from .models.ids import parse_model_id
from .settings import shown
from .wire import json_codec
from .wire import operations as op
from .wire.operations import Operation

DEFAULT_MODEL = "cohere.rerank-v3-5:0"
_WAYS = ("invoke", "agent")

Members = dict[str, Any]


class HowToRerank(TypedDict, total=False):
    """The keywords of :meth:`bedrock_unified.BedrockClient.rerank`, where each is described."""

    top_n: int | None
    via: str
    family: str | None
    additional_model_request_fields: Mapping[str, Any] | None
    concurrency: int


@dataclass(frozen=True, slots=True)
class RerankResult:
    """One document, ranked.

    Attributes:
        index: its place in the caller's list, from 0.
        score: how well it fits the query, as the model says; the higher the better.
        document: the caller's own object.
    """

    index: int
    score: float
    document: Any


@dataclass(frozen=True, slots=True)
class Reranked:
    """What :meth:`bedrock_unified.BedrockClient.rerank` gives.

    Attributes:
        results: the best documents, the best one first.
    """

    results: list[RerankResult]


class Plan(NamedTuple):
    """All that is to be asked: the documents in chunks that one request may hold."""

    model_id: str
    family: str | None  # None: by the agent runtime, which needs none
    query: str
    documents: Sequence[Document]
    top_n: int
    fields: Mapping[str, Any]
    chunks: list[range]
    model_arn: str
    concurrency: int

    @property
    def operation(self) -> Operation:
        """The operation that does it."""
        return op.RERANK if self.family is None else op.INVOKE_MODEL

    def joined(self, found: Sequence[Sequence[Ranked]]) -> Reranked:
        """The best of all chunks; equal scores stay in the order of the documents."""
        ranked = sorted((one for chunk in found for one in chunk), key=lambda one: (-one.score, one.position))
        best = ranked[: self.top_n]
        return Reranked([RerankResult(index, score, self.documents[index]) for index, score in best])


def planned(
    query: Any,
    documents: Any,
    model_id: str,
    region: Callable[[], str],
    *,
    top_n: int | None = None,
    via: str = "invoke",
    family: str | None = None,
    additional_model_request_fields: Mapping[str, Any] | None = None,
    concurrency: int = 16,
) -> Plan:
    """What to send. Nothing of the caller's is changed.

    Args:
        region: tells the region that an ARN needs, where one must be made.

    Raises:
        ConfigurationError: no list of documents, an unknown way, a number that cannot be one.
        InvalidRequestError: an empty query or document, or a model that is none for reranking.
    """
    if via not in _WAYS:
        raise ConfigurationError(f"via must be 'invoke' or 'agent', not {shown(via)}")
    if isinstance(documents, (str, bytes, Mapping)) or not isinstance(documents, Iterable):
        raise ConfigurationError(
            f"rerank() takes a list of documents, not {shown(cast('Any', documents))}",
            hint="put a single one into a list",
        )
    for name, value in (("top_n", top_n), ("concurrency", concurrency)):
        if value is None and name == "top_n":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigurationError(f"{name} must be a whole number from 1, not {shown(value)}")
    if not isinstance(query, str) or not query.strip():
        raise InvalidRequestError(f"the query is empty: {query!r:.80}")
    listed = [_checked(each, place) for place, each in enumerate(cast("Iterable[Any]", documents))]
    agent, most = via == "agent", bodies.MOST
    meant = None if agent and family is None else bodies.family_of(model_id, family)
    return Plan(
        model_id=parse_model_id(model_id).wire_id,
        family=None if agent else meant,
        query=query,
        documents=listed,
        top_n=min(top_n or len(listed), len(listed)),
        fields=checked_fields(additional_model_request_fields),
        chunks=[range(first, min(first + most, len(listed))) for first in range(0, len(listed), most)],
        model_arn=bodies.model_arn(model_id, region()) if agent else "",
        concurrency=concurrency,
    )


def reranked(plan: Plan, ask: Callable[[Members], Members], errors: ErrorMaker) -> Reranked:
    """The ranking of a plan; ``ask`` makes one request."""

    def one(chunk: range) -> list[Ranked]:
        asking = _asking(plan, chunk, errors)
        members = next(asking)
        while True:
            try:
                members = asking.send(ask(members))
            except StopIteration as end:
                return end.value

    return plan.joined(gather(one, plan.chunks, plan.concurrency))


async def areranked(plan: Plan, ask: Callable[[Members], Awaitable[Members]], errors: ErrorMaker) -> Reranked:
    """The same on the event loop."""

    async def one(chunk: range) -> list[Ranked]:
        asking = _asking(plan, chunk, errors)
        members = next(asking)
        while True:
            answer = await ask(members)
            try:
                members = asking.send(answer)
            except StopIteration as end:
                return end.value

    return plan.joined(await agather(one, plan.chunks, plan.concurrency))


def _asking(plan: Plan, chunk: range, errors: ErrorMaker) -> Generator[Members, Members, list[Ranked]]:
    """The requests of one chunk, page by page; gives its ranking, by positions among all documents."""
    documents = plan.documents[chunk.start : chunk.stop]
    top_n = min(plan.top_n, len(documents))
    if plan.family is not None:
        body = bodies.invoke_body(plan.family, plan.query, documents, top_n, plan.fields)
        answer = yield {"modelId": plan.model_id, "body": body, "accept": "application/json"}
        return _read(plan, chunk, answer, errors)
    request = bodies.agent_request(plan.model_arn, plan.query, documents, top_n, plan.fields)
    found: list[Ranked] = []
    seen: set[str] = set()
    members = request
    while True:
        answer = yield members
        found += _read(plan, chunk, answer, errors)
        token = answer.get("nextToken")
        if not token or len(found) >= top_n:
            return found
        if token in seen:
            hint = "check that agent_endpoint_url is that of bedrock-agent-runtime"
            raise errors.make(
                BedrockError, "the pages of Rerank go in a circle", operation=op.RERANK.name, hint=hint
            )
        seen.add(token)
        members = {**request, "nextToken": token}


def _read(plan: Plan, chunk: range, answer: Members, errors: ErrorMaker) -> list[Ranked]:
    try:
        found = bodies.read_agent(answer) if plan.family is None else bodies.read_invoke(answer["body"])
        return [Ranked(chunk[index], score) for index, score in found]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        told = answer.get("body", answer)
        text = told[:200].decode("utf-8", "replace") if isinstance(told, bytes) else str(told)[:200]
        raise errors.make(
            BedrockError,
            f"the answer is not a ranking of {len(chunk)} documents: {text!r}",
            operation=plan.operation.name,
            model_id=plan.model_id,
            hint=f"model_id must name a rerank model, such as {DEFAULT_MODEL}",
        ) from error


def _checked(document: Any, place: int) -> Document:
    if isinstance(document, Mapping) and document:
        members = cast("Mapping[str, Any]", document)
        try:
            json_codec.dumps(dict(members))
        except (TypeError, ValueError) as error:
            raise InvalidRequestError(
                f"documents[{place}] is no JSON object: {error!s:.120}",
                hint="its values are texts, numbers, booleans, None, lists and objects; dates go as text",
            ) from error
        return members
    if isinstance(document, str) and document.strip():
        return document
    kind = "empty" if document is None or isinstance(document, (str, Mapping)) else type(document).__name__
    raise InvalidRequestError(
        f"documents[{place}] is {kind}", hint="a document is text or a JSON object; leave empty ones out"
    )
