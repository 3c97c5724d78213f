"""``BedrockRerank`` as a document compressor, by the agent runtime and by InvokeModel."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from langchain_core.documents import Document

from bedrock_unified import BedrockClient, ConfigurationError, LocalBedrock
from bedrock_unified.local import Fault
from langchain_bedrock_unified import BedrockRerank
from langchain_bedrock_unified.errors import InvalidRequestError, ThrottlingError

from .scripted import KEYS

ARN = "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"
FOUND = [
    Document("The bakery sells rye bread.", metadata={"page": 1}, id="a"),
    Document("Bicycles may be taken on the tram.", metadata={"page": 2}, id="b"),
    Document(" ", metadata={"page": 3}),
    Document("The tram runs every ten minutes.", metadata={"page": 4}),
]
QUESTION = "May I take my bicycle on the tram?"
ways = pytest.mark.parametrize("via", ["agent", "invoke"])


@pytest.fixture
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


def at(local: LocalBedrock, **given: Any) -> BedrockRerank:
    return BedrockRerank(**{"endpoint_url": local.url, "region_name": "us-east-1", **KEYS, **given})


@ways
async def test_the_best_documents_with_their_scores(local: LocalBedrock, via: str) -> None:
    given = copy.deepcopy(FOUND)
    rerank = at(local, via=via, top_n=2)
    best = rerank.compress_documents(given, QUESTION)
    assert [document.metadata["page"] for document in best] == [2, 4]
    assert best[0].metadata["relevance_score"] > best[1].metadata["relevance_score"] > 0
    assert best[0].id == "b"
    assert given == FOUND, "the caller's documents were changed"
    assert await rerank.acompress_documents(given, QUESTION) == best
    operation = "Rerank" if via == "agent" else "InvokeModel"
    assert {request.operation for request in local.requests} == {operation}
    await rerank.bedrock.aclose()


@ways
async def test_texts_documents_and_json_objects_are_ranked(local: LocalBedrock, via: str) -> None:
    rerank = at(local, model_arn=ARN, via=via)
    given = [FOUND[0], "The tram takes bicycles.", {"title": "tram", "text": "bicycle on the tram"}]
    ranked = rerank.rerank(given, QUESTION)
    assert {"index", "relevance_score"} == ranked[0].keys()
    assert {each["index"] for each in ranked[:2]} == {1, 2}
    assert len(rerank.rerank(given, QUESTION, top_n=1)) == 1
    assert await rerank.arerank(given, QUESTION) == ranked
    assert rerank.rerank([], QUESTION) == await rerank.arerank([], QUESTION) == []
    assert rerank.compress_documents([], QUESTION) == []
    await rerank.bedrock.aclose()


def test_documents_of_a_class_of_their_own_stay_ones(local: LocalBedrock) -> None:
    class Page(Document):
        number: int = 0

    rerank = at(local)
    (best,) = rerank.compress_documents([Page(page_content="a tram", number=7)], "tram")
    assert isinstance(best, Page)
    assert best.number == 7
    rerank.bedrock.close()


def test_top_n_none_gives_all(local: LocalBedrock) -> None:
    rerank = at(local, top_n=None)
    assert len(rerank.rerank(["a", "b", "c", "d", "e"], "a")) == 5
    assert at(local).top_n == 3
    rerank.bedrock.close()


def test_fields_of_the_models_own(local: LocalBedrock) -> None:
    rerank = at(local, additional_model_request_fields={"max_tokens_per_doc": 9})
    rerank.rerank(["a"], "a")
    rerank.rerank(["a"], "a", additional_model_request_fields={"max_tokens_per_doc": 5})
    sent = [
        request.body["rerankingConfiguration"]["bedrockRerankingConfiguration"]["modelConfiguration"]
        for request in local.requests
    ]
    assert [each["additionalModelRequestFields"]["max_tokens_per_doc"] for each in sent] == [9, 5]
    rerank.rerank(["a"], "a", additional_model_request_fields={})
    last = local.requests[-1].body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert "additionalModelRequestFields" not in last["modelConfiguration"]
    rerank.bedrock.close()


@pytest.mark.parametrize("name", ["model", "model_id", "model_arn", "model_name"])
def test_spellings_of_the_model(name: str) -> None:
    assert BedrockRerank(**{name: ARN}).model_id == ARN


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"model": "amazon.nova-lite-v1:0", "via": "invoke"}, "does not rerank"),
        ({"via": "magic"}, "via must be 'invoke' or 'agent'"),
        ({"top_n": 0}, "top_n"),
        ({"topn": 3}, "did you mean 'top_n'"),
        ({"model": "a/b"}, "a/b"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        BedrockRerank(**given)


def test_errors_are_this_packages(local: LocalBedrock) -> None:
    local.inject(Fault.throttle(times=9))
    rerank = at(local, max_retries=0)
    with pytest.raises(ThrottlingError):
        rerank.rerank(["a"], "a")
    with pytest.raises(InvalidRequestError, match="query is empty"):
        rerank.rerank(["a"], " ")
    with pytest.raises(ConfigurationError, match="takes a list of documents, not 'abc'"):
        rerank.rerank("abc", "a")
    rerank.bedrock.close()


def test_a_client_of_the_agent_runtime_or_our_own_may_be_handed_in(local: LocalBedrock) -> None:
    theirs = boto3.client("bedrock-agent-runtime", endpoint_url=local.url, region_name="us-east-1", **KEYS)
    rerank = BedrockRerank(client=theirs)
    assert rerank.rerank(["tram", "bread"], "tram")[0]["index"] == 0
    rerank.bedrock.close()
    theirs.close()
    with BedrockClient(agent_endpoint_url=local.url, region_name="us-east-1", **KEYS) as ours:
        assert BedrockRerank(client=ours).rerank(["tram", "bread"], "tram")[0]["index"] == 0


def test_a_client_of_the_other_service_is_refused(local: LocalBedrock) -> None:
    with pytest.raises(ConfigurationError, match="client is one of bedrock-runtime"):
        BedrockRerank(client=boto3.client("bedrock-runtime", region_name="us-east-1", **KEYS))
    agent = boto3.client("bedrock-agent-runtime", region_name="us-east-1", **KEYS)
    with pytest.raises(ConfigurationError, match="would not be used with via='invoke'"):
        BedrockRerank(client=agent, via="invoke")


def test_no_secret_is_written_down_and_copies_work(local: LocalBedrock) -> None:
    rerank = at(local)
    assert KEYS["aws_secret_access_key"] not in f"{rerank!r}{rerank.model_dump_json()}"
    assert copy.deepcopy(rerank).rerank(["a"], "a")
    restored = pickle.loads(pickle.dumps(rerank))
    with pytest.raises(ConfigurationError):
        restored.rerank(["a"], "a")
    rerank.bedrock.close()
