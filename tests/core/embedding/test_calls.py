"""Many inputs at once, synchronously and not: order, batches, failures, tokens."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from contextvars import ContextVar
from typing import Any, cast

import botocore.session
import pytest
from botocore.config import Config

from bedrock_unified import BedrockClient, Embeddings
from bedrock_unified.embedding import DEFAULT_MODEL
from bedrock_unified.errors import (
    BedrockError,
    ConfigurationError,
    ContextOverflowError,
    InvalidRequestError,
    ModelFailureError,
    ThrottlingError,
)

from ..server import Received, Server, reply

pytestmark = pytest.mark.usefixtures("no_aws")
colours = pytest.mark.parametrize("colour", ["sync", "async"])
COHERE = "cohere.embed-english-v3"
COHERE_V4 = "cohere.embed-v4:0"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 24


def call(server: Server, colour: str, method: str, *args: Any, **members: Any) -> Any:
    client = server.client(max_retries=0)
    if colour == "sync":
        with client:
            return getattr(client, method)(*args, **members)

    async def run() -> Any:
        async with client:
            return await getattr(client, f"a{method}")(*args, **members)

    return asyncio.run(run())


def by_length(request: Received) -> bytes:
    """Each text's vector is its length, so that a mix-up shows."""
    body = request.json()
    if "inputText" in body:
        return reply({"embedding": [len(body["inputText"])], "inputTextTokenCount": 1})
    vectors = [[len(text)] for text in body["texts"]]
    answer = {"embeddings": vectors, "response_type": "embeddings_floats", "id": "1", "texts": body["texts"]}
    return reply(answer, X_Amzn_Bedrock_Input_Token_Count=str(len(vectors)))


@colours
def test_embed(colour: str, server: Server) -> None:
    found = call(server, colour, "embed", ["a", "b"], dimensions=256, normalize=False)
    assert found == Embeddings([[0.5, 0.25]] * 2, 4, {})
    assert server.requests[0].json().keys() == {"inputText", "dimensions", "normalize"}
    assert {request.json()["inputText"] for request in server.requests} == {"a", "b"}
    assert {request.target for request in server.requests} == {"/model/amazon.titan-embed-text-v2%3A0/invoke"}


@colours
def test_no_inputs_need_no_call(colour: str, server: Server) -> None:
    assert call(server, colour, "embed", []) == Embeddings([], 0, {})
    assert server.connections == 0


@colours
@pytest.mark.parametrize("concurrency", [1, 7, 64])
def test_ol_13_a_list_keeps_its_order_and_its_duplicates(
    concurrency: int, colour: str, server: Server
) -> None:
    server.answer = by_length
    texts = ["x" * (1 + number % 9) for number in range(50)]
    found = call(
        server, colour, "embed", (text for text in texts), model_id="bedrock/titan-embed-text-v2",
        concurrency=concurrency,
    )  # fmt: skip
    assert found.vectors == [[len(text)] for text in texts]
    assert found.input_tokens == 50


@colours
def test_cohere_gets_96_texts_a_request_and_tells_its_tokens_in_a_header(colour: str, server: Server) -> None:
    server.answer = by_length
    texts = ["x" * (number + 1) for number in range(200)]
    found = call(server, colour, "embed", texts, model_id=COHERE)
    assert found.vectors == [[number + 1] for number in range(200)]
    assert found.input_tokens == 200
    assert sorted(len(request.json()["texts"]) for request in server.requests) == [8, 96, 96]


@colours
def test_rq_cohere_v4_mixed_inputs_keep_their_places(colour: str, server: Server) -> None:
    """ReqLLM's ``cohere.embed-v4:0``: texts, images and mixed inputs, each kind in its own request."""

    def answer(request: Received) -> bytes:
        body = request.json()
        kind = next(name for name in ("texts", "images", "inputs") if name in body)
        number = {"texts": 1, "images": 2, "inputs": 3}[kind]
        vectors = {"float": [[number, place] for place in range(len(body[kind]))]}
        return reply({"embeddings": vectors, "response_type": "embeddings_by_type"})

    server.answer = answer
    inputs = ["a", PNG, {"text": "b", "image": PNG}, "c", {"content": ["d", {"image": PNG}]}, {"image": PNG}]
    found = call(server, colour, "embed", inputs, model_id=COHERE_V4)
    assert found.vectors == [[1, 0], [2, 0], [3, 0], [1, 1], [3, 1], [2, 1]]
    assert len(server.requests) == 3


