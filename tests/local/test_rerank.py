"""Reranking by the local endpoint: boto3 completes Rerank and InvokeModel, pages included."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock

from .conftest import MakeClient

COHERE = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
QUESTION = "May I take my bicycle on the tram?"
PASSAGES = [
    "The bakery opens at six and sells rye bread.",
    "Bicycles may be taken on the tram outside rush hours.",
    "The tram runs every ten minutes.",
]


@pytest.fixture
def agent(endpoint: LocalBedrock, connect: MakeClient) -> Any:
    return connect(endpoint, "bedrock-agent-runtime")


def request(documents: list[Any], number: int | None = None, model: str = COHERE) -> dict[str, Any]:
    sources = [
        {"type": "TEXT", "textDocument": {"text": document}}
        if isinstance(document, str)
        else {"type": "JSON", "jsonDocument": document}
        for document in documents
    ]
    settings: dict[str, Any] = {"modelConfiguration": {"modelArn": model}}
    if number is not None:
        settings["numberOfResults"] = number
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": QUESTION}}],
        "sources": [{"type": "INLINE", "inlineDocumentSource": source} for source in sources],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": settings,
        },
    }


def test_boto3_completes_rerank(agent: Any) -> None:
    answer = agent.rerank(**request(PASSAGES))
    assert [result["index"] for result in answer["results"]] == [1, 2, 0]
    scores = [result["relevanceScore"] for result in answer["results"]]
    assert 1 >= scores[0] > scores[1] > scores[2] >= 0
    assert "nextToken" not in answer
    assert [each["index"] for each in agent.rerank(**request(PASSAGES, 1))["results"]] == [1]


def test_json_documents(agent: Any) -> None:
    documents = [{"topic": "bread"}, {"topic": "tram", "says": PASSAGES[1]}]
    assert agent.rerank(**request(documents))["results"][0]["index"] == 1


def test_pages(agent: Any) -> None:
    documents = [f"tram number {number}" for number in range(250)]
    pages = list(agent.get_paginator("rerank").paginate(**request(documents)))
    assert [len(page["results"]) for page in pages] == [100, 100, 50]
    assert {result["index"] for page in pages for result in page["results"]} == set(range(250))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"nextToken": "bm9uc2Vuc2U="}, "pagination token"),
        (request(PASSAGES, model="amazon.nova-lite-v1:0"), "not a reranking model"),
        (request(PASSAGES, model="unknown.model"), "model identifier is invalid"),
    ],
)
def test_what_is_refused(agent: Any, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(agent.exceptions.ValidationException, match=said):
        agent.rerank(**{**request(PASSAGES), **changed})


@pytest.mark.parametrize("model", ["cohere.rerank-v3-5:0", "amazon.rerank-v1:0"])
def test_invoke_model(runtime: Any, model: str) -> None:
    body: dict[str, Any] = {"query": QUESTION, "documents": PASSAGES, "top_n": 2}
    if model.startswith("cohere"):
        body["api_version"] = 2
    answer = runtime.invoke_model(modelId=model, body=json.dumps(body))
    results = json.loads(answer["body"].read())["results"]
    assert [result["index"] for result in results] == [1, 2]
    assert 1 >= results[0]["relevance_score"] > results[1]["relevance_score"] > 0
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    bedrock = {name for name in headers if name.startswith("x-amzn-bedrock")}
    assert bedrock == {"x-amzn-bedrock-invocation-latency"}


def test_the_environment_points_at_it(endpoint: LocalBedrock) -> None:
    assert endpoint.environment()["AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"] == endpoint.url
