"""Spice.ai's statements about guardrails (SP-24 to SP-27, SP-39), on every way of calling."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.errors import BedrockError, ConfigurationError
from bedrock_unified.local import Guardrail

from .conftest import Account, MakeApp
from .frameworks import WAYS

NOVA = "amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123"
BLOCKED = "Not here."


def _is_guarded_by(account: Account, **config: Any) -> None:
    assert account.body["guardrailConfig"] == config


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("identifier", ["abc123", ARN])
async def test_sp_24_the_identifier_is_an_id_or_an_arn(
    app: MakeApp, account: Account, identifier: str, way: str
) -> None:
    model = app(NOVA, bedrock_guardrail_identifier=identifier, bedrock_guardrail_version="1")
    await model.ask("Hello?", way)
    _is_guarded_by(account, guardrailIdentifier=identifier, guardrailVersion="1", trace="disabled")


@pytest.mark.parametrize(
    "identifier", ["My Guardrail", "arn:aws:bedrock:us-east-1:1:guardrail/abc123", "a" * 2049]
)
def test_sp_24_what_is_neither_is_refused(app: MakeApp, identifier: str) -> None:
    with pytest.raises(ConfigurationError, match="guardrail_identifier") as refused:
        app(NOVA, bedrock_guardrail_identifier=identifier, bedrock_guardrail_version="1")
    assert identifier[:60] in str(refused.value)


@pytest.mark.parametrize(
    ("version", "sent"), [("1", "1"), (1, "1"), ("DRAFT", "DRAFT"), ("99999999", "99999999")]
)
async def test_sp_25_the_version_is_a_number_or_draft(
    app: MakeApp, account: Account, version: Any, sent: str
) -> None:
    account.has(guardrails=[Guardrail("abc123", versions=("1", "DRAFT", "99999999"))])
    for way in WAYS:
        model = app(NOVA, bedrock_guardrail_identifier="abc123", bedrock_guardrail_version=version)
        await model.ask("Hello?", way)
        assert account.body["guardrailConfig"]["guardrailVersion"] == sent
        own = {"guardrail_identifier": "abc123", "guardrail_version": version}
        await app(NOVA).ask("Hello?", way, **own)
        assert account.body["guardrailConfig"]["guardrailVersion"] == sent


@pytest.mark.parametrize("version", ["v1", "0", 0, "draft", "1.0", "100000000", ""])
async def test_sp_25_another_version_is_refused(app: MakeApp, account: Account, version: Any) -> None:
    with pytest.raises(ConfigurationError, match="guardrail_version"):
        app(NOVA, bedrock_guardrail_identifier="abc123", bedrock_guardrail_version=version)
    with pytest.raises(BedrockError, match="guardrail_version"):
        await app(NOVA).ask("?", guardrail_identifier="abc123", guardrail_version=version)
    assert account.served == []


@pytest.mark.parametrize(
    "half", [{"bedrock_guardrail_identifier": "abc123"}, {"bedrock_guardrail_version": "1"}]
)
def test_sp_25_half_a_guardrail_would_guard_nothing_and_is_refused(
    app: MakeApp, half: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="guardrail without") as refused:
        app(NOVA, **half)
    assert "needs both" in str(refused.value.hint)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("trace", [None, "disabled", "enabled", "enabled_full"])
async def test_sp_26_the_trace_is_disabled_unless_it_is_asked_for(
    app: MakeApp, account: Account, trace: str | None, way: str
) -> None:
    asked = {} if trace is None else {"bedrock_trace": trace}
    guardrail = {"bedrock_guardrail_identifier": "abc123", "bedrock_guardrail_version": "1"}
    await app(NOVA, **guardrail, **asked).ask("Hello?", way)
    _is_guarded_by(account, guardrailIdentifier="abc123", guardrailVersion="1", trace=trace or "disabled")


def test_sp_26_another_trace_is_refused(app: MakeApp) -> None:
    guardrail = {"bedrock_guardrail_identifier": "abc123", "bedrock_guardrail_version": "1"}
    with pytest.raises(ConfigurationError, match="'full'") as refused:
        app(NOVA, **guardrail, bedrock_trace="full")
    assert "disabled, enabled, enabled_full" in str(refused.value.hint)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_sp_27_what_the_user_says_is_filtered(
    app: MakeApp, account: Account, way: str, use_converse: bool
) -> None:
    account.has(guardrails=[Guardrail("abc123", words=("trade secret",), blocked_input=BLOCKED)])
    guardrail = {"guardrail_identifier": "abc123", "guardrail_version": "1", "guardrail_trace": "enabled"}
    said = await app(CLAUDE, **guardrail, use_converse=use_converse).ask("Tell me the trade secret.", way)
    assert said.text == BLOCKED
    assert said.finish == "content_filter"
    assert said.told["stopReason"] == "guardrail_intervened"
    told = said.told["trace"]["guardrail"]
    assert told["inputAssessment"]["abc123"]["wordPolicy"]["customWords"][0]["action"] == "BLOCKED"
    if use_converse:
        assert account.body["guardrailConfig"]["guardrailIdentifier"] == "abc123"
    else:
        names = ("guardrailidentifier", "guardrailversion", "trace")
        sent = [account.last.headers[f"x-amzn-bedrock-{name}"] for name in names]
        assert sent == ["abc123", "1", "ENABLED"]


@pytest.mark.parametrize("way", WAYS)
async def test_sp_27_what_the_model_says_is_filtered(app: MakeApp, account: Account, way: str) -> None:
    account.has(guardrails=[Guardrail("abc123", words=("stand-in",), blocked_output=BLOCKED)])
    guardrail = {"guardrail_identifier": "abc123", "guardrail_version": "1", "guardrail_trace": "enabled"}
    said = await app(NOVA, **guardrail).ask("Hello?", way)
    assert (said.text, said.finish) == (BLOCKED, "content_filter")
    assert "outputAssessments" in said.told["trace"]["guardrail"]


@pytest.mark.parametrize("way", WAYS)
async def test_sp_27_an_answer_that_passes_is_an_ordinary_one(
    app: MakeApp, account: Account, way: str
) -> None:
    guardrail = {"guardrail_identifier": "abc123", "guardrail_version": "1"}
    said = await app(NOVA, **guardrail).ask("The ferry leaves at nine. When does the ferry leave?", way)
    assert "nine" in said.text
    assert (said.finish, said.told["stopReason"]) == ("stop", "end_turn")


@pytest.mark.parametrize("way", WAYS)
async def test_sp_39_the_example_with_guardrails(app: MakeApp, account: Account, way: str) -> None:
    model = app(
        "bedrock:amazon.nova-lite-v1:0",
        aws_region="us-east-1",
        bedrock_guardrail_identifier=ARN,
        bedrock_guardrail_version="1",
        bedrock_trace="enabled",
    )
    await model.ask("Hello?", way)
    _is_guarded_by(account, guardrailIdentifier=ARN, guardrailVersion="1", trace="enabled")