def test_large_images_are_spread_over_requests(server: Server) -> None:
    def answer(request: Received) -> bytes:
        return reply({"embeddings": {"float": [[1.0]] * len(request.json()["images"])}})

    server.answer = answer
    image = PNG + b"1" * 5_000_000
    with server.client() as client:
        assert len(client.embed([image] * 5, model_id=COHERE_V4, concurrency=1).vectors) == 5
    assert [len(request.json()["images"]) for request in server.requests] == [2, 2, 1]


# Failures


def odd(text: str) -> bytes:
    return reply({"message": f"{text} is too odd"}, 424, x_amzn_ErrorType="ModelErrorException:")


@colours
@pytest.mark.parametrize("concurrency", [1, 4, 32])
def test_after_a_failure_no_further_request_begins(concurrency: int, colour: str, server: Server) -> None:
    failed = threading.Event()
    late: list[str] = []

    def failing(request: Received) -> bytes:
        text = request.json()["inputText"]
        if text == "3":
            failed.set()
            return odd(text)
        if failed.is_set():
            late.append(text)
        time.sleep(0.02)
        return reply({"embedding": [1.0], "inputTextTokenCount": 1})

    server.answer = failing
    with pytest.raises(ModelFailureError, match="too odd"):
        call(server, colour, "embed", [str(number) for number in range(200)], concurrency=concurrency)
    # Each of the others may have had one request on its way, and one answered before the failure arrived.
    assert len(late) <= 2 * concurrency
    assert len(server.requests) <= 4 + 3 * concurrency


def test_a_failure_ends_the_rest_while_an_earlier_request_is_slow(server: Server) -> None:
    slow = threading.Event()

    def answer(request: Received) -> bytes:
        text = request.json()["inputText"]
        if text == "0":
            slow.wait(0.5)
        if text == "1":
            return odd(text)
        time.sleep(0.01)
        return reply({"embedding": [1.0], "inputTextTokenCount": 1})

    server.answer = answer
    with server.client() as client, pytest.raises(ModelFailureError):
        client.embed([str(number) for number in range(1000)], concurrency=4)
    assert len(server.requests) < 100


@colours
def test_a_failure_says_which_inputs_it_is_about(colour: str, server: Server) -> None:
    server.answer = lambda request: odd("7") if request.json()["inputText"] == "7" else by_length(request)
    with pytest.raises(ModelFailureError) as caught:
        call(server, colour, "embed", [str(number) for number in range(10)], concurrency=2)
    assert "held inputs 7 of 10, counted from 0" in str(caught.value.hint)
    assert caught.value.message == "7 is too odd"

    def second_batch(request: Received) -> bytes:
        texts = request.json().get("texts", ())  # a request of the call above may still be under way
        return odd("it") if 0 < len(texts) < 96 else by_length(request)

    server.answer = second_batch
    with pytest.raises(ModelFailureError, match="held inputs 96-99 of 100"):
        call(server, colour, "embed", ["a"] * 100, model_id=COHERE)


def test_a_single_request_that_fails_has_nothing_to_locate(server: Server) -> None:
    server.answer = lambda _: odd("it")
    with server.client() as client, pytest.raises(ModelFailureError) as caught:
        client.embed(["a"])
    assert "held inputs" not in str(caught.value)


@colours
@pytest.mark.parametrize("count", [5, 100])
def test_the_text_that_bedrock_means_is_named_by_its_place_in_the_callers_list(
    count: int, colour: str, server: Server
) -> None:
    def too_long(request: Received) -> bytes:
        for place, text in enumerate(request.json()["texts"]):
            if len(text) > 2048:
                said = f"#/texts/{place}: expected maxLength: 2048, actual: {len(text)}, please reformat"
                return reply(
                    {"message": f"Malformed input request: {said}"},
                    400,
                    x_amzn_ErrorType="ValidationException:",
                )
        return by_length(request)

    server.answer = too_long
    texts = ["a"] * (count - 2) + ["b" * 2500, "c"]
    with pytest.raises(ContextOverflowError) as caught:
        call(server, colour, "embed", texts, model_id=COHERE)
    assert f"Bedrock means inputs[{count - 2}] of {count}" in str(caught.value.hint)
    assert "truncate='end'" in str(caught.value.hint)
    for way, sent in (("end", "b" * 2048), ("start", "b" * 2047 + "e")):
        found = call(server, colour, "embed", ["a", "b" * 2500 + "e"], model_id=COHERE, truncate=way)
        assert found.vectors == [[1], [2048]]
        assert server.requests[-1].json()["texts"] == ["a", sent]
        assert server.requests[-1].json()["truncate"] == way.upper()


