"""Checks 6 to 13 of ``../shared/peers/llama-index-bedrock.md``, section 8, each under its number.

The first numbers in the docstrings are what the report measured of LlamaIndex's own packages.
"""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.llms import ChatMessage

from bedrock_unified import ThrottlingError
from bedrock_unified.local import LocalBedrock
from bedrock_unified.wire import retry
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from ..dropin.comparing import differences
from .conftest import KEYS, MODEL, every_way
from .differential.suite import LLAMAINDEX
from .scripted import Answer, ScriptedBedrock, Sent, says

Make = Callable[..., BedrockConverse]
REPOSITORY = Path(__file__).parents[2]
QUESTION = [ChatMessage(role="user", content="Hello?")]
WAYS = ("chat", "achat", "stream_chat", "astream_chat")


async def test_check_06_a_hundred_calls_of_half_a_second_take_under_0_8_seconds(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    """8.6 seconds; 3.1 with a connection for each call."""

    def slow(_: Sent) -> Answer:
        time.sleep(0.5)
        return says("Good day.")

    bedrock.script = [slow]
    llm = make_llm(max_concurrency=100)
    taken: list[float] = []
    for _ in range(10):  # the machine may be busy with something else
        begun = time.monotonic()
        await asyncio.gather(*(llm.achat(QUESTION) for _ in range(100)))
        taken.append(time.monotonic() - begun)
        if len(taken) > 1 and min(taken) <= 0.8:
            break
    assert min(taken) <= 0.8
    assert bedrock.connections <= 110
    await llm.bedrock.aclose()


async def test_check_07_three_retries_are_four_requests(
    make_llm: Make, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 110 requests."""
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: 0.001)
    bedrock.script = [says("Slow down", status=429, error="ThrottlingException")]
    llm = make_llm(max_retries=3)
    for way in WAYS:
        bedrock.requests.clear()
        with pytest.raises(ThrottlingError):
            answer = getattr(llm, way)(QUESTION)
            answer = await answer if way.startswith("a") else answer
            if way == "stream_chat":
                list(answer)
        assert len(bedrock.requests) == 4
    await llm.bedrock.aclose()


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat", "stream_complete", "astream_complete"])
async def test_check_08_a_stream_that_is_closed_is_read_no_more_within_100_ms(
    llm: BedrockConverse, bedrock: ScriptedBedrock, way: str
) -> None:
    """2.5 seconds, to the end of the answer."""
    bedrock.script = [says("word " * 400, gap=0.005, piece=5)]
    stream = getattr(llm, way)("Hello?" if "complete" in way else QUESTION)
    if way.startswith("a"):
        stream = await stream
        assert (await anext(stream)).delta
        begun = time.monotonic()
        await stream.aclose()
    else:
        assert next(stream).delta
        begun = time.monotonic()
        stream.close()
    assert await asyncio.to_thread(bedrock.left.wait, 0.1)
    assert time.monotonic() - begun < 0.1 + 0.05  # until the endpoint wrote to the closed connection
    await llm.bedrock.aclose()


async def test_check_09_tokens_are_counted_exactly_and_a_call_is_one_event(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    """Where Bedrock said 11 and 7: 5 and 2, in streams 5 and 4; and two events for ``complete``."""
    bedrock.script = [says("Good day.", usage={"inputTokens": 11, "outputTokens": 7, "totalTokens": 18})]
    counter = TokenCountingHandler(tokenizer=lambda text: ["?"] * 50)
    debug = LlamaDebugHandler(print_trace_on_end=False)
    llm = make_llm(callback_manager=CallbackManager([counter, debug]))
    await every_way(llm, "chat", QUESTION)
    await every_way(llm, "complete", "Hello?")
    assert [(each.prompt_token_count, each.completion_token_count) for each in counter.llm_token_counts] == [
        (11, 7)
    ] * 8
    assert len(debug.get_event_pairs(CBEventType.LLM)) == len(bedrock.requests) == 8


def test_check_10_copies_keep_their_region_and_work_and_no_secret_is_written(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    where: dict[str, Any] = {"region_name": "eu-north-1", "endpoint_url": bedrock.url}
    models = (BedrockConverse(model=MODEL, **where), BedrockEmbedding(**where))
    for model in models:
        for other in (
            pickle.loads(pickle.dumps(model)),
            copy.deepcopy(model),
            copy.copy(model),
            type(model).from_dict(model.to_dict()),
            type(model).from_json(model.to_json()),
        ):
            assert (other.region_name, other.bedrock.region) == ("eu-north-1", "eu-north-1")
            if isinstance(other, BedrockConverse):
                assert other.complete("Hello?").text == "Good day."
            else:
                assert len(other.get_text_embedding("Hello?")) > 100
            assert "eu-north-1/bedrock" in bedrock.requests[-1].headers["authorization"]
            other.bedrock.close()
    secrets = (*KEYS.values(), "the-session-token", "the-bearer-token")
    explicit: dict[str, Any] = {**KEYS, "aws_session_token": "the-session-token"}
    bearer: dict[str, Any] = {"api_key": "the-bearer-token"}
    for identity in (explicit, bearer):
        for model in (BedrockConverse(model=MODEL, **identity), BedrockEmbedding(**identity)):
            written = f"{model!r}{model}{model.to_dict()}{model.to_payload()}{model.to_json()}"
            assert not [secret for secret in secrets if secret in written]


async def test_check_11_a_hundred_texts_are_two_requests_to_cohere() -> None:
    """A hundred requests, and no limit of 96 texts to a request."""
    with LocalBedrock() as local:
        where: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": local.url, **KEYS}
        embedding = BedrockEmbedding(model_name="cohere.embed-english-v3", **where)
        vectors = await embedding.aget_text_embedding_batch([f"text {number}" for number in range(100)])
        assert len(vectors) == 100
        sizes = [len(json.loads(sent.body["body"])["texts"]) for sent in local.requests]
        assert sorted(sizes) == [4, 96]
        await embedding.bedrock.aclose()


@pytest.fixture
def uv() -> list[str]:
    """The command of the resolver."""
    if (found := shutil.which("uv")) is not None:
        return [found]
    if find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    pytest.skip("uv is not installed here; `pip install uv` in this environment brings it")


def test_check_12_it_can_be_installed_beside_the_others_and_the_newest_boto3(
    uv: list[str], tmp_path: Path
) -> None:
    """LlamaIndex's ``[async]`` beside langchain-aws is a version of 2024."""
    beside = tmp_path / "beside.in"
    beside.write_text(
        "boto3>=1.44.5\nlangchain-aws>=1.9.1\nllama-index-llms-bedrock-converse>=0.15.5\n"
        "llama-index-embeddings-bedrock>=0.9.0\nllama-index-postprocessor-bedrock-rerank>=0.7.0\n"
    )
    command = [
        *uv,
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--no-annotate",
        "--extra",
        "all",
        str(beside),
    ]
    done = subprocess.run(
        [*command, str(REPOSITORY / "pyproject.toml")], capture_output=True, text=True, check=False
    )
    if done.returncode and "No solution found" not in done.stderr:
        pytest.skip(f"uv cannot ask a package index here: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stderr
    resolved = {line.partition("==")[0] for line in done.stdout.splitlines()}
    assert {"boto3", "langchain-aws", "llama-index-core", "langchain-core"} <= resolved
    assert not {"aioboto3", "aiobotocore"} & resolved


def test_check_13_what_differs_is_listed_with_its_reason_and_each_program_is_compared() -> None:
    """``differential/test_programs.py`` runs them with both imports."""
    listed = differences(Path(__file__).parent / "differential" / "differences.toml")
    assert listed and all(each.what and each.why for each in listed)
    named = {name for each in listed for name in each.programs}
    assert named <= LLAMAINDEX.programs.keys()
    methods = "\n".join(path.read_text() for path in LLAMAINDEX.programs.values())
    for name in (
        "achat",
        "astream_chat",
        "chat_with_tools",
        "structured_predict",
        "FunctionAgent",
        "AgentWorkflow",
    ):
        assert name in methods
