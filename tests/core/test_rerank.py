"""Ordering documents: bodies and operations of both ways, pages, chunks, and what is refused."""

from __future__ import annotations

import asyncio
import copy
import json
from datetime import date
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from bedrock_unified import BedrockClient, Reranked, RerankResult
from bedrock_unified.errors import BedrockError, ConfigurationError, InvalidRequestError, ModelFailureError
from bedrock_unified.invoke.rerank import agent_request

from .server import Received, Server, reply

pytestmark = pytest.mark.usefixtures("no_aws")
colours = pytest.mark.parametrize("colour", ["sync", "async"])
ways = pytest.mark.parametrize("via", ["invoke", "agent"])
COHERE = "cohere.rerank-v3-5:0"
AMAZON = "amazon.rerank-v1:0"
ENDPOINT = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/x"
DOCUMENTS: list[Any] = ["one", {"title": "two", "pages": 3}, "three"]


def call(server: Server, colour: str, *args: Any, **members: Any) -> Reranked:
    client = server.client(agent_endpoint_url=server.url, max_retries=0)
    if colour == "sync":
        with client:
            return client.rerank(*args, **members)

    async def run() -> Reranked:
        async with client:
            return await client.arerank(*args, **members)

    return asyncio.run(run())


def longest_first(request: Received) -> bytes:
    """Ranks by the length of the text, on either way, in pages of 400."""
    body = request.json()
    if request.target == "/rerank":
        texts = [json.dumps(source["inlineDocumentSource"]) for source in body["sources"]]
        settings = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
        ranked = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        ranked = ranked[: settings["numberOfResults"]]
        start = int(body.get("nextToken", 0))
        results = [
            {"index": at, "relevanceScore": len(texts[at]) / 1e4} for at in ranked[start : start + 400]
        ]
        more = {"nextToken": str(start + 400)} if start + 400 < len(ranked) else {}
        return reply({"results": results, **more})
    texts = body["documents"]
    ranked = sorted(range(len(texts)), key=lambda index: -len(texts[index]))[: body["top_n"]]
    return reply({"results": [{"index": at, "relevance_score": len(texts[at]) / 1e4} for at in ranked]})


@colours
def test_by_invoke_model(colour: str, server: Server) -> None:
    server.answer = longest_first
    found = call(server, colour, "which?", DOCUMENTS, top_n=2)
    assert [result.index for result in found.results] == [1, 2]
    assert found.results[0] == RerankResult(1, 0.0025, DOCUMENTS[1])
    assert found.results[0].document is DOCUMENTS[1]
    (request,) = server.requests
    assert request.target == "/model/cohere.rerank-v3-5%3A0/invoke"
    assert request.json() == {
        "query": "which?",
        "documents": ["one", '{"title":"two","pages":3}', "three"],
        "top_n": 2,
        "api_version": 2,
    }


@colours
def test_by_the_agent_runtime(colour: str, server: Server) -> None:
    server.answer = longest_first
    fields = {"max_tokens_per_doc": 100}
    found = call(
        server, colour, "which?", DOCUMENTS, model_id=AMAZON, via="agent",
        additional_model_request_fields=fields,
    )  # fmt: skip
    assert [result.index for result in found.results] == [1, 2, 0]
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/rerank")
    assert "/us-east-1/bedrock/aws4_request" in request.headers["authorization"]
    arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"
    assert request.json() == {
        "queries": [{"type": "TEXT", "textQuery": {"text": "which?"}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": "one"}}},
            {"type": "INLINE", "inlineDocumentSource": {"type": "JSON", "jsonDocument": DOCUMENTS[1]}},
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": "three"}}},
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "numberOfResults": 3,
                "modelConfiguration": {"modelArn": arn, "additionalModelRequestFields": fields},
            },
        },
    }


def test_a_rerank_request_is_one_of_the_service_model(models: dict[str, Any]) -> None:
    shape = models["bedrock-agent-runtime"].operation_model("Rerank").input_shape
    request = agent_request("arn:aws:bedrock:us-east-1::foundation-model/x.y", "q", DOCUMENTS, 2, {"a": 1})
    assert not ParamValidator().validate(request, shape).has_errors()


