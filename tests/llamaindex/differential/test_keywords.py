"""Every keyword of LlamaIndex's Bedrock classes works here, or says what to write instead.

The table is compared with the constructors and fields of the classes themselves, where they are installed.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from llama_index.core.callbacks import CallbackManager
from llama_index.core.output_parsers import PydanticOutputParser
from llama_index.core.rate_limiter import TokenBucketRateLimiter
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.types import PydanticProgramMode
from pydantic import BaseModel, SecretStr

import llamaindex_bedrock_unified
from bedrock_unified import ConfigurationError

from ...dropin.running import environment
from .suite import CLASSES

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
RERANKER = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
GUARDRAIL = {"guardrail_identifier": "abc", "guardrail_version": "1"}
RUNTIME, AGENT = (
    boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    for service in ("bedrock-runtime", "bedrock-agent-runtime")
)
#: What a class is made with, unless the keyword that is tried says it.
MADE: dict[str, dict[str, Any]] = {
    "BedrockConverse": {"model": CLAUDE},
    "BedrockEmbedding": {},
    "BedrockRerank": {},
}


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


class Song(BaseModel):
    """A song."""

    title: str


def _secret(name: str) -> Works:
    """An explicit key, with what completes it."""
    beside = {"aws_access_key_id": "b", "aws_secret_access_key": "b"}
    beside.pop(name, None)
    return Works("a", {name: SecretStr("a")}, beside)


def _prompt(prompt: str) -> str:
    return prompt


CONNECTION: dict[str, Works | Refused] = {
    "profile_name": Works("work"),
    "aws_access_key_id": _secret("aws_access_key_id"),
    "aws_secret_access_key": _secret("aws_secret_access_key"),
    "aws_session_token": _secret("aws_session_token"),
    "region_name": Works("eu-west-1"),
    "botocore_session": Works(
        botocore.session.Session(), {"region_name": "eu-west-1"}, {"region_name": "eu-west-1"}
    ),
    "botocore_config": Works(
        Config(region_name="eu-west-1"), {"region_name": "eu-west-1"}, {"region_name": "eu-west-1"}
    ),
    "max_retries": Works(7),
    "timeout": Works(9.0),
    "callback_manager": Works(CallbackManager([])),
}
LIMITER = TokenBucketRateLimiter(requests_per_minute=6000)
PARSER = PydanticOutputParser(output_cls=Song)
STORE = SimpleKVStore()
NO_PROMPTS = "leave it out"
#: Class of LlamaIndex's packages to keyword.
TABLE: dict[str, dict[str, Works | Refused]] = {
    "BedrockConverse": {
        **CONNECTION,
        "model": Works(CLAUDE),
        "temperature": Works(0.5),
        "max_tokens": Works(7),
        "api_version": Refused("2023-09-30", "leave it out"),
        "use_ssl": Refused(False, "http://"),
        "async_client": Refused(object(), "leave it out"),
        "verify": Works("/tmp/bundle.pem"),
        "endpoint_url": Works("http://127.0.0.1:1"),
        "client": Works(RUNTIME),
        "additional_kwargs": Works({"requestMetadata": {"team": "a"}}),
        "system_prompt": Works("Be brief."),
        "system_prompt_caching": Works(True),
        "tool_caching": Works(True),
        "messages_to_prompt": Works(str),
        "completion_to_prompt": Works(_prompt),
        "pydantic_program_mode": Works(PydanticProgramMode.LLM),
        "output_parser": Works(PARSER),
        "query_wrapper_prompt": Works(None),
        "rate_limiter": Works(LIMITER),
        "guardrail_identifier": Works("abc", GUARDRAIL, GUARDRAIL),
        "guardrail_version": Works("1", GUARDRAIL, GUARDRAIL),
        "guardrail_stream_processing_mode": Works("sync", None, GUARDRAIL),
        "trace": Works("enabled", {"guardrail_trace": "enabled"}, GUARDRAIL),
        "application_inference_profile_arn": Works(PROFILE),
        "thinking": Works(
            {"type": "enabled", "budget_tokens": 1024},
            {"reasoning": {"type": "enabled", "budget_tokens": 1024}},
        ),
        "supports_forced_tool_calls": Works(False),
    },
    "BedrockEmbedding": {
        **CONNECTION,
        "model_name": Works("cohere.embed-v4:0"),
        "client": Works(RUNTIME),
        "additional_kwargs": Works({"dimensions": 256}),
        "application_inference_profile_arn": Works(PROFILE),
        "embed_batch_size": Works(7),
        "embeddings_cache": Works(STORE),
        "num_workers": Works(3),
        "rate_limiter": Works(LIMITER),
        "system_prompt": Refused("Be brief.", NO_PROMPTS),
        "messages_to_prompt": Refused(str, NO_PROMPTS),
        "completion_to_prompt": Refused(_prompt, NO_PROMPTS),
        "pydantic_program_mode": Refused(PydanticProgramMode.LLM, NO_PROMPTS),
        "output_parser": Refused(PARSER, NO_PROMPTS),
    },
    "BedrockRerank": {
        **CONNECTION,
        "top_n": Works(5),
        "rerank_model_name": Works("amazon.rerank-v1:0", {"model_id": "amazon.rerank-v1:0"}),
        "rerank_model_arn": Works(RERANKER, {"model_id": RERANKER}),
        "client": Works(AGENT, {"agent_client": AGENT, "client": None}),
        "additional_kwargs": Works({"a": 1}, {"additional_model_request_fields": {"a": 1}}),
    },
}
CASES = [(name, keyword) for name, keywords in TABLE.items() for keyword in keywords]
#: Prints the keywords and fields of a class, and the defaults where JSON can say them.
_WALK = """
import importlib, inspect, json
def default(value):
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return None
found = {}
for module, name in %r.items():
    made = getattr(importlib.import_module(module), name)
    named = {key: default(each.default) for key, each in inspect.signature(made.__init__).parameters.items()
             if key not in ("self", "kwargs")}
    fields = {key: default(each.get_default(call_default_factory=False))
              for key, each in made.model_fields.items()}
    found[name] = {**fields, **named}
print(json.dumps(found))
"""


def make(name: str, given: dict[str, Any]) -> Any:
    """One of our models, by the name of its class there."""
    return getattr(llamaindex_bedrock_unified, name)(**{**MADE[name], **given})


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
    model = make(name, {**case.beside, **given})
    then = {keyword: case.value} if case.then is None else case.then
    assert {parameter: getattr(model, parameter) for parameter in then} == then


@pytest.fixture(scope="module")
def keywords(other_python: str) -> dict[str, dict[str, Any]]:
    """The keywords and fields of LlamaIndex's classes, with their defaults."""
    done = subprocess.run(
        [other_python, "-W", "ignore", "-c", _WALK % (CLASSES,)],
        env=environment(ours=False),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", TABLE)
def test_no_keyword_is_missing(name: str, keywords: dict[str, dict[str, Any]]) -> None:
    assert sorted(keywords[name].keys() - TABLE[name].keys()) == []


@pytest.mark.parametrize("name", TABLE)
def test_their_defaults_are_taken(name: str, keywords: dict[str, dict[str, Any]]) -> None:
    """A program that writes out what it could leave out."""
    for keyword, value in keywords[name].items():
        if keyword != "model":
            make(name, {keyword: value})
    make(name, {keyword: value for keyword, value in keywords[name].items() if keyword != "model"})


def test_an_older_name_is_there() -> None:
    assert llamaindex_bedrock_unified.AWSBedrockRerank is llamaindex_bedrock_unified.BedrockRerank
