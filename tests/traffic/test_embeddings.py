"""Every recorded embedding exchange, asked for anew by its meaning: through the client and both adapters.

What the recorded request says (a text, a dimension, an input type) is put into the words of our options; the
request that goes out must be the recorded one, and the vectors those of the recorded answer, number by
number.
No rerank exchange is recorded.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from langchain_bedrock_unified import BedrockEmbeddings
from llamaindex_bedrock_unified import BedrockEmbedding

from . import kinds
from .recordings import Exchange
from .replay import ReplayServer
from .speakers import CONNECTION, boto3_client
from .tally import TALLY

Exchanges = tuple[Exchange, ...]
#: inputs and options → vectors, tokens (None where the framework has no place for them)
Ask = Callable[[Exchange, str, list[Any], dict[str, Any]], tuple[list[list[float]], int | None]]

_WORDS = {"dimensions": "dimensions", "normalize": "normalize", "output_dimension": "dimensions"}
_WORDS |= {"input_type": "input_type", "truncate": "truncate", "embeddingDimension": "dimensions"}
_WORDS |= {"embeddingPurpose": "input_type"}


@pytest.fixture(scope="session")
def embeddings(recorded: Exchanges) -> Exchanges:
    """The exchanges of embedding models."""
    found = kinds.embeddings(recorded)
    assert len(found) == 23
    assert {str(one.model_id).split("-v")[0] for one in found} == {
        "amazon.titan-embed-text",
        "amazon.nova-2-multimodal-embeddings",
        "cohere.embed",
        "cohere.embed-english",
    }
    return found


def meaning(request: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The inputs and options that a recorded body stands for."""
    params = request.get("singleEmbeddingParams", request)
    options = {_WORDS[name]: value for name, value in params.items() if name in _WORDS}
    if "texts" in params:
        return params["texts"], options
    if "inputText" in params:
        return [params["inputText"]], options
    if "text" in params:
        return [params["text"]["value"]], {**options, "truncate": params["text"]["truncationMode"].lower()}
    return [b64decode(params["image"]["source"]["bytes"])], options


def vectors_of(answer: Any) -> list[list[float]]:
    """The vectors of a recorded answer; written anew, so that it shares no fault with the code under test."""
    if "embedding" in answer:
        return [answer["embedding"]]
    found = answer["embeddings"]
    if isinstance(found, dict):
        return found["float"]
    return [one["embedding"] if isinstance(one, dict) else one for one in found]


def by_client(
    exchange: Exchange, url: str, inputs: list[Any], how: dict[str, Any]
) -> tuple[list[list[float]], int | None]:
    with BedrockClient(endpoint_url=url, **CONNECTION) as client:
        found = client.embed(inputs, model_id=str(exchange.model_id), **how)
    return found.vectors, found.input_tokens


def by_boto3(
    exchange: Exchange, url: str, inputs: list[Any], how: dict[str, Any]
) -> tuple[list[list[float]], int | None]:
    with BedrockClient(client=boto3_client(url)) as client:
        found = client.embed(inputs, model_id=str(exchange.model_id), **how)
    return found.vectors, found.input_tokens


def by_langchain(
    exchange: Exchange, url: str, inputs: list[Any], how: dict[str, Any]
) -> tuple[list[list[float]], int | None]:
    model = BedrockEmbeddings(model=exchange.model_id, endpoint_url=url, **how, **CONNECTION)
    with model.bedrock:
        if isinstance(inputs[0], bytes):
            return model.embed_images(inputs), None
        return model.embed_documents(inputs), None


def by_llamaindex(
    exchange: Exchange, url: str, inputs: list[Any], how: dict[str, Any]
) -> tuple[list[list[float]], int | None]:
    from io import BytesIO

    model = BedrockEmbedding(model_name=exchange.model_id, endpoint_url=url, **how, **CONNECTION)
    with model.bedrock:
        if isinstance(inputs[0], bytes):
            return model.get_image_embedding_batch([BytesIO(each) for each in inputs]), None
        return model.get_text_embedding_batch(inputs), None


@pytest.mark.parametrize("ask", [by_client, by_boto3, by_langchain, by_llamaindex])
def test_each_recorded_embedding_is_asked_for_and_read_as_recorded(
    ask: Ask, server: ReplayServer, embeddings: Exchanges
) -> None:
    differences: list[str] = []
    for exchange in embeddings:
        server.play(exchange)
        inputs, how = meaning(exchange.request)
        vectors, tokens = ask(exchange, server.url, inputs, how)
        answer = json.loads(exchange.body)
        if vectors != vectors_of(answer):
            differences.append(f"{exchange.id}: other vectors")
        header = next(
            value
            for name, value in exchange.headers.items()
            if name.lower() == "x-amzn-bedrock-input-token-count"
        )
        if tokens not in (None, int(header)):
            differences.append(f"{exchange.id}: {tokens} tokens instead of {header}")
        if server.last.json != exchange.request:
            differences.append(f"{exchange.id}: asked {server.last.json!r:.200}")
    TALLY.check("embeddings", ask.__name__, (one.id for one in embeddings), differences)


async def test_each_recorded_embedding_is_read_as_recorded_asynchronously(
    server: ReplayServer, embeddings: Exchanges
) -> None:
    for exchange in embeddings:
        server.play(exchange)
        inputs, how = meaning(exchange.request)
        expected = vectors_of(json.loads(exchange.body))
        async with BedrockClient(endpoint_url=server.url, **CONNECTION) as client:
            found = await client.aembed(inputs, model_id=str(exchange.model_id), **how)
        assert found.vectors == expected
        langchain = BedrockEmbeddings(model=exchange.model_id, endpoint_url=server.url, **how, **CONNECTION)
        index = BedrockEmbedding(model=exchange.model_id, endpoint_url=server.url, **how, **CONNECTION)
        if isinstance(inputs[0], str):
            assert await langchain.aembed_documents(inputs) == expected
            assert await index.aget_text_embedding_batch(inputs) == expected
        else:
            assert await langchain.aembed_images(inputs) == expected
        assert server.last.json == exchange.request
        await langchain.bedrock.aclose()
        await index.bedrock.aclose()


def test_queries_and_documents_differ_as_recorded(server: ReplayServer, embeddings: Exchanges) -> None:
    """``embed_query`` of the adapters says what the recorded queries say, without being told."""
    queries = [
        one
        for one in embeddings
        if one.request.get("input_type") == "search_query"
        or one.request.get("singleEmbeddingParams", {}).get("embeddingPurpose") == "GENERIC_RETRIEVAL"
    ]
    assert len(queries) >= 5
    for exchange in queries:
        server.play(exchange)
        (text,), how = meaning(exchange.request)
        del how["input_type"]
        expected = vectors_of(json.loads(exchange.body))[0]
        langchain = BedrockEmbeddings(model=exchange.model_id, endpoint_url=server.url, **how, **CONNECTION)
        index = BedrockEmbedding(model=exchange.model_id, endpoint_url=server.url, **how, **CONNECTION)
        with langchain.bedrock, index.bedrock:
            assert langchain.embed_query(text) == expected
            assert server.last.json == exchange.request
            assert index.get_query_embedding(text) == expected
            assert server.last.json == exchange.request
            langchain.embed_documents([text])
            assert server.last.json != exchange.request
