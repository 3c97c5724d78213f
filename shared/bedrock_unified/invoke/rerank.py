"""Rerank bodies: InvokeModel of Cohere Rerank and Amazon Rerank, and the agent runtime's Rerank operation.

Sources: Amazon Bedrock user guide, "Use a reranker model" and "Supported models for reranking"; botocore's
service model of bedrock-agent-runtime. No such exchange is recorded. InvokeModel takes documents as text
alone; a JSON document is written out for it (inferred).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import InvalidRequestError
from ..models.ids import ModelId, parse_model_id
from ..wire import json_codec
from ..wire.endpoints import partition_of
from .embeddings.family import merged

#: Documents in one request, as the service model of Rerank has it.
MOST = 1000
_API_VERSION = 2  # of Cohere's API; Bedrock's Cohere models demand it
_FAMILIES = ("cohere", "amazon")
_MODEL_ARN = re.compile(r"arn:aws(-[^:]+)?:(bedrock|sagemaker):.+")

Document = str | Mapping[str, Any]


class Ranked(NamedTuple):
    """One document of an answer: its position in the request, and how well it fits (0 to 1)."""

    position: int
    score: float


def family_of(model_id: str, family: str | None = None) -> str:
    """``cohere`` or ``amazon``, by the id's vendor or as the user says.

    Raises:
        InvalidRequestError: the id does not tell a rerank model, and ``family`` does not, either.
    """
    if family is not None:
        if family not in _FAMILIES:
            raise InvalidRequestError(
                f"no rerank family is called {family!r:.120}", hint=f"there are {', '.join(_FAMILIES)}"
            )
        return family
    model = parse_model_id(model_id)
    if model.vendor in _FAMILIES and "rerank" in model.base_id.lower():
        return model.vendor
    raise InvalidRequestError(
        f"model {model_id!r:.120} does not rerank, as far as its id tells",
        model_id=model.wire_id,
        hint="use cohere.rerank-v3-5:0 or amazon.rerank-v1:0; or say what it is with family='cohere' or "
        "family='amazon'; via='agent' needs no family",
    )


def invoke_body(
    family: str, query: str, documents: Sequence[Document], top_n: int, fields: Mapping[str, Any]
) -> bytes:
    """The body of an InvokeModel request."""
    body: dict[str, Any] = {
        "query": query,
        "documents": [_as_text(document) for document in documents],
        "top_n": top_n,
    }
    if family == "cohere":
        body["api_version"] = _API_VERSION
    return json_codec.dumps(merged(body, fields))


def read_invoke(body: bytes) -> list[Ranked]:
    """The results of an InvokeModel answer. Raises KeyError, TypeError, ValueError for another model's."""
    fields: Any = json_codec.loads_quick(body)
    return [_ranked(each["index"], each["relevance_score"]) for each in fields["results"]]


def agent_request(
    model_arn: str, query: str, documents: Sequence[Document], top_n: int, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The members of a Rerank request."""
    model: dict[str, Any] = {"modelArn": model_arn}
    if fields:
        model["additionalModelRequestFields"] = dict(fields)
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": query}}],
        "sources": [{"type": "INLINE", "inlineDocumentSource": _source(each)} for each in documents],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {"numberOfResults": top_n, "modelConfiguration": model},
        },
    }


def read_agent(answer: Mapping[str, Any]) -> list[Ranked]:
    """The results of one page of Rerank. Raises KeyError, TypeError, ValueError for what is no such page."""
    return [_ranked(each["index"], each["relevanceScore"]) for each in answer["results"]]


def _ranked(index: Any, score: Any) -> Ranked:
    position = int(index)
    if position < 0:
        raise ValueError("a position below 0")
    return Ranked(position, float(score))


def model_arn(model_id: str, region: str) -> str:
    """The ARN that Rerank wants; an ARN stays as it is, as does an inference profile's id."""
    model: ModelId = parse_model_id(model_id)
    if _MODEL_ARN.fullmatch(model.wire_id) or model.kind != "foundation-model":
        return model.wire_id
    return f"arn:{partition_of(region).name}:bedrock:{region}::foundation-model/{model.wire_id}"


def _source(document: Document) -> dict[str, Any]:
    if isinstance(document, str):
        return {"type": "TEXT", "textDocument": {"text": document}}
    return {"type": "JSON", "jsonDocument": dict(document)}


def _as_text(document: Document) -> str:
    return document if isinstance(document, str) else json_codec.dumps(dict(document)).decode()
