"""ReqLLM's statements about models (RQ-01, 05, 06, 24, 25, 29 to 31): which ids work, and what for."""

from __future__ import annotations

import pytest

from bedrock_unified.errors import BedrockError, InvalidRequestError
from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.models.profile import profile_of

from .conftest import Account, MakeApp
from .frameworks import WAYS

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
SMALL_LLAMA = "us.meta.llama3-2-3b-instruct-v1:0"
ASKED = "The ferry leaves at nine. When does the ferry leave?"
EXAMPLES = {
    "anthropic": "anthropic.claude-3-sonnet-20240229-v1:0",
    "cohere": "cohere.command-r-plus-v1:0",
    "openai": "openai.gpt-oss-120b-1:0",
    "meta": SMALL_LLAMA,
}


def multiply(a: int, b: int) -> int:
    """Multiply two whole numbers."""
    return a * b


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", EXAMPLES)
async def test_rq_01_each_family_works(app: MakeApp, account: Account, family: str, way: str) -> None:
    said = await app(f"bedrock:{EXAMPLES[family]}").ask(ASKED, way)
    assert "nine" in said.text and said.finish == "stop"
    assert account.last.model_id == EXAMPLES[family]
    assert parse_model_id(EXAMPLES[family]).family == family


@pytest.mark.parametrize(
    "spec",
    [
        f"bedrock:{SONNET}",
        f"amazon_bedrock:{SONNET}",
        f"bedrock/{SONNET}",
        f"{SONNET}@amazon_bedrock",
        SONNET,
    ],
)
async def test_rq_05_a_spec_is_its_exact_id(app: MakeApp, account: Account, spec: str) -> None:
    await app(spec).ask("Hello?")
    await app("amazon.nova-lite-v1:0").ask("Hello?", model=spec)
    assert [one.model_id for one in account.served] == [SONNET, SONNET]


@pytest.mark.parametrize(
    "model",
    [
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
        "vendor.new-model-v9:0",
    ],
)
async def test_rq_06_arns_and_ids_that_no_registry_has(app: MakeApp, account: Account, model: str) -> None:
    account.has(models=["vendor.new-model-v9:0"])
    for way in WAYS:
        await app(model).ask("Hello?", way)
        assert account.last.model_id == model
        assert account.last.path.startswith(
            f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/converse"
        )


async def test_rq_06_what_is_known_of_a_model_can_be_said(app: MakeApp, account: Account) -> None:
    deployment = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
    account.has(application_profiles={"abcdefghijkl": "amazon.nova-pro-v1:0"})
    await app(deployment, model_family="amazon.nova-pro-v1:0", top_k=7).ask("Hello?")
    assert account.body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 7}}
    with pytest.raises(BedrockError, match="tool"):
        await app(deployment, capabilities={"tools": False}).ask("Multiply 6 by 7.", tools=[multiply])


@pytest.mark.parametrize("geo", ["global", "us", "eu"])
async def test_rq_24_claudes_profiles_are_sent_unchanged(app: MakeApp, account: Account, geo: str) -> None:
    for way in WAYS:
        await app(f"bedrock:{geo}.{SONNET}").ask("Hello?", way)
        assert account.last.model_id == f"{geo}.{SONNET}"
    assert profile_of(f"{geo}.{SONNET}") == profile_of(SONNET)


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "us.anthropic.claude-sonnet-4-20250514-v1:0",
        "us.anthropic.claude-opus-4-1-20250805-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        f"global.{SONNET}",
    ],
)
async def test_rq_25_claude_3_and_4(app: MakeApp, account: Account, model: str) -> None:
    said = await app(f"bedrock:{model}").ask(ASKED)
    assert "nine" in said.text
    assert account.last.model_id == model
    parsed = parse_model_id(f"bedrock:{model}")
    assert (parsed.wire_id, parsed.family) == (model, "anthropic")


@pytest.mark.parametrize("model", ["openai.gpt-oss-20b-1:0", "openai.gpt-oss-120b-1:0"])
async def test_rq_29_both_sizes_of_gpt_oss(app: MakeApp, account: Account, model: str) -> None:
    for way in WAYS:
        said = await app(f"bedrock:{model}").ask(ASKED, way)
        assert "nine" in said.text
        assert account.last.model_id == model


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [True, False])
@pytest.mark.parametrize(
    ("region", "profile"),
    [("us-east-1", SMALL_LLAMA), ("eu-west-1", SMALL_LLAMA.replace("us.", "eu."))],
)
async def test_rq_30_a_bare_llama_is_told_its_profile(
    app: MakeApp, account: Account, way: str, use_converse: bool, region: str, profile: str
) -> None:
    account.has(require_inference_profiles=True)
    bare = SMALL_LLAMA.removeprefix("us.")
    with pytest.raises(InvalidRequestError, match="on-demand throughput") as refused:
        await app(bare, use_converse=use_converse, region=region).ask("Hello?", way)
    assert f"'{profile}'" in str(refused.value.hint)
    assert account.last.model_id == bare, "an id that was given in full is never rewritten"
    said = await app(profile, use_converse=use_converse, region=region).ask(ASKED, way)
    assert "nine" in said.text


@pytest.mark.parametrize("way", WAYS)
async def test_rq_31_tools_of_a_model_that_has_none_are_refused_here(
    app: MakeApp, account: Account, way: str
) -> None:
    with pytest.raises(BedrockError, match="tool") as refused:
        await app(SMALL_LLAMA).ask("Multiply 6 by 7.", way, tools=[multiply])
    assert "capabilities=" in str(refused.value.hint)
    assert account.served == []
    overridden = app(SMALL_LLAMA, capabilities={"tools": True, "streaming_tools": True})
    with pytest.raises(BedrockError, match=r"doesn.t support tool use"):  # the local endpoint's own opinion
        await overridden.ask("Multiply 6 by 7.", way, tools=[multiply])
    assert account.body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "multiply"


@pytest.mark.parametrize("way", WAYS)
async def test_rq_31_a_llama_that_has_tools_calls_them(app: MakeApp, account: Account, way: str) -> None:
    said = await app("us.meta.llama3-3-70b-instruct-v1:0").ask("Multiply 6 by 7.", way, tools=[multiply])
    assert [(name, given) for _, name, given in said.calls] == [("multiply", {"a": 6, "b": 7})]
    assert account.last.operation == "Converse", "it has no tools in streams, so it is asked for the whole"
