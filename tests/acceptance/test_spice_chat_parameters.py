"""Spice.ai's statements about parameters (SP-28 to SP-34): each is sent, and a call's own value wins."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.errors import BedrockError, ConfigurationError

from .conftest import Account, MakeApp
from .frameworks import WAYS, Turn

NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
#: The seed's spelling and ours.
SPELLINGS: dict[str, tuple[str, str]] = {
    "maxTokens": ("maxTokens", "max_tokens"),
    "temperature": ("temperature", "temperature"),
    "topP": ("topP", "top_p"),
    "stopSequences": ("stopSequences", "stop_sequences"),
}
#: Members of native bodies that are no parameters.
_CONVERSATION = {"messages", "message", "anthropic_version", "model", "stream", "stream_options"}
NATIVE_BODIES: dict[str, dict[str, Any]] = {
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0": {
        "max_tokens": 20,
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 40,
        "stop_sequences": ["END"],
    },
    "openai.gpt-oss-20b-1:0": {
        "max_tokens": 20,
        "temperature": 0.2,
        "top_p": 0.9,
        "stop": ["END"],
    },
    "cohere.command-r-v1:0": {
        "max_tokens": 20,
        "temperature": 0.2,
        "p": 0.9,
        "k": 40,
        "stop_sequences": ["END"],
    },
}


async def _is_sent(app: MakeApp, account: Account, member: str, value: Any, sent: Any) -> None:
    """In each spelling and on each way, as a model's parameter and as a call's own."""
    for spelling in dict.fromkeys(SPELLINGS[member]):
        for way in WAYS:
            await app(NOVA, **{spelling: value}).ask("Hello?", way)
            assert account.body["inferenceConfig"] == {member: sent}
            await app(NOVA).ask("Hello?", way, **{spelling: value})
            assert account.body["inferenceConfig"] == {member: sent}


async def test_sp_28_max_tokens(app: MakeApp, account: Account) -> None:
    await _is_sent(app, account, "maxTokens", 20, 20)


async def test_sp_29_temperature(app: MakeApp, account: Account) -> None:
    await _is_sent(app, account, "temperature", 0.0, 0.0)
    await _is_sent(app, account, "temperature", 1.0, 1.0)


@pytest.mark.parametrize("value", [1.5, -0.1])
async def test_sp_29_a_temperature_out_of_range_is_refused_here(
    app: MakeApp, account: Account, value: float
) -> None:
    with pytest.raises(ConfigurationError, match=f"temperature.*{value}"):
        app(NOVA, temperature=value)
    for way in WAYS:
        with pytest.raises(BedrockError, match=f"temperature.*{value}"):
            await app(NOVA).ask("Hello?", way, temperature=value)
    assert account.served == []


async def test_sp_30_top_p(app: MakeApp, account: Account) -> None:
    await _is_sent(app, account, "topP", 0.9, 0.9)


@pytest.mark.parametrize("spelling", ["topK", "top_k"])
@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (CLAUDE, {"top_k": 40}),
        (NOVA, {"inferenceConfig": {"topK": 40}}),
        ("mistral.mistral-large-2402-v1:0", {"top_k": 40}),
        ("cohere.command-r-v1:0", {"k": 40}),
        ("vendor.new-model-v9:0", {"top_k": 40}),
    ],
)
async def test_sp_31_top_k_goes_into_the_familys_own_field(
    app: MakeApp, account: Account, model: str, fields: dict[str, Any], spelling: str
) -> None:
    account.has(models=["vendor.new-model-v9:0"])
    wish: dict[str, Any] = {spelling: 40}
    for way in WAYS:
        await app(model, **wish).ask("Hello?", way)
        assert account.body["additionalModelRequestFields"] == fields
        assert "inferenceConfig" not in account.body
        await app(model).ask("Hello?", way, **wish)
        assert account.body["additionalModelRequestFields"] == fields


async def test_sp_31_top_k_is_an_error_where_the_family_has_none(app: MakeApp, account: Account) -> None:
    for way in WAYS:
        with pytest.raises(BedrockError, match="top_k, which is 40") as refused:
            await app("us.meta.llama3-1-70b-instruct-v1:0", topK=40).ask("Hello?", way)
        assert "capabilities=" in str(refused.value.hint)
    assert account.served == []


async def test_sp_32_stop_sequences(app: MakeApp, account: Account) -> None:
    await _is_sent(app, account, "stopSequences", ["\n\nHuman", "END"], ["\n\nHuman", "END"])
    await _is_sent(app, account, "stopSequences", "END", ["END"])


@pytest.mark.parametrize("way", WAYS)
async def test_sp_33_all_parameters_are_in_the_payload(app: MakeApp, account: Account, way: str) -> None:
    model = app(
        CLAUDE, maxTokens=20, temperature=0.2, topP=0.9, topK=40, stopSequences=["END"], region="us-west-2"
    )
    await model.ask([Turn("system", "Be brief."), Turn("user", "Hello?")], way)
    assert account.body == {
        "modelId": CLAUDE,
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "Hello?"}]}],
        "inferenceConfig": {"maxTokens": 20, "temperature": 0.2, "topP": 0.9, "stopSequences": ["END"]},
        "additionalModelRequestFields": {"top_k": 40},
    }


@pytest.mark.parametrize("way", WAYS)
async def test_sp_34_defaults_are_used_and_a_calls_own_value_wins(
    app: MakeApp, account: Account, way: str
) -> None:
    model = app(NOVA, maxTokens=20, temperature=0.2, topP=0.9, topK=40, stopSequences=["END"])
    own: dict[str, Any] = {
        "max_tokens": 30,
        "temperature": 0.0,
        "topP": 0.5,
        "top_k": 7,
        "stop_sequences": ["STOP"],
    }
    await model.ask("Hello?", way, **own)
    assert account.body["inferenceConfig"] == {
        "maxTokens": 30,
        "temperature": 0.0,
        "topP": 0.5,
        "stopSequences": ["STOP"],
    }
    assert account.body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 7}}
    await model.ask("Hello?", way)
    assert account.body["inferenceConfig"] == {
        "maxTokens": 20,
        "temperature": 0.2,
        "topP": 0.9,
        "stopSequences": ["END"],
    }
    assert account.body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 40}}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", NATIVE_BODIES)
async def test_sp_33_all_parameters_are_in_the_payload_of_invoke_model(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    parameters: dict[str, Any] = {"maxTokens": 20, "temperature": 0.2, "topP": 0.9, "stopSequences": ["END"]}
    if not model.startswith("openai."):  # chat completions have no top_k
        parameters["topK"] = 40
    await app(model, use_converse=False, **parameters).ask("Hello?", way)
    sent = {name: value for name, value in account.body.items() if name not in _CONVERSATION}
    assert sent == NATIVE_BODIES[model]
