"""``BedrockRerank`` as a node postprocessor, by the agent runtime and by InvokeModel."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import Field

from bedrock_unified import ConfigurationError, InvalidRequestError, LocalBedrock
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
