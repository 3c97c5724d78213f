"""Bad input: refused with the value and the way out, and not one connection is opened for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import BedrockError, ConfigurationError, InvalidRequestError

from .server import ASK, MODEL, Server

pytestmark = pytest.mark.usefixtures("no_aws")

METHODS = ["converse", "converse_stream", "invoke", "invoke_stream", "count_tokens"]


def call(client: BedrockClient, method: str, colour: str, **members: Any) -> Any:
    """One call in either colour."""
    if colour == "sync":
        with client:
            return getattr(client, method)(**members)

    async def run() -> Any:
        async with client:
            return await getattr(client, f"a{method}")(**members)

    return asyncio.run(run())


def refused(server: Server, method: str, colour: str, **members: Any) -> BedrockError:
    with pytest.raises((InvalidRequestError, ConfigurationError)) as caught:
        call(server.client(), method, colour, **members)
    assert server.connections == 0, "a connection was opened for a request that cannot be accepted"
    return caught.value


colours = pytest.mark.parametrize("colour", ["sync", "async"])


def request_of(method: str, model_id: Any) -> dict[str, Any]:
    body = {"converse": ASK, "converse_stream": ASK}.get(method, {"body": b"{}"})
    if method == "count_tokens":
        body = {"input": {"invokeModel": {"body": b"{}"}}}
    return {**body, "modelId": model_id}


@colours
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "model_id",
    ["", "   ", "a/b", "us.amazon.nova-lite-v1:0\n", "a\nb", None, 7, "arn:aws:bedrock"],
    ids=repr,
)
def test_a_model_id_that_cannot_be_one(model_id: Any, method: str, colour: str, server: Server) -> None:
    error = refused(server, method, colour, **request_of(method, model_id))
    named = repr(model_id) if isinstance(model_id, str) else "int"
    assert model_id in (None, "", "   ") or named in error.message


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["model_id", "model"])
def test_a_model_id_under_another_name(name: str, method: str, colour: str, server: Server) -> None:
    error = refused(server, method, colour, **{name: MODEL})
    assert (error.message, error.hint) == (f"there is no parameter {name!r}", "did you mean 'modelId'?")


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize(
    ("method", "given", "name", "meant"),
    [
        ("embed", {"inputs": ["a"]}, "model", "model_id"),
        ("embed", {"inputs": ["a"]}, "dimension", "dimensions"),
        ("rerank", {"query": "q", "documents": ["a"]}, "modelId", "model_id"),
        ("rerank", {"query": "q", "documents": ["a"]}, "top_k", "top_n"),
    ],
)
def test_a_keyword_that_a_method_does_not_have(
    method: str, given: dict[str, Any], name: str, meant: str, colour: str, server: Server
) -> None:
    said = rf"^{method}\(\) got an unexpected keyword argument '{name}'; did you mean '{meant}'\?$"
    with pytest.raises(TypeError, match=said):
        call(server.client(), method, colour, **given, **{name: "x"})
    assert server.connections == 0


def test_no_model_id_at_all(server: Server) -> None:
    refused(server, "converse", "sync", messages=ASK["messages"])


@colours
@pytest.mark.parametrize("method", ["converse", "converse_stream"])
@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"messages": []}, "messages is empty"),
        ({"messages": "Hello?"}, "messages must be a list"),
        ({"messages": [{"role": "user", "content": "Hello?"}]}, "must be a list of blocks"),
        ({"inferenceConfig": {"temperature": 3}}, "inferenceConfig.temperature is 3"),
        ({"inferenceConfig": {"maxTokens": 0}}, "inferenceConfig.maxTokens is 0"),
        (
            {
                "toolConfig": {
                    "tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {"type": "array"}}}}]
                }
            },
            "tool 't' is not an object but 'array'",
        ),
        (
            {"messages": [{"role": "user", "content": [{"document": {"format": "odt", "name": "n"}}]}]},
            "'odt' is not a document format",
        ),
        ({"guardrailConfig": {"guardrailIdentifier": "abc"}}, "without guardrailVersion"),
        (
            {"guardrailConfig": {"guardrailIdentifier": "a\nb", "guardrailVersion": "1"}},
            "guardrailIdentifier 'a\\nb'",
        ),
        ({"guardrailConfig": {"trace": "on"}}, "guardrail trace 'on'"),
        ({"guardrailConfig": {"guardrailVersion": "1"}}, "without guardrailIdentifier"),
        ({"temperature": 0.5}, "no member 'temperature'"),
        ({"additionalModelRequestFields": {"x": float("nan")}}, "cannot be written"),
        ({"additionalModelRequestFields": {"x": object()}}, "cannot be written"),
    ],
)
def test_a_converse_request_that_cannot_be_accepted(
    members: dict[str, Any], said: str, method: str, colour: str, server: Server
) -> None:
    error = refused(server, method, colour, **{**ASK, **members})
    assert said in error.message
    assert error.operation == {"converse": "Converse", "converse_stream": "ConverseStream"}[method]


@colours
@pytest.mark.parametrize(
    ("method", "members", "said"),
    [
        ("invoke", {"modelId": MODEL, "body": b"{}", "acceppt": "x"}, "no member 'acceppt'"),
        ("invoke", {"modelId": MODEL, "body": {"x": float("inf")}}, "cannot be written"),
        ("invoke", {"modelId": MODEL, "body": b"{}", "accept": "a\r\nb: c"}, "printable ASCII"),
        *(
            (method, {"modelId": MODEL, "body": b"{}", **guardrail}, said)
            for method in ("invoke", "invoke_stream")
            for guardrail, said in (
                ({"guardrailIdentifier": "abc"}, "without guardrailVersion"),
                ({"guardrailIdentifier": "a\r\nb: c", "guardrailVersion": "1"}, "guardrailIdentifier"),
                ({"guardrailIdentifier": "abc", "guardrailVersion": "draft"}, "guardrailVersion 'draft'"),
            )
        ),
        *(
            (
                "apply_guardrail",
                {
                    "guardrailIdentifier": identifier,
                    "guardrailVersion": "1",
                    "source": "INPUT",
                    "content": [],
                },
                "guardrailIdentifier",
            )
            for identifier in ("..", "x\ny", "a/b", "arn:aws-\n:bedrock:us-east-1:123456789012:guardrail/a")
        ),
        ("invoke_stream", {"modelId": MODEL, "body": b"{}", "trace": 1}, "trace travels as a header"),
        ("count_tokens", {"modelId": MODEL, "inputs": {}}, "no member 'inputs'"),
        (
            "apply_guardrail",
            {"guardrailIdentifier": "", "guardrailVersion": "1", "source": "INPUT", "content": []},
            "without guardrailIdentifier",
        ),
        (
            "apply_guardrail",
            {"guardrailIdentifier": "abc", "source": "INPUT", "content": []},
            "guardrailVersion",
        ),
        (
            "apply_guardrail",
            {"guardrailIdentifier": "a", "guardrailVersion": "1", "sauce": "INPUT"},
            "no member 'sauce'",
        ),
        ("list_models", {"byproviders": "Amazon"}, "no member 'byproviders'"),
        ("list_inference_profiles", {"type": "APPLICATION"}, "no member 'type'"),
        ("embed", {"inputs": ["a", ""]}, "a text to embed is empty"),
        ("embed", {"inputs": ["a", None]}, "a text to embed is empty"),
        ("embed", {"inputs": "a"}, "a list of texts"),
        ("embed", {"inputs": None}, "a list of texts, images or dicts, not None"),
        ("embed", {"inputs": b"a"}, "a list of texts"),
        *(
            (
                "embed",
                {"inputs": ["a", "b"], "concurrency": wrong},
                "concurrency must be a whole number from 1",
            )
            for wrong in (0, -3, "x", True, None)
        ),
        ("embed", {"inputs": ["a"], "dimensions": 100}, "dimensions is 100"),
        ("embed", {"inputs": ["a"], "model_id": "a/b"}, "a/b"),
    ],
)
def test_a_request_of_another_operation_that_cannot_be_accepted(
    method: str, members: dict[str, Any], said: str, colour: str, server: Server
) -> None:
    server_url = server.url
    with pytest.raises((InvalidRequestError, ConfigurationError)) as caught:
        call(server.client(control_endpoint_url=server_url), method, colour, **members)
    assert said in caught.value.message
    assert server.connections == 0


# Settings


@pytest.mark.parametrize(
    ("settings", "said", "hint"),
    [
        ({"reggion_name": "us-east-1"}, "no parameter 'reggion_name'", "region_name"),
        ({"max_retrys": 1}, "no parameter 'max_retrys'", "max_retries"),
        ({"zzz": 1}, "no parameter 'zzz'", "known parameters: agent_client"),
        ({"aws_profil": "dev"}, "no parameter 'aws_profil'", "did you mean 'aws_profile'?"),
        (
            {"region": "us-east-1", "region_name": "us-east-1"},
            "both 'region' and 'region_name'",
            "region_name",
        ),
        ({"aws_profile": "a", "credentials_profile_name": "a"}, "mean the same", "profile_name"),
        ({"aws_access_key_id": "AKIA"}, "aws_secret_access_key is missing", "profile"),
        ({"aws_secret_access_key": "hush"}, "aws_access_key_id is missing", "profile"),
        ({"aws_session_token": "hush"}, "aws_session_token was given without", "aws_access_key_id"),
        ({"api_key": ""}, "api_key must be", "copied"),
        ({"api_key": " "}, "api_key must be", "copied"),
        ({"api_key": "a\nb"}, "api_key must be", "line break"),
        ({"api_key": "ключ"}, "api_key must be", "ASCII"),
        ({"api_key": 7}, "api_key must be", None),
        ({"timeout": 0}, "timeout must be a positive number of seconds", "never infinite"),
        ({"timeout": -1}, "timeout", "never infinite"),
        ({"timeout": float("inf")}, "timeout", "never infinite"),
        ({"timeout": float("nan")}, "timeout", "never infinite"),
        ({"timeout": 1e10}, "at most 604800, not 10000000000.0", "never infinite"),
        ({"timeout": 10**400}, "timeout", "never infinite"),
        ({"total_timeout": 10**5000}, "total_timeout", "never infinite"),
        ({"connect_timeout": 1e10}, "connect_timeout", "never infinite"),
        ({"timeout": "5"}, "timeout", None),
        ({"timeout": True}, "timeout", None),
        ({"connect_timeout": 0}, "connect_timeout", None),
        ({"total_timeout": 0}, "total_timeout", None),
        ({"max_retries": -1}, "max_retries must be a whole number from 0", None),
        ({"max_retries": 1.5}, "max_retries", None),
        ({"max_retries": True}, "max_retries", None),
        ({"max_concurrency": 0}, "max_concurrency must be a whole number from 1", None),
        ({"max_retries": 10**5000}, "max_retries", None),
        ({"max_concurrency": 10**9}, "max_concurrency must be a whole number from 1 to 65536", None),
        ({"endpoint_url": "https://u:hush@h"}, "endpoint URL 'https://***@h' holds a user name", None),
        ({"control_endpoint_url": "https://h/?token=hush"}, "has a query", None),
        ({"endpoint_url": "https://h", "use_fips": True}, "use_fips cannot be combined", None),
        ({"region_name": ""}, "region_name '' is not a region", "us-east-1"),
        ({"region_name": "US East"}, "is not a region", "us-east-1"),
        ({"region_name": "us-east-1\n"}, "is not a region", "us-east-1"),
        ({"region_name": "evil.example/"}, "is not a region", "us-east-1"),
        ({"region_name": 7}, "is not a region", "us-east-1"),
        ({"profile_name": ""}, "profile_name must be text", None),
        ({"endpoint_url": 7}, "endpoint_url must be text", None),
        ({"use_fips": "false"}, "use_fips must be True or False", None),
        ({"retry_read_timeouts": 1}, "retry_read_timeouts must be True or False", None),
        ({"verify": 0}, "verify must be a CA bundle's path or False", None),
        ({"verify": ""}, "verify must be a CA bundle's path or False", None),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else None,
)
def test_settings_that_cannot_work_are_refused_when_the_client_is_made(
    settings: dict[str, Any], said: str, hint: str | None
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BedrockClient(**settings)
    assert said in caught.value.message
    assert hint is None or hint in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("spelling", "name", "value"),
    [
        ("region", "region_name", "eu-west-1"),
        ("aws_region", "region_name", "eu-west-1"),
        ("base_url", "endpoint_url", "http://127.0.0.1:1"),
        ("aws_profile", "profile_name", "dev"),
        ("credentials_profile_name", "profile_name", "dev"),
        ("bedrock_api_key", "api_key", "k"),
        ("read_timeout", "timeout", 9),
        ("request_timeout", "timeout", 9),
        ("bedrock_client", "client", SimpleNamespace(converse=print)),
    ],
)
def test_other_spellings_mean_the_same(spelling: str, name: str, value: Any) -> None:
    settings = BedrockClient(**{spelling: value}).settings
    assert getattr(settings, name) is value
    assert getattr(BedrockClient(**{spelling: None, name: value}).settings, name) is value


def test_keys_have_other_spellings_too() -> None:
    given = {"access_key_id": "AKIA", "secret_access_key": "s", "session_token": "t"}
    settings = BedrockClient(**given).settings
    assert (settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token) == (
        "AKIA",
        "s",
        "t",
    )


def test_none_means_not_given() -> None:
    names = dict.fromkeys(BedrockClient().settings.names())
    assert BedrockClient(**names).settings == BedrockClient().settings


@pytest.mark.parametrize("kind", [str, Path])
def test_a_ca_bundle_may_be_a_path_and_one_that_is_absent_is_named(kind: type, tmp_path: Path) -> None:
    bundle = kind(tmp_path / "absent.pem")
    client = BedrockClient(endpoint_url="https://127.0.0.1:1", verify=bundle, api_key="k")
    with pytest.raises(ConfigurationError, match=r"absent\.pem"):
        client.converse(**ASK)


@colours
@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://ho st",
        "http://h/?a=1",
        "//host",
        "http://h#f",
    ],
)
def test_an_endpoint_that_is_not_one(url: str, colour: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        call(BedrockClient(endpoint_url=url, region_name="us-east-1", api_key="k"), "converse", colour, **ASK)
    assert url.partition("?")[0].partition("#")[0] in str(caught.value)


@colours
@pytest.mark.parametrize(
    "url", ["http://bedrock.example", "http://10.0.0.1:8080/x", "http://127.0.0.1.example"]
)
def test_a_bearer_key_does_not_travel_in_clear_text(url: str, colour: str) -> None:
    client = BedrockClient(endpoint_url=url, region_name="us-east-1", api_key="ABSKsecret")
    with pytest.raises(ConfigurationError, match="clear text") as caught:
        call(client, "converse", colour, **ASK)
    assert url in caught.value.message
    assert "ABSKsecret" not in str(caught.value)


def test_ten_megabytes_of_text_are_sent(server: Server) -> None:
    text = "é" * 5_000_000
    messages = [{"role": "user", "content": [{"text": text}]}]
    for colour in ("sync", "async"):
        call(server.client(), "converse", colour, modelId=MODEL, messages=messages)
    assert [request.json()["messages"] for request in server.requests] == [messages] * 2


@pytest.mark.parametrize("given", ["x", 7, {"api_key": "k"}, BedrockClient])
@pytest.mark.parametrize(
    ("name", "service"),
    [("client", "bedrock-runtime"), ("control_client", "bedrock"), ("agent_client", "bedrock-agent-runtime")],
)
def test_what_is_no_client_cannot_be_handed_in(name: str, service: str, given: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is a .*, not a client of {service}\n") as caught:
        BedrockClient(**{name: given})
    assert service in str(caught.value.hint)