@pytest.mark.parametrize(
    ("model_id", "sent"),
    [
        (COHERE, f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{COHERE}"),
        (f"bedrock/{AMAZON}", f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{AMAZON}"),
        (ENDPOINT, ENDPOINT),
        ("us.cohere.rerank-v4:0", "us.cohere.rerank-v4:0"),
    ],
)  # fmt: skip
def test_the_agent_runtime_gets_an_arn_of_the_right_partition(
    model_id: str, sent: str, server: Server
) -> None:
    server.answer = longest_first
    with server.client(agent_endpoint_url=server.url, region_name="us-gov-west-1") as client:
        client.rerank("q", ["a"], model_id=model_id, via="agent")
    settings = server.requests[0].json()["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert settings["modelConfiguration"] == {"modelArn": sent}


@ways
@colours
def test_more_documents_than_a_request_holds(colour: str, via: str, server: Server) -> None:
    server.answer = longest_first
    documents = ["x" * (1 + number % 977) for number in range(2300)]
    best = sorted(range(2300), key=lambda place: (-len(documents[place]), place))
    found = call(server, colour, "q", documents, via=via, top_n=1500)
    assert [result.index for result in found.results] == best[:1500]
    asked = [request for request in server.requests if "nextToken" not in request.json()]
    sizes = [len(request.json()["documents" if via == "invoke" else "sources"]) for request in asked]
    assert sorted(sizes) == [300, 1000, 1000]


@colours
def test_pages_are_asked_for_until_enough_came(colour: str, server: Server) -> None:
    server.answer = longest_first
    found = call(server, colour, "q", ["x" * number for number in range(1, 1001)], via="agent", top_n=700)
    assert len(found.results) == 700
    assert [request.json().get("nextToken") for request in server.requests] == [None, "400"]
    first, second = (request.json() for request in server.requests)
    assert first == {name: value for name, value in second.items() if name != "nextToken"}


@colours
def test_pages_that_go_in_a_circle_are_an_error(colour: str, server: Server) -> None:
    server.answer = lambda _: reply({"results": [], "nextToken": "again"})
    with pytest.raises(BedrockError, match="pages of Rerank go in a circle") as caught:
        call(server, colour, "q", ["a", "b"], via="agent")
    assert "agent_endpoint_url" in str(caught.value.hint)


@ways
@colours
def test_no_documents_need_no_call(colour: str, via: str, server: Server) -> None:
    assert call(server, colour, "q", [], via=via, top_n=3) == Reranked([])
    assert server.connections == 0


@ways
def test_more_results_than_documents_may_be_asked_for(via: str, server: Server) -> None:
    server.answer = longest_first
    assert len(call(server, "sync", "q", ["a", "bb"], via=via, top_n=50).results) == 2
    body = server.requests[0].json()
    settings = body.get("rerankingConfiguration", {}).get("bedrockRerankingConfiguration", {})
    assert body.get("top_n", settings.get("numberOfResults")) == 2


def test_amazons_body_has_no_version(server: Server) -> None:
    server.answer = longest_first
    call(server, "sync", "q", ["a"], model_id=AMAZON)
    call(server, "sync", "q", ["a"], model_id=f"arn:aws:bedrock:us-east-1::foundation-model/{AMAZON}")
    call(server, "sync", "q", ["a"], model_id="arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a",
         family="amazon", additional_model_request_fields={"extra": 1})  # fmt: skip
    bodies = [request.json() for request in server.requests]
    assert bodies == [{"query": "q", "documents": ["a"], "top_n": 1}] * 2 + [
        {"query": "q", "documents": ["a"], "top_n": 1, "extra": 1}
    ]


@ways
@pytest.mark.parametrize(
    "answer",
    [
        {"completion": "I am a language model"},
        {"results": [{"index": 5, "relevance_score": 1, "relevanceScore": 1}]},
        {"results": [{"index": -1, "relevance_score": 1, "relevanceScore": 1}]},
        {"results": [{"index": "x", "relevance_score": 1, "relevanceScore": 1}]},
        {"results": 7},
    ],
)
def test_an_answer_that_is_no_ranking_is_told(answer: Any, via: str, server: Server) -> None:
    server.answer = lambda _: reply(answer)
    with pytest.raises(BedrockError, match="is not a ranking of 1 documents") as caught:
        call(server, "sync", "q", ["a"], via=via)
    assert caught.value.model_id == COHERE
    assert caught.value.operation == ("InvokeModel" if via == "invoke" else "Rerank")


@ways
@colours
def test_aws_errors_come_through(via: str, colour: str, server: Server) -> None:
    server.answer = lambda _: reply({"message": "odd"}, 424, x_amzn_ErrorType="ModelErrorException:")
    with pytest.raises(ModelFailureError, match="odd"):
        call(server, colour, "q", ["a"] * 1500, via=via)


@pytest.mark.parametrize("via", ["invoke", "agent"])
def test_an_error_names_the_model(via: str, server: Server) -> None:
    server.answer = lambda _: reply(
        {"message": "The provided model identifier is invalid."},
        400,
        x_amzn_ErrorType="ValidationException",
    )
    with pytest.raises(BedrockError) as caught, server.client() as client:
        client.rerank("q", ["a"], model_id="cohere.rerank-v9:0", via=via)
    assert "cohere.rerank-v9:0" in str(caught.value.model_id)
    assert "no model 'the model'" not in str(caught.value) and "no model the" not in str(caught.value)


def test_denied_access_names_the_action_of_rerank(server: Server) -> None:
    server.answer = lambda _: reply({"message": "no"}, 403, x_amzn_ErrorType="AccessDeniedException:")
    with pytest.raises(BedrockError, match="bedrock:Rerank"):
        call(server, "sync", "q", ["a"], via="agent")


@pytest.mark.parametrize(
    ("kind", "args", "how", "said"),
    [
        (InvalidRequestError, ("", ["a"]), {}, "the query is empty"),
        (InvalidRequestError, (None, ["a"]), {}, "the query is empty"),
        (InvalidRequestError, ("q", ["a", " "]), {}, r"documents\[1\] is empty"),
        (InvalidRequestError, ("q", [{}]), {}, r"documents\[0\] is empty"),
        (InvalidRequestError, ("q", [None]), {}, r"documents\[0\] is empty"),
        (InvalidRequestError, ("q", [7]), {}, r"documents\[0\] is int"),
        (ConfigurationError, ("q", "a"), {}, "takes a list of documents"),
        (ConfigurationError, ("q", {"a": 1}), {}, "takes a list of documents"),
        (ConfigurationError, ("q", ["a"]), {"top_n": 0}, "top_n must be a whole number from 1"),
        (ConfigurationError, ("q", ["a"]), {"concurrency": True}, "concurrency must be"),
        (ConfigurationError, ("q", ["a"]), {"concurrency": None}, "concurrency must be"),
        (
            ConfigurationError,
            ("q", ["a"]),
            {"additional_model_request_fields": ["b"]},
            "additional_model_request_fields",
        ),
        (
            InvalidRequestError,
            ("q", ["a", {"on": date(2024, 1, 1)}]),
            {},
            r"documents\[1\] is no JSON object",
        ),
        (InvalidRequestError, ("q", [{"a": float("nan")}]), {"via": "agent"}, r"documents\[0\] is no JSON"),
        (InvalidRequestError, ("q", ["a"]), {"family": "voyage", "via": "agent"}, "no rerank family"),
        (ConfigurationError, ("q", ["a"]), {"via": "magic"}, "via must be 'invoke' or 'agent'"),
        (InvalidRequestError, ("q", ["a"]), {"model_id": "cohere.embed-v4:0"}, "does not rerank"),
        (InvalidRequestError, ("q", ["a"]), {"family": "voyage"}, "no rerank family is called 'voyage'"),
    ],
)
@colours
def test_what_cannot_be_ranked_is_refused_before_sending(
    kind: type[BedrockError],
    args: tuple[Any, ...],
    how: dict[str, Any],
    said: str,
    colour: str,
    server: Server,
) -> None:
    with pytest.raises(kind, match=said):
        call(server, colour, *args, **how)
    assert server.connections == 0


def test_the_callers_documents_are_not_changed(server: Server) -> None:
    server.answer = longest_first
    given = copy.deepcopy(DOCUMENTS)
    call(server, "sync", "q", given, via="agent")
    assert given == DOCUMENTS


# Where it goes


def test_the_agent_runtime_has_an_endpoint_of_its_own(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = longest_first
    elsewhere = BedrockClient(
        region_name="us-east-1", endpoint_url="http://127.0.0.1:1", aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", max_retries=0,
    )  # fmt: skip
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", server.url)
    with elsewhere as client:
        assert client.rerank("q", ["a"], via="agent").results
        with pytest.raises(BedrockError, match=r"127\.0\.0\.1|refused"):
            client.rerank("q", ["a"])


@colours
def test_a_boto3_client_of_the_agent_runtime_is_honoured(colour: str, server: Server) -> None:
    server.answer = longest_first
    agent = botocore.session.Session().create_client(
        "bedrock-agent-runtime", "eu-west-1", endpoint_url=server.url, aws_access_key_id="a",
        aws_secret_access_key="b",
    )  # fmt: skip
    client = BedrockClient(region_name="us-west-2", agent_client=agent)
    if colour == "sync":
        found = client.rerank("q", DOCUMENTS, via="agent")
    else:
        found = asyncio.run(client.arerank("q", DOCUMENTS, via="agent"))
    assert [result.index for result in found.results] == [1, 2, 0]
    assert server.requests[0].headers["user-agent"].startswith("Botocore")
    asked = server.requests[0].json()["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert asked["modelConfiguration"]["modelArn"].startswith("arn:aws:bedrock:eu-west-1:")  # as the client
    client.close()
    agent.close()


def test_an_agent_endpoint_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="us-east-1"):
        BedrockClient(agent_endpoint_url="us-east-1")
