"""Every keyword of langchain-aws's classes works here, or says what to write instead.

The table is compared with the fields and aliases of the classes themselves, where langchain-aws is installed.
"""

from __future__ import annotations

import json
import pickle
import subprocess
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from langchain_core.load import dumps, loads
from langchain_core.rate_limiters import InMemoryRateLimiter
from pydantic import SecretStr

import langchain_bedrock_unified
from bedrock_unified import ConfigurationError, InvalidRequestError
from bedrock_unified.local import LocalBedrock

from .running import environment

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
#: What a class is made with, unless the keyword that is tried says it.
MADE = {
    "ChatBedrockConverse": {"model": CLAUDE},
    "ChatBedrock": {"model": CLAUDE},
    "BedrockEmbeddings": {},
    "BedrockRerank": {"model_arn": "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"},
}
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
RERANKER = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
RUNTIME, CONTROL, AGENT = (
    boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    for service in ("bedrock-runtime", "bedrock", "bedrock-agent-runtime")
)
LIMITER = InMemoryRateLimiter()
GUARDRAIL = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}


@dataclass
class Works:
    """A keyword's value, and what the model's parameters are then. Without: the parameter of its name."""

    value: Any
    then: dict[str, Any] | None = None
    beside: dict[str, Any] = field(default_factory=dict)


@dataclass
class Refused:
    """A keyword's value, and words of the hint that says what to do instead."""

    value: Any
    hint: str


def _secret(name: str) -> Works:
    """An explicit key, with what completes it."""
    beside: dict[str, Any] = {"aws_access_key_id": "b", "aws_secret_access_key": "b"}
    beside.pop(name, None)
    return Works("a", {name: SecretStr("a")}, beside)


