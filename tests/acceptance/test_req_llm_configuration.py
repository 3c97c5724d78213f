"""ReqLLM's statements about model specs and options (RQ-04 to 07, 12 to 14, 19 to 21), with its guide's own
examples; the ones in Elixir are Python here."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from typing import Any

import pytest

from bedrock_unified import load
from bedrock_unified.config import Configuration
from bedrock_unified.errors import BedrockError, ConfigurationError

from ..core.server import Server
from .configured import EXAMPLES, ask, chat, embeddings, exported, signed_by
from .configured import at_home as at_home
from .configured import watched as watched
from .conftest import Account
from .frameworks import WAYS

HERE = EXAMPLES / "req_llm"
SONNET = "anthropic.claude-3-sonnet-20240229-v1:0"
NEWER = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-lite-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"


def multiply(a: int, b: int) -> int:
    """Multiply two whole numbers."""
    return a * b


@pytest.fixture
def no_stored_keys() -> Iterator[None]:
    """What ``put_key`` stores is forgotten."""
    from bedrock_unified.credentials.store import clear_keys

    clear_keys()
    yield
    clear_keys()


@pytest.mark.parametrize("example", ["api-key.env", "iam.env"])
async def test_rq_04_the_guides_environment_is_enough(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    exported(HERE / example, monkeypatch)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    app: Any = chat(framework, f"bedrock:{SONNET}")
    assert app.model.bedrock.region == "eu-west-1"
    await ask(app)
    assert signed_by(watched) == (("your-api-key", "") if "api" in example else ("AKIA...", "eu-west-1"))


@pytest.mark.parametrize(
    "spec",
    [
        f"bedrock:{NOVA}",
        f"amazon_bedrock:{NOVA}",
        f"{NOVA}@amazon_bedrock",
        ["amazon_bedrock", NOVA],
        ("amazon_bedrock", {"id": NOVA}),
        {"provider": "amazon_bedrock", "id": NOVA},
    ],
    ids=str,
)
async def test_rq_05_a_spec_in_each_form_is_its_exact_id(at_home: Account, framework: Any, spec: Any) -> None:
    for way in WAYS:
        assert "nine" in await ask(chat(framework, spec), way)
        assert at_home.last.model_id == NOVA


def test_rq_05_every_example_of_a_family_is_a_spec() -> None:
    specs = json.loads((HERE / "families.json").read_text())
    configuration = load(HERE / "families.json", system="req_llm")
    assert [f"bedrock:{model.model_id}" for model in configuration.values()] == specs
    with pytest.raises(ConfigurationError, match="'openai' is not allowed"):
        load("openai:gpt-4o", system="req_llm")


async def test_rq_06_an_object_says_what_no_registry_knows(
    account: Account, request: pytest.FixtureRequest, framework: Any
) -> None:
    account.has(
        models=["vendor.new-model-v9:0"], application_profiles={"abcdefghijkl": "amazon.nova-pro-v1:0"}
    )
    request.getfixturevalue("at_home")
    url = account.endpoint.url
    for spec, sent in (
        ({"id": "vendor.new-model-v9:0"}, "vendor.new-model-v9:0"),
        ({"id": "my-model", "provider_model_id": NOVA}, NOVA),
        ({"model": "amazon.nova-pro-v1:0", "inference_profile_arn": PROFILE}, PROFILE),
        ({"id": PROFILE, "base_url": url}, PROFILE),
    ):
        await ask(chat(framework, {"provider": "amazon_bedrock", **spec}))
        assert account.last.model_id == sent


async def test_rq_06_a_profiles_body_follows_the_declared_model(
    account: Account, request: pytest.FixtureRequest, framework: Any
) -> None:
    account.has(application_profiles={"abcdefghijkl": "amazon.nova-pro-v1:0"})
    request.getfixturevalue("at_home")
    spec = {"provider": "bedrock", "id": "amazon.nova-pro-v1:0", "inference_profile_arn": PROFILE, "top_k": 7}
    await ask(chat(framework, spec))
    assert account.last.model_id == PROFILE
    assert account.body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 7}}


async def test_rq_06_capabilities_that_are_said_are_believed(at_home: Account, framework: Any) -> None:
    spec = {"provider": "bedrock", "id": NOVA, "capabilities": {"tools": False}, "limits": {"context": 1000}}
    app: Any = chat(framework, spec)
    assert app.model.capabilities == {"tools": False, "context_window": 1000}
    with pytest.raises(BedrockError, match="tool"):
        await app.ask("Multiply 6 by 7.", tools=[multiply])
    assert at_home.served == []


async def test_rq_07_options_of_one_call_are_that_calls_alone(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(HERE / "iam.env", monkeypatch)
    app = chat(framework, f"bedrock:{NOVA}")
    await app.ask("Hello?")
    assert signed_by(watched) == ("AKIA...", "us-east-1")
    await app.ask("Hello?", api_key="your-api-key", region="us-west-2")
    assert signed_by(watched) == ("your-api-key", "")
    await app.ask("Hello?", region="us-west-2")
    assert signed_by(watched) == ("AKIA...", "us-west-2")
    await app.ask("Hello?")
    assert signed_by(watched) == ("AKIA...", "us-east-1")
    app.close()


@pytest.mark.parametrize(
    ("example", "signed"),
    [
        ("api_key_option.py", ("your-api-key", "")),
        ("iam_options.py", ("AKIA...", "us-east-1")),
        ("put_key.py", ("AKIA...", "us-east-1")),
    ],
)
def test_rq_12_the_guides_programs_run(
    watched: Server, no_stored_keys: None, monkeypatch: pytest.MonkeyPatch, example: str, signed: Any
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "an-ambient-bearer-key")
    done = runpy.run_path(str(HERE / example))
    assert done["answer"].text == "at nine"
    assert signed_by(watched) == signed
    done["model"].bedrock.close()
    for client in done["model"]._elsewhere.values():
        client.close()


async def test_rq_13_temporary_keys_bring_their_token(watched: Server, framework: Any) -> None:
    configuration = load(HERE / "temporary.yaml", system="req_llm")
    await ask(chat(framework, configuration))
    assert signed_by(watched) == ("ASIA...", "us-east-1")
    assert watched.requests[-1].headers["x-amz-security-token"] == "FwoGZXIv..."
    assert "FwoGZXIv" not in repr(configuration)


def options() -> Configuration:
    return load(HERE / "options.yaml", system="req_llm")


@pytest.mark.parametrize(
    ("name", "signed"),
    [
        ("api_key", ("your-api-key", "")),
        ("region", ("AKIAENVIRONMENT", "us-west-2")),
        ("keys", ("AKIA...", "us-east-1")),
    ],
)
async def test_rq_14_options_say_who_signs_and_where(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, name: str, signed: tuple[str, str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    await ask(chat(framework, options(), name))
    assert signed_by(watched) == signed


@pytest.mark.parametrize("way", ["whole", "awhole"])
@pytest.mark.parametrize(("model", "mark"), [(NEWER, "anthropic_version"), (GPT, "messages")])
async def test_rq_19_a_model_from_a_spec_is_routed_by_its_tools(
    at_home: Account, framework: Any, model: str, mark: str, way: str
) -> None:
    app = chat(framework, f"bedrock:{model}")
    await app.ask("Hello?", way)
    assert at_home.last.operation == "InvokeModel" and mark in at_home.body
    said = await app.ask("Multiply 6 by 7.", way, tools=[multiply])
    assert at_home.last.operation == "Converse"
    assert [(name, given) for _, name, given in said.calls] == [("multiply", {"a": 6, "b": 7})]
    app.close()


@pytest.mark.parametrize("said", [True, False, "auto", None])
async def test_rq_19_use_converse_is_obeyed_where_it_is_said(
    at_home: Account, framework: Any, said: bool | str | None
) -> None:
    spec = {"provider": "bedrock", "id": NEWER, "provider_options": {"use_converse": said}}
    await ask(chat(framework, spec))
    assert at_home.last.operation == ("Converse" if said is True else "InvokeModel")


async def test_rq_19_models_that_are_made_otherwise_go_through_converse(
    at_home: Account, framework: Any
) -> None:
    await ask(framework(model=f"bedrock:{NEWER}"))
    assert at_home.last.operation == "Converse"
    await ask(chat(framework, {"provider": "bedrock", "id": NOVA}))
    assert at_home.last.operation == "Converse", "this family has no body of its own here"


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        (
            "additional_model_request_fields",
            "additionalModelRequestFields",
            {"thinking": {"type": "enabled", "budget_tokens": 4096}},
        ),
        ("use_converse", "messages", None),
    ],
)
async def test_rq_20_fields_of_the_models_own_appear_as_they_are(
    at_home: Account, framework: Any, name: str, member: str, value: Any
) -> None:
    await ask(chat(framework, options(), name, use_converse=True, max_tokens=5000))
    assert at_home.last.operation == "Converse"
    assert at_home.body[member] == value or value is None


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("anthropic_prompt_cache", {"type": "default"}),
        ("anthropic_prompt_cache_ttl", {"type": "default", "ttl": "1h"}),
    ],
)
async def test_rq_21_prompts_are_cached_as_the_spec_says(
    at_home: Account, framework: Any, name: str, point: dict[str, str]
) -> None:
    app = chat(framework, options(), name, use_converse=True)
    await app.ask("The ferry leaves at nine. " * 500)
    assert at_home.body["messages"][-1]["content"][-1] == {"cachePoint": point}
    app.close()


def test_an_embedding_model_is_one_from_its_spec(at_home: Account, framework: Any) -> None:
    spec = {"provider": "amazon_bedrock", "id": "amazon.titan-embed-text-v2:0", "dimensions": 256}
    made = embeddings(framework, spec)
    assert len(made.query("The ferry leaves at nine.")) == 256
    made.close()