@colours
def test_types_among_the_models_own_members_are_read_as_such(colour: str, server: Server) -> None:
    server.answer = lambda _: reply({"embeddings": {"int8": [[1, -2]]}})
    fields = {"embedding_types": ["int8"]}
    found = call(server, colour, "embed", ["a"], model_id=COHERE_V4, additional_model_request_fields=fields)
    assert found == Embeddings([[1, -2]], 0, {"int8": [[1, -2]]})
    server.answer = lambda _: reply({"embeddingsByType": {"binary": [1, 0]}, "inputTextTokenCount": 1})
    fields = {"embeddingTypes": ["binary"]}
    found = call(server, colour, "embed", ["a"], additional_model_request_fields=fields)
    assert found == Embeddings([[1, 0]], 1, {"binary": [[1, 0]]})


@pytest.mark.parametrize(
    "given",
    [
        {"embedding_types": 5},
        {"additional_model_request_fields": ["a"]},
        {"additional_model_request_fields": {"a": ...}},
        {"concurrency": None},
    ],
    ids=repr,
)
def test_values_that_cannot_be_ones_are_named(given: dict[str, Any]) -> None:
    (name,) = given
    with BedrockClient(region_name="us-east-1") as client, pytest.raises(ConfigurationError, match=name):
        client.embed(["a"], **given)


def test_what_the_callers_context_holds_is_there_where_requests_are_made(server: Server) -> None:
    trace: ContextVar[str] = ContextVar("trace", default="none")
    seen: list[str] = []
    with server.client() as client:
        client.observe(lambda _: seen.append(trace.get()))
        trace.set("mine")
        client.embed(["a", "b", "c"])
    assert seen == ["mine"] * 3


@colours
def test_throttling_is_tried_again_for_its_request_alone(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.wire.retry.random.uniform", lambda low, high: 0.001)
    seen: list[str] = []

    def answer(request: Received) -> bytes:
        text = request.json()["inputText"]
        seen.append(text)
        if seen.count("a") == 1 and text == "a":
            return reply({"message": "slow down"}, 429, x_amzn_ErrorType="ThrottlingException:")
        return by_length(request)

    server.answer = answer
    client = server.client(max_retries=1)
    if colour == "sync":
        with client:
            client.embed(["a", "bb"])
    else:

        async def run() -> None:
            async with client:
                await client.aembed(["a", "bb"])

        asyncio.run(run())
    assert sorted(seen) == ["a", "a", "bb"]
    with pytest.raises(ThrottlingError):
        server.answer = lambda _: reply({"message": "no"}, 429, x_amzn_ErrorType="ThrottlingException:")
        call(server, colour, "embed", ["a"])


def test_cancelling_ends_what_is_under_way(server: Server) -> None:
    slow = threading.Event()

    def answer(request: Received) -> bytes:
        slow.wait(5)
        return by_length(request)

    server.answer = answer

    async def run() -> None:
        async with server.client() as client:
            task = asyncio.create_task(client.aembed(["a"] * 100, concurrency=3))
            while len(server.requests) < 3:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        slow.set()

    asyncio.run(run())
    assert len(server.requests) == 3


@colours
def test_an_answer_that_is_no_embedding_is_told_with_its_beginning(colour: str, server: Server) -> None:
    server.answer = lambda _: reply({"completion": "I am a language model"})
    with pytest.raises(BedrockError, match="I am a language model") as caught:
        call(server, colour, "embed", ["a"])
    assert DEFAULT_MODEL in str(caught.value.hint)
    assert caught.value.operation == "InvokeModel"


class Adapted(BedrockError):
    """An adapter's own class."""


class AdaptedRefusal(InvalidRequestError):
    """Another."""


@pytest.mark.parametrize(
    "fields",
    [{"embedding": None}, {"embedding": [1.0], "inputTextTokenCount": [1]}, {}, [1.0], {"embeddings": [[1]]}],
)
def test_an_answer_that_is_no_embedding_is_the_adapters_error_of_the_model(
    fields: Any, server: Server
) -> None:
    server.answer = lambda _: reply(fields)
    with server.client() as client, pytest.raises(Adapted) as caught:
        client.raising({BedrockError: Adapted}).embed(["a"])
    assert (caught.value.region, caught.value.model_id) == (client.region, DEFAULT_MODEL)


def test_a_batch_that_comes_back_short_is_an_error(server: Server) -> None:
    server.answer = lambda _: reply({"embeddings": [[1.0]], "response_type": "embeddings_floats"})
    with server.client() as client, pytest.raises(BedrockError, match="is not Cohere Embed v3's"):
        client.embed(["a", "b"], model_id=COHERE)


@colours
def test_what_is_refused_before_sending_is_the_adapters_error_too(colour: str, server: Server) -> None:
    view = server.client().raising({InvalidRequestError: AdaptedRefusal})
    with pytest.raises(AdaptedRefusal, match=r"inputs\[1\]"):
        if colour == "sync":
            view.embed(["a", " "])
        else:
            asyncio.run(view.aembed(["a", " "]))
    assert server.connections == 0


def test_an_unknown_keyword_is_pythons_own_error() -> None:
    with BedrockClient(region_name="us-east-1") as client, pytest.raises(TypeError, match="dimension"):
        client.embed(["a"], dimension=3)  # type: ignore[call-arg]


def test_a_boto3_client_is_not_asked_for_more_than_its_pool_holds(server: Server) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def answer(request: Received) -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1
        return by_length(request)

    server.answer = answer
    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        "us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(max_pool_connections=3),
    )
    with BedrockClient(client=client) as ours:
        assert len(ours.embed(["a"] * 30).vectors) == 30
    client.close()
    assert most <= 3
    assert server.connections <= 3


