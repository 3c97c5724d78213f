"""Reranking by the stand-in's closeness of words: InvokeModel of Cohere's and Amazon's models, and Rerank."""

from __future__ import annotations

import base64
import binascii
import json
import math
import time
from collections.abc import Sequence
from typing import Any, cast

from ..problems import invalid
from ..protocol.answers import Call, JsonAnswer
from ..standin.embedding import embed
from ..state import State
from .body_rules import checked_body, malformed, needed
from .vectors import vector_answer

_MEMBERS: dict[str, type[Any]] = {"query": str, "documents": list, "top_n": int}
_COHERE = {**_MEMBERS, "api_version": int, "max_tokens_per_doc": int}
_MOST = 1000
_PAGE = 100
_DIMENSIONS = 1024


def rerank_body(body: bytes, model: str) -> JsonAnswer:
    """``results`` with ``index`` and ``relevance_score``, the best first."""
    started = time.perf_counter()
    cohere = model.startswith("cohere.")
    given = checked_body(body, _COHERE if cohere else _MEMBERS)
    if cohere and int(needed(given, "api_version")) < 2:
        raise malformed(f"#/api_version: {given['api_version']} is not greater or equal to 2")
    documents = cast("list[Any]", needed(given, "documents"))
    if not 1 <= len(documents) <= _MOST or not all(isinstance(each, str) and each for each in documents):
        raise malformed(f"#/documents: from 1 to {_MOST} texts are needed")
    top_n = int(given.get("top_n", len(documents)))
    if not 1 <= top_n <= len(documents):
        raise malformed(f"#/top_n: {top_n} is not between 1 and the number of documents")
    ranked = _ranked(str(needed(given, "query")), cast("list[str]", documents))[:top_n]
    results = [{"index": index, "relevance_score": score} for index, score in ranked]
    return vector_answer({"results": results}, None, started)


def rerank(call: Call, state: State) -> JsonAnswer:
    """One page of the agent runtime's Rerank; ``nextToken`` says where the next begins."""
    settings = cast("dict[str, Any]", call.params["rerankingConfiguration"])["bedrockRerankingConfiguration"]
    model = state.catalogue.resolve(str(settings["modelConfiguration"]["modelArn"])).bare
    if not fits(model):
        raise invalid(f"The model {model} is not a reranking model.")
    query = str(call.params["queries"][0]["textQuery"]["text"])
    documents = [_text(source["inlineDocumentSource"]) for source in call.params["sources"]]
    top_n = int(settings.get("numberOfResults", len(documents)))
    ranked = _ranked(query, documents)[:top_n]
    start = _position(call.params.get("nextToken"))
    members: dict[str, Any] = {
        "results": [
            {"index": index, "relevanceScore": score} for index, score in ranked[start : start + _PAGE]
        ]
    }
    if start + _PAGE < len(ranked):
        members["nextToken"] = base64.urlsafe_b64encode(f"after:{start + _PAGE}".encode()).decode()
    return JsonAnswer(members)


def fits(model: str) -> bool:
    """Whether a model reranks."""
    return model.startswith(("cohere.rerank", "amazon.rerank"))


def _ranked(query: str, documents: Sequence[str]) -> list[tuple[int, float]]:
    asked = embed(query, _DIMENSIONS)
    scores = [
        max(0.0, math.fsum(a * b for a, b in zip(asked, embed(text, _DIMENSIONS), strict=True)))
        for text in documents
    ]
    return sorted(enumerate(scores), key=lambda pair: (-pair[1], pair[0]))


def _text(document: dict[str, Any]) -> str:
    if document["type"] == "TEXT":
        return str(document.get("textDocument", {}).get("text", ""))
    if "jsonDocument" not in document:
        raise invalid("A document of the type JSON needs jsonDocument.")
    return json.dumps(document["jsonDocument"], ensure_ascii=False)


def _position(token: Any) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(token)).decode().removeprefix("after:"))
    except (binascii.Error, ValueError):
        raise invalid("The provided pagination token is invalid.") from None
