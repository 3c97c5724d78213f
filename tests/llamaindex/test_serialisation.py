"""Models written down, read back and copied: what stays, what never does."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.rate_limiter import TokenBucketRateLimiter

from bedrock_unified import AuthenticationError, BedrockClient, BedrockError, ConfigurationError
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from .conftest import KEYS, MODEL
from .scripted import ScriptedBedrock

SECRETS = (*KEYS.values(), "the-session-token")
Make = Callable[..., Any]


def test_pickle_and_dict_keep_where_to_call_and_how() -> None:
    llm = BedrockConverse(
        model=MODEL,
        region_name="eu-west-1",
        endpoint_url="https://proxy.test/bedrock",
        profile_name="team",
        temperature=0.3,
        max_retries=7,
        guardrail_identifier="gr1",
        guardrail_version="2",
        additional_kwargs={"requestMetadata": {"a": "b"}},
        system_prompt="Be brief.",
    )
    embedding = BedrockEmbedding(region_name="eu-west-1", endpoint_url="https://p.test", dimensions=512)
    for model in (llm, embedding):
        copies = (
            pickle.loads(pickle.dumps(model)),
            copy.deepcopy(model),
            type(model).from_dict(model.to_dict()),
            type(model).from_json(model.to_json()),
            type(model).model_validate(model.model_dump()),
        )
        for other in copies:
            assert other.to_dict() == model.to_dict()
            assert other.bedrock.region == "eu-west-1"
            assert other.endpoint_url == model.endpoint_url
    assert llm.to_dict()["class_name"] == BedrockConverse.class_name() == "Bedrock_Converse_LLM"


@pytest.mark.parametrize("kind", [BedrockConverse, BedrockEmbedding])
def test_no_secret_is_ever_written_down(kind: type[Any]) -> None:
    named = {"model": MODEL} if kind is BedrockConverse else {}
    keyed = kind(**named, **KEYS, aws_session_token="the-session-token")
    bearer = kind(**named, api_key="the-session-token")
    for model in (keyed, bearer):
        written = [
            repr(model),
            str(model),
            repr(model.bedrock),
            json.dumps(model.to_dict()),
            json.dumps(model.to_payload()),
            model.to_json(),
            pickle.dumps(model).decode("latin-1"),
            pickle.dumps(model.bedrock).decode("latin-1"),
        ]
        assert [text for text in written if any(secret in text for secret in SECRETS)] == []


def test_a_restored_copy_without_its_keys_refuses_to_sign_as_somebody_else(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
    llm = BedrockConverse(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url, **KEYS)
    twice = BedrockConverse.from_dict(BedrockConverse.from_dict(llm.to_dict()).to_dict())
    for restored in (pickle.loads(pickle.dumps(llm)), BedrockConverse.from_dict(llm.to_dict()), twice):
        with pytest.raises((ConfigurationError, AuthenticationError)):
            restored.complete("Hello?")
    assert bedrock.requests == []
    given_again = BedrockConverse.from_dict(llm.to_dict(), **KEYS)
    for working in (copy.deepcopy(llm), given_again):
        assert working.complete("Hello?").text == "Good day."
        assert KEYS["aws_access_key_id"] in bedrock.requests[-1].headers["authorization"]
        working.bedrock.close()


def test_a_pickled_model_on_a_profile_or_the_environment_works(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
    llm = BedrockConverse(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url)
    assert llm.complete("Hello?").text == "Good day."  # with a live connection
    restored = pickle.loads(pickle.dumps(llm))
    assert restored.complete("Hello?").text == "Good day."
    for model in (llm, restored):
        model.bedrock.close()


def test_what_cannot_be_pickled_stays_with_the_living_model(caplog: pytest.LogCaptureFixture) -> None:
    limiter = TokenBucketRateLimiter(requests_per_minute=60)
    manager = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
    manager.lock = threading.Lock()  # type: ignore[attr-defined]
    llm = BedrockConverse(
        model=MODEL, rate_limiter=limiter, callback_manager=manager, completion_to_prompt=lambda text: text
    )
    formatter = llm.completion_to_prompt
    with caplog.at_level(logging.WARNING):
        restored = pickle.loads(pickle.dumps(llm))
    assert "callback_manager cannot be pickled" in caplog.text
    assert (llm.rate_limiter, llm.callback_manager, llm.completion_to_prompt) == (limiter, manager, formatter)
    assert isinstance(restored.callback_manager, CallbackManager)
    copied = copy.deepcopy(llm)
    assert (copied.rate_limiter, copied.callback_manager) == (limiter, manager)


def test_a_boto3_client_is_the_callers_and_is_not_copied() -> None:
    client = boto3.client("bedrock-runtime", region_name="eu-central-1", **KEYS)
    llm = BedrockConverse(model=MODEL, client=client)
    assert copy.deepcopy(llm).client is client
    restored = pickle.loads(pickle.dumps(llm))
    assert restored.client is None
    assert llm.client is client
    with pytest.raises(BedrockError):
        restored.complete("Hello?")


def test_a_boto3_client_is_written_as_where_it_went(bedrock: ScriptedBedrock) -> None:
    client = boto3.client("bedrock-runtime", region_name="eu-west-3", endpoint_url=bedrock.url, **KEYS)
    llm = BedrockConverse(model=MODEL, client=client)
    restored = pickle.loads(pickle.dumps(llm))
    for other in (restored, BedrockConverse.from_dict(llm.to_dict(), **KEYS)):
        assert (other.region_name, other.endpoint_url) == ("eu-west-3", bedrock.url)
    restored.client = client
    assert restored.complete("Hello").text == "Good day."
    client.close()
    theirs = boto3.client("bedrock-runtime", region_name="eu-west-3", **KEYS)  # whose endpoint is AWS's own
    written = BedrockConverse(model=MODEL, client=theirs).to_dict()
    assert (written["region_name"], written["endpoint_url"]) == ("eu-west-3", None)


def test_a_restored_copy_takes_its_credentials_again(
    make_llm: Callable[..., BedrockConverse], embedding: BedrockEmbedding
) -> None:
    for model, call in (
        (make_llm(), lambda llm: llm.complete("Hello")),
        (embedding, lambda embedder: embedder.get_text_embedding("Hello")),
    ):
        restored = pickle.loads(pickle.dumps(model))
        with pytest.raises(ConfigurationError, match="without its explicit credentials"):
            call(restored)
        for name, value in KEYS.items():
            setattr(restored, name, value)
        assert call(restored)
        restored.bedrock.close()


def test_a_shared_client_is_pickled_without_its_keys() -> None:
    client = BedrockClient(region_name="eu-west-3", **KEYS)
    llm = BedrockConverse(model=MODEL, client=client)
    restored = pickle.loads(pickle.dumps(llm))
    assert restored.bedrock.region == "eu-west-3"
    assert KEYS["aws_secret_access_key"] not in pickle.dumps(llm).decode("latin-1")


def test_from_dict_changes_nothing_it_was_given() -> None:
    data = BedrockConverse(model=MODEL).to_dict()
    before = copy.deepcopy(data)
    BedrockConverse.from_dict(data, temperature=0.5)
    assert data == before


def test_a_model_with_a_client_is_written_as_what_the_client_says(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"region_name": "us-east-1", "endpoint_url": bedrock.url}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
    llm = BedrockConverse(model=MODEL, client=BedrockClient(**where, max_retries=1))
    restored = BedrockConverse.from_dict(json.loads(json.dumps(llm.to_dict())))
    assert restored.complete("Hello?").text == "Good day."
    assert (restored.endpoint_url, restored.max_retries) == (bedrock.url, 1)
    restored.bedrock.close()
    llm.bedrock.close()
    keyed = BedrockConverse(model=MODEL, client=BedrockClient(**where, **KEYS))
    written = keyed.to_dict()
    assert not [secret for secret in SECRETS if secret in json.dumps(written)]
    with pytest.raises((ConfigurationError, AuthenticationError)):
        BedrockConverse.from_dict(written).complete("Hello?")
    again = BedrockConverse.from_dict(written, client=BedrockClient(**where, **KEYS))
    assert again.complete("Hello?").text == "Good day."
    again.bedrock.close()


def test_what_is_known_better_is_written_as_json() -> None:
    knows: dict[str, Any] = {
        "media": {"image", "video"},
        "cache_ttls": frozenset({"5m", "1h"}),
        "tools": True,
    }
    llm = BedrockConverse(model=MODEL, capabilities=knows)
    written = json.loads(json.dumps(llm.to_dict()))
    assert written["capabilities"] == {"media": ["image", "video"], "cache_ttls": ["1h", "5m"], "tools": True}
    assert llm.capabilities == knows
    assert BedrockConverse.from_json(llm.to_json()).metadata == llm.metadata
