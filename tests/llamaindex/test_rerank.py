"""``BedrockRerank`` as a node postprocessor, by the agent runtime and by InvokeModel."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import boto3
import botocore.session
import pytest
from botocore.config import Config
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import Field

from bedrock_unified import BedrockClient, ConfigurationError, InvalidRequestError, LocalBedrock
from langchain_bedrock_unified import BedrockRerank as LangChainRerank
from llamaindex_bedrock_unified import BedrockRerank

from .conftest import KEYS

QUESTION = "May I take my bicycle on the tram?"
TEXTS = ["The bakery sells rye bread.", "Bicycles may be taken on the tram.", "", "The tram runs often."]
ways = pytest.mark.parametrize("via", ["agent", "invoke"])


@pytest.fixture
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


def at(local: LocalBedrock, **given: Any) -> BedrockRerank:
    return BedrockRerank(**{"endpoint_url": local.url, "region_name": "us-east-1", **KEYS, **given})


def nodes() -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in TEXTS]


@ways
async def test_the_best_nodes_with_their_scores(local: LocalBedrock, via: str) -> None:
    rerank, given = at(local, via=via), nodes()
    best = rerank.postprocess_nodes(given, query_str=QUESTION)
    assert [node.node.get_content() for node in best] == [TEXTS[1], TEXTS[3]]
    assert best[0].score > best[1].score > 0
    assert [node.score for node in given] == [0.5] * 4, "the caller's nodes were changed"
    again = await rerank.apostprocess_nodes(given, query_bundle=QueryBundle(QUESTION))
    assert [(node.node_id, node.score) for node in again] == [(node.node_id, node.score) for node in best]
    operation = "Rerank" if via == "agent" else "InvokeModel"
    assert {request.operation for request in local.requests} == {operation}
    await rerank.bedrock.aclose()


class Heard(BaseEventHandler):
    """Keeps the names of what it hears."""

    names: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Heard"

    def handle(self, event: Any, **_: Any) -> None:
        self.names.append(event.class_name())


def test_events_come_in_pairs(local: LocalBedrock) -> None:
    handler, debug = Heard(), LlamaDebugHandler(print_trace_on_end=False)
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        rerank = at(local, callback_manager=CallbackManager([debug]))
        rerank.postprocess_nodes(nodes(), query_str=QUESTION)
        rerank.postprocess_nodes([], query_str=QUESTION)
    finally:
        dispatcher.event_handlers.remove(handler)
    assert [name for name in handler.names if name.startswith("ReRank")] == [
        "ReRankStartEvent",
        "ReRankEndEvent",
    ]
    ((start, end),) = debug.get_event_pairs(CBEventType.RERANKING)
    assert start.payload["top_k"] == 2
    assert len(end.payload["nodes"]) == 2
    rerank.bedrock.close()


async def test_nothing_to_rank_needs_no_request(local: LocalBedrock) -> None:
    rerank = at(local)
    assert rerank.postprocess_nodes([], query_str=QUESTION) == []
    assert await rerank.apostprocess_nodes(nodes()[2:3], query_str=QUESTION) == []
    with pytest.raises(InvalidRequestError, match="no query"):
        rerank.postprocess_nodes(nodes())
    assert not local.requests


@pytest.mark.parametrize("name", ["model", "model_id", "rerank_model_name", "rerank_model_arn"])
def test_spellings_of_the_model(name: str) -> None:
    assert BedrockRerank(**{name: "amazon.rerank-v1:0"}).model_id == "amazon.rerank-v1:0"


def test_top_n(local: LocalBedrock) -> None:
    rerank = at(local, top_n=None)
    assert len(rerank.postprocess_nodes(nodes(), query_str=QUESTION)) == 3
    assert at(local).top_n == 2
    with pytest.raises(ConfigurationError, match="top_n"):
        BedrockRerank(top_n=0)
    rerank.bedrock.close()


def test_it_is_written_down_and_read_back_without_secrets(local: LocalBedrock) -> None:
    rerank = at(local, top_n=7)
    written = rerank.to_dict()
    assert KEYS["aws_secret_access_key"] not in f"{written}{rerank!r}"
    assert written["class_name"] == "BedrockRerank"
    assert BedrockRerank.from_dict(written, **KEYS).postprocess_nodes(nodes(), query_str=QUESTION)
    for copied in (pickle.loads(pickle.dumps(rerank)), BedrockRerank.from_dict(written)):
        assert copied.top_n == 7
        with pytest.raises(ConfigurationError):
            copied.postprocess_nodes(nodes(), query_str=QUESTION)


@ways
@pytest.mark.parametrize("how", ["session", "config", "both"])
async def test_a_session_and_a_configuration_of_botocore_are_used(
    local: LocalBedrock, how: str, via: str
) -> None:
    given: dict[str, Any] = dict(KEYS)
    if how != "config":
        session = botocore.session.Session()
        session.set_credentials(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
        session.set_config_variable("region", "eu-west-1")
        given = {"botocore_session": session}
    if how != "session":
        given["botocore_config"] = Config(user_agent_extra="ours/1")
    if how == "config":
        given["region_name"] = "eu-west-1"
    rerank = BedrockRerank(endpoint_url=local.url, via=via, **given)
    assert rerank.postprocess_nodes(nodes(), query_str=QUESTION)[0].node.get_content() == TEXTS[1]
    await rerank.apostprocess_nodes(nodes(), query_str=QUESTION)
    assert {request.operation for request in local.requests} == {
        "Rerank" if via == "agent" else "InvokeModel"
    }
    assert {request.auth for request in local.requests} == {"sigv4"}
    told = [request.headers for request in local.requests]
    assert all(("ours/1" in headers["user-agent"]) == (how != "session") for headers in told)
    assert rerank.region_name == "eu-west-1"
    assert rerank.to_dict()["credentials_withheld"]
    with pytest.raises(ConfigurationError, match="next to botocore"):
        BedrockRerank(agent_client=object(), **given)
    for client in (rerank.client, rerank.agent_client):
        if client is not None:
            client.close()
    await rerank.bedrock.aclose()


# A boto3 client of the agent runtime


def agent_client(**given: Any) -> Any:
    return boto3.client("bedrock-agent-runtime", **{"region_name": "eu-west-1", **KEYS, **given})


@pytest.mark.parametrize("name", ["client", "agent_client"])
def test_a_model_is_asked_for_where_the_client_asks(local: LocalBedrock, name: str) -> None:
    client = agent_client(endpoint_url=local.url)
    BedrockRerank(**{name: client}).postprocess_nodes(nodes(), query_str=QUESTION)
    asked = local.requests[0].body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert asked["modelConfiguration"]["modelArn"].startswith("arn:aws:bedrock:eu-west-1:")
    client.close()


@pytest.mark.parametrize("kind", [BedrockRerank, LangChainRerank])
@pytest.mark.parametrize("name", ["client", "agent_client"])
@pytest.mark.parametrize(
    "beside",
    [
        {"role_arn": "arn:aws:iam::123456789012:role/reader"},
        {"profile_name": "team"},
        {"api_key": "a-key"},
        {"region_name": "us-east-1"},
        {"endpoint_url": "https://proxy.test"},
        {"agent_endpoint_url": "https://proxy.test"},
        {"max_retries": 7},
        {"total_timeout": 5},
        {"requests_per_minute": 60},
        {"use_fips": True},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_a_client_would_ignore_is_refused(kind: type[Any], name: str, beside: dict[str, Any]) -> None:
    client = agent_client()
    with pytest.raises(ConfigurationError, match=f"{next(iter(beside))} would be ignored"):
        kind(**{name: client}, **beside)
    with pytest.raises(ConfigurationError, match=f"{next(iter(beside))} would be ignored"):
        kind(**{name: client}).model_copy(update=beside)
    same = {"region_name": "eu-west-1", "endpoint_url": client.meta.endpoint_url}
    assert kind(**{name: client}, **same).agent_client is client
    client.close()


@pytest.mark.parametrize("kind", [BedrockRerank, LangChainRerank])
def test_of_two_clients_none_is_dropped(kind: type[Any]) -> None:
    agent = agent_client()
    runtime = boto3.client("bedrock-runtime", region_name="eu-west-1", **KEYS)
    for given, said in (
        ({"client": agent, "agent_client": agent_client()}, "are both clients of bedrock-agent-runtime"),
        ({"client": runtime, "agent_client": agent}, "client is one of bedrock-runtime"),
        ({"client": BedrockClient(), "agent_client": agent}, "agent_client would be ignored"),
        ({"agent_client": runtime}, "agent_client is a BedrockRuntime"),
        ({"agent_client": object()}, "agent_client is a object"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            kind(**given)
    changed = kind(agent_client=agent)
    with pytest.raises(ConfigurationError, match="role_arn would be ignored"):
        changed.role_arn = "arn:aws:iam::123456789012:role/reader"


def test_a_stand_in_that_knows_every_method_is_the_client_of_the_way_that_is_asked() -> None:
    stand_in = MagicMock()
    stand_in.meta.region_name, stand_in.meta.endpoint_url = "eu-west-1", "https://proxy.test"
    stand_in.rerank.return_value = {"results": [{"index": 1, "relevanceScore": 0.5}]}
    (best,) = BedrockRerank(client=stand_in, top_n=1).postprocess_nodes(nodes(), query_str=QUESTION)
    assert best.node.get_content() == TEXTS[1]
    assert BedrockRerank(client=stand_in, via="invoke").agent_client is None


def test_what_is_written_down_goes_where_the_client_went(local: LocalBedrock) -> None:
    client = agent_client(endpoint_url=local.url)
    rerank = BedrockRerank(client=client)
    written = rerank.to_dict()
    assert (written["region_name"], written["endpoint_url"]) == ("eu-west-1", local.url)
    for restored in (
        BedrockRerank.from_dict(written, **KEYS),
        BedrockRerank.from_dict(written, agent_client=agent_client(endpoint_url=local.url)),
    ):
        assert restored.postprocess_nodes(nodes(), query_str=QUESTION)[0].node.get_content() == TEXTS[1]
        restored.bedrock.close()
    asked = [each.body["rerankingConfiguration"]["bedrockRerankingConfiguration"] for each in local.requests]
    assert all("eu-west-1" in each["modelConfiguration"]["modelArn"] for each in asked)
    client.close()