KEYS = {
    "aws_access_key_id": _secret("aws_access_key_id"),
    "aws_secret_access_key": _secret("aws_secret_access_key"),
    "aws_session_token": _secret("aws_session_token"),
}
CONNECTION = {
    **KEYS,
    "region_name": Works("eu-west-1"),
    "credentials_profile_name": Works("work", {"profile_name": "work"}),
    "endpoint_url": Works("http://127.0.0.1:1"),
    "config": Works(
        Config(read_timeout=7, connect_timeout=2, retries={"max_attempts": 4}, region_name="eu-west-1"),
        {"timeout": 7, "connect_timeout": 2, "max_retries": 4, "region_name": "eu-west-1"},
    ),
}
CORE = {
    "name": Works("a"),
    "cache": Works(False),
    "verbose": Works(True),
    "callbacks": Works([]),
    "tags": Works(["a"]),
    "metadata": Works({"a": "b"}),
    "custom_get_token_ids": Works(len),
    "rate_limiter": Works(LIMITER),
    "disable_streaming": Works("tool_calling"),
    "output_version": Works("v1"),
    "profile": Works({"max_input_tokens": 5}),
}
BOTH_CHATS = {
    **CORE,
    **CONNECTION,
    "client": Works(RUNTIME),
    "bedrock_client": Works(CONTROL, {"control_client": CONTROL}),
    "model_id": Works(CLAUDE, {"model_id": CLAUDE, "model": CLAUDE}),
    "model": Works(CLAUDE, {"model_id": CLAUDE, "model": CLAUDE}),
    "base_model_id": Works(
        "anthropic.claude-3-haiku-20240307-v1:0", {"model_family": "anthropic.claude-3-haiku-20240307-v1:0"}
    ),
    "base_model": Works(
        "anthropic.claude-3-haiku-20240307-v1:0",
        {"model_family": "anthropic.claude-3-haiku-20240307-v1:0"},
        {"provider": "anthropic"},
    ),
    "provider": Works("anthropic", {"model_family": "anthropic"}, {"model": PROFILE}),
    "bedrock_api_key": Works("a", {"api_key": SecretStr("a")}),
    "api_key": Works("a", {"api_key": SecretStr("a")}),
    "timeout": Works(60),
    "max_retries": Works(2),
    "temperature": Works(0.0),
    "max_tokens": Works(7),
    "stop_sequences": Works(["a"]),
    "stop": Works(["a"], {"stop_sequences": ["a"]}),
    "streaming": Works(True),
    "service_tier": Works("flex"),
    "request_metadata": Works({"a": "b"}),
    "guardrails": Works(
        {**GUARDRAIL, "trace": True}, {"guardrail_config": {**GUARDRAIL, "trace": "enabled"}}
    ),
}
#: Class of langchain-aws to keyword.
TABLE: dict[str, dict[str, Works | Refused]] = {
    "ChatBedrockConverse": {
        **BOTH_CHATS,
        "system": Works(["a", {"text": "b"}]),
        "top_p": Works(0.5),
        "base_url": Works("http://127.0.0.1:1", {"endpoint_url": "http://127.0.0.1:1"}),
        "default_headers": Refused({"x-team": "a"}, "before-sign"),
        "guardrail_config": Works({**GUARDRAIL, "trace": "enabled"}),
        "additional_model_request_fields": Works({"a": 1}),
        "reasoning_effort": Works("high", {"reasoning": "high"}),
        "additional_model_response_field_paths": Works(["/a"]),
        "supports_tool_choice_values": Works(
            ("auto", "any"), {"capabilities": {"tool_choices": ["auto", "any"]}}
        ),
        "performance_config": Works({"latency": "optimized"}),
        "output_config": Works({"effort": "high"}),
        "guard_last_turn_only": Works(True, {"guard_content": "last_user"}, {"guardrails": GUARDRAIL}),
        "raw_blocks": Refused([{"role": "user", "content": [{"text": "a"}]}], "messages"),
    },
    "ChatBedrock": {
        **BOTH_CHATS,
        "region": Works("eu-west-1", {"region_name": "eu-west-1"}),
        "model_kwargs": Works(
            {
                "temperature": 0.5,
                "max_gen_len": 7,
                "top_k": 3,
                "stop": ["a"],
                "anthropic_beta": ["b"],
                "anthropic_version": "bedrock-2023-05-31",
            },
            {
                "temperature": 0.5,
                "max_tokens": 7,
                "top_k": 3,
                "stop_sequences": ["a"],
                "additional_model_request_fields": {"anthropic_beta": ["b"]},
            },
        ),
        "provider_stop_sequence_key_name_map": Refused(
            {"anthropic": "stop_sequences"}, "stop_sequences works"
        ),
        "provider_stop_reason_key_map": Refused({"anthropic": "stop_reason"}, "stopReason"),
        "system_prompt_with_tools": Refused("Use the tools.", "system="),
        "beta_use_converse_api": Works(True, {"use_converse": True}),
    },
    "BedrockEmbeddings": {
        **CONNECTION,
        "client": Works(RUNTIME),
        "model_id": Works("cohere.embed-v4:0"),
        "model_kwargs": Works({"a": 1}, {"additional_model_request_fields": {"a": 1}}),
        "provider": Works("cohere", {"family": "cohere"}, {"model_id": "cohere.embed-english-v3"}),
        "normalize": Works(True),
        "dimensions": Works(256),
    },
    "BedrockRerank": {
        **CONNECTION,
        "model_arn": Works(RERANKER, {"model_id": RERANKER}),
        "client": Works(AGENT, {"agent_client": AGENT, "client": None}),
        "top_n": Works(5),
        "base_url": Works("http://127.0.0.1:1", {"endpoint_url": "http://127.0.0.1:1"}),
    },
}
CASES = [(name, keyword) for name, keywords in TABLE.items() for keyword in keywords]
#: Prints the fields of langchain-aws's classes: name or alias, and the default where JSON can say it.
_WALK = """
import json, langchain_aws
def default(field):
    value = field.get_default(call_default_factory=False)
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        return None
fields = {
    name: {spelling: default(field) for key, field in getattr(langchain_aws, name).model_fields.items()
           for spelling in (key, field.alias) if spelling}
    for name in %r
}
print(json.dumps(fields))
"""


def make(name: str, given: dict[str, Any]) -> Any:
    """One of our models, by the name of its class there."""
    spelled = {"model", "model_id", "model_arn"}
    made = {} if spelled & given.keys() else MADE[name]
    return getattr(langchain_bedrock_unified, name)(**made, **given)


@pytest.mark.parametrize(("name", "keyword"), CASES, ids=[".".join(case) for case in CASES])
def test_a_keyword_works_or_says_the_way_out(name: str, keyword: str) -> None:
    case = TABLE[name][keyword]
    given = {keyword: case.value}
    if isinstance(case, Refused):
        with pytest.raises(ConfigurationError) as caught:
            make(name, given)
        assert keyword in caught.value.message
        assert case.hint in (caught.value.hint or "")
        return
    kept = dict(case.value) if isinstance(case.value, dict) else None
    model = make(name, {**given, **case.beside})
    then = {keyword: case.value} if case.then is None else case.then
    found = {parameter: getattr(model, parameter) for parameter in then}
    if "metadata" in found:
        del found["metadata"]["lc_versions"]  # langchain-core's, of every model
    assert found == then
    assert kept is None or case.value == kept


