"""The InvokeModel bodies whose answers are vectors or rankings: one entry a family."""

from __future__ import annotations

from collections.abc import Callable

from ..protocol.answers import Call, JsonAnswer
from ..state import State
from .cohere_embeddings import cohere_embedding
from .multimodal_embeddings import marengo_embedding, nova_embedding
from .reranking import fits, rerank_body
from .titan_embeddings import titan_embedding

Unary = Callable[[Call, State, str], JsonAnswer]


def _cohere(call: Call, state: State, model: str) -> JsonAnswer:
    return cohere_embedding(_raw(call), model, call.request_id)


def _of(answer: Callable[[bytes, str], JsonAnswer]) -> Unary:
    def unary(call: Call, state: State, model: str) -> JsonAnswer:
        return answer(_raw(call), model)

    return unary


def _raw(call: Call) -> bytes:
    body = call.params.get("body", b"")
    return body if isinstance(body, bytes) else b""


EMBEDDING_BODIES: tuple[tuple[Callable[[str], bool], Unary], ...] = (
    (lambda model: model.startswith("amazon.titan-embed"), _of(titan_embedding)),
    (lambda model: model.startswith("cohere.embed"), _cohere),
    (lambda model: model.startswith("amazon.nova") and "embed" in model, _of(nova_embedding)),
    (lambda model: model.startswith("twelvelabs.marengo"), _of(marengo_embedding)),
    (fits, _of(rerank_body)),
)
"""(whether it is the model's, what answers it); none of them streams."""