# Options that are worked out here


def test_unit_length_is_made_where_the_model_has_no_switch(server: Server) -> None:
    server.answer = lambda _: reply({"embeddings": [[3.0, 4.0], [0.0, 0.0]]})
    with server.client() as client:
        assert client.embed(["a", "b"], model_id=COHERE, normalize=True).vectors == [[0.6, 0.8], [0.0, 0.0]]
        assert client.embed(["a", "b"], model_id=COHERE, normalize=False).vectors[0] == [3.0, 4.0]
    assert all("normalize" not in json.loads(request.body) for request in server.requests)


def test_vectors_by_type_and_the_first_of_them(server: Server) -> None:
    server.answer = lambda _: reply({"embeddings": {"int8": [[1], [2]], "ubinary": [[3], [4]]}})
    with server.client() as client:
        found = client.embed(["a", "b"], model_id=COHERE_V4, embedding_types=["ubinary", "int8"])
    assert found.by_type == {"ubinary": [[3], [4]], "int8": [[1], [2]]}
    assert found.vectors == [[3], [4]]


def test_floats_come_first_whatever_the_order_of_types(server: Server) -> None:
    server.answer = lambda _: reply(
        {
            "embedding": [0.5],
            "embeddingsByType": {"binary": [1], "float": [0.5]},
            "inputTextTokenCount": 1,
        }
    )
    with server.client() as client:
        found = client.embed(["a"], embedding_types=["binary", "float"])
    assert (found.vectors, found.by_type["binary"]) == ([[0.5]], [[1]])


@pytest.mark.parametrize("inputs", ["text", b"bytes", {"text": "a"}, None, 7], ids=repr)
def test_inputs_are_a_list(inputs: Any) -> None:
    with (
        BedrockClient(region_name="us-east-1") as client,
        pytest.raises(ConfigurationError, match="embed\\(\\) takes a list of texts, images or dicts"),
    ):
        client.embed(inputs)


def test_progress_is_told_to_what_can_be_called() -> None:
    with (
        BedrockClient(region_name="us-east-1") as client,
        pytest.raises(ConfigurationError, match="on_progress is called as"),
    ):
        client.embed(["a"], on_progress=cast("Any", 7))


INTERRUPTED = """
import os, signal, sys, threading
from bedrock_unified import BedrockClient

client = BedrockClient(
    endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="s"
)
threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    client.embed(["a", "b", "c"], model_id="amazon.titan-embed-text-v2:0")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupted_process_does_not_wait_for_what_is_under_way(server: Server) -> None:
    release = threading.Event()

    def answer(_: Received) -> bytes:
        release.wait(10)
        return reply({"embedding": [0.5], "inputTextTokenCount": 1})

    server.answer = answer
    try:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, server.url], capture_output=True, text=True, timeout=20
        )
        assert (done.stdout, done.stderr, done.returncode) == ("interrupted\n", "", 0)
        assert time.monotonic() - began < 8
    finally:
        release.set()