@pytest.fixture(scope="module")
def fields(other_python: str) -> dict[str, dict[str, Any]]:
    """The fields and aliases of langchain-aws's classes, with their defaults."""
    done = subprocess.run(
        [other_python, "-W", "ignore", "-c", _WALK % (list(TABLE),)],
        env=environment(ours=False),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", TABLE)
def test_no_keyword_is_missing(name: str, fields: dict[str, dict[str, Any]]) -> None:
    assert sorted(fields[name].keys() - TABLE[name].keys()) == []


@pytest.mark.parametrize("name", TABLE)
def test_the_defaults_of_langchain_aws_are_taken(name: str, fields: dict[str, dict[str, Any]]) -> None:
    """A program that writes out what it could leave out."""
    for keyword, value in fields[name].items():
        if not keyword.startswith(("provider_stop_", "model_id", "model_arn")) and keyword != "model":
            make(name, {keyword: value})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"config": Config(proxies={"http": "http://a"})}, "client=boto3.client"),
        ({"config": Config(retries={"mode": "adaptive"})}, "max_retries"),
        ({"config": {"read_timeout": 3}}, "botocore.config.Config"),
        ({"model_kwargs": {"temperature": 0.5}, "temperature": 0.1}, "temperature"),
        ({"model_kwargs": "a"}, "dict"),
        ({"model_kwargs": {"a": 1}, "additional_model_request_fields": {"a": 2}}, "keep one"),
        ({"model_kwargs": {"a": 1}, "additional_model_request_fields": 3}, "must be a dict, not int"),
        ({"supports_tool_choice_values": 3}, "give a tuple"),
        ({"supports_tool_choice_values": "any"}, "give a tuple"),
        ({"supports_tool_choice_values": ("any",), "capabilities": 3}, "must be a dict, not int"),
        ({"guard_last_turn_only": True, "guard_content": "all"}, "guard_content"),
        ({"model": PROFILE, "base_model": "amazon.nova-lite-v1:0", "provider": "meta"}, "leave provider out"),
        ({"anthropic_beta": ["a"]}, "additional_model_request_fields"),
    ],
)
def test_what_cannot_be_heeded_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make("ChatBedrock", given)
    assert says in str(caught.value)


def test_a_keyword_stands_above_a_configuration() -> None:
    config = Config(read_timeout=7, retries={"total_max_attempts": 3}, max_pool_connections=50)
    model = make("ChatBedrock", {"config": config, "read_timeout": 9, "max_retries": None})
    assert (model.timeout, model.max_retries, model.connect_timeout) == (9, 2, 5)
    assert make("ChatBedrock", {"config": Config(), "model_kwargs": None}).timeout == 300


def test_a_provider_takes_nothing_from_what_the_id_says() -> None:
    assert make("ChatBedrock", {"model": CLAUDE, "provider": "anthropic"}).model_family is None
    assert make("ChatBedrock", {"model": PROFILE, "provider": ""}).model_family is None
    assert make("ChatBedrock", {"model": "us.acme.talker-v1:0", "provider": "meta"}).model_family == "meta"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("BedrockLLM", "ChatBedrock"),
        ("BedrockPromptCachingMiddleware", "langchain_bedrock_unified.middleware"),
    ],
)
def test_a_class_that_is_called_otherwise_is_named(name: str, instead: str) -> None:
    with pytest.raises(ImportError, match=f"no {name}; use {instead}"):
        exec(f"from langchain_bedrock_unified import {name}")
    with pytest.raises(ImportError, match="cannot import name 'AmazonKendraRetriever'"):
        exec("from langchain_bedrock_unified import AmazonKendraRetriever")


@pytest.mark.filterwarnings("ignore:The function `loads` is in beta")
def test_a_model_that_was_made_so_is_written_down_and_read_back() -> None:
    given = {
        "config": Config(read_timeout=7),
        "model_kwargs": {"temperature": 0.25, "anthropic_beta": ["a"]},
        "supports_tool_choice_values": ("auto",),
        "guard_last_turn_only": True,
        "guardrails": GUARDRAIL,
    }
    model = make("ChatBedrock", given)
    assert pickle.loads(pickle.dumps(model)) == model
    allowed = [langchain_bedrock_unified.ChatBedrock]
    read = loads(dumps(model), allowed_objects=allowed, valid_namespaces=["langchain_bedrock_unified"])
    for parameter in (
        "timeout",
        "temperature",
        "additional_model_request_fields",
        "capabilities",
        "guard_content",
    ):
        assert getattr(read, parameter) == getattr(model, parameter)


@pytest.mark.parametrize("control", [{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}, None])
def test_the_cache_control_of_a_call_is_heeded(control: dict[str, str] | None) -> None:
    rules = "The harbour closes at nine. " * 300
    with LocalBedrock() as endpoint:
        model = make("ChatBedrock", {"endpoint_url": endpoint.url, "api_key": LocalBedrock.API_KEY})
        model.invoke([("system", rules), ("human", "Hello.")], cache_control=control)
        with pytest.raises(InvalidRequestError, match="cache_control"):
            model.invoke("Hello.", cache_control={"type": "eternal"})
        model.bedrock.close()
        point = {"type": "default", **({"ttl": control["ttl"]} if control and "ttl" in control else {})}
        sent = endpoint.requests[0].body["system"][1:]
        assert sent == ([] if control is None else [{"cachePoint": point}])
