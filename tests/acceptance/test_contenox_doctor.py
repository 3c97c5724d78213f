"""Contenox's prerequisites, which ``doctor`` looks at (CX-03, CX-04, CX-05), and its notes (CX-13, CX-24)."""

from __future__ import annotations

import pytest

from bedrock_unified.errors import PermissionDeniedError
from bedrock_unified.local import Fault

from ..cli.running import Command
from ..cli.running import command as command
from ..cli.running import home as home
from .conftest import Account, MakeApp
from .documents import README, help_of
from .frameworks import STREAMED, WAYS

MODEL = "us.amazon.nova-lite-v1:0"
DENIED = "You don't have access to the model with the specified model ID."


@pytest.fixture
def at_home(home: object, account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An empty home folder, and an environment that leads to the account."""
    for name, value in account.endpoint.environment().items():
        monkeypatch.setenv(name, value)
    return account


def told(command: Command, *options: str) -> dict[str, tuple[str, str]]:
    """What doctor found: result, and words with the fix, by check."""
    done = command("doctor", "--json", *options)
    checks = done.json()["checks"]
    assert done.code == (3 if any(each["result"] == "fail" for each in checks) else 0)
    return {each["check"]: (each["result"], f"{each['found']} {each['fix']}") for each in checks}


def test_cx_03_doctor_says_whether_the_region_has_bedrock(command: Command, at_home: Account) -> None:
    assert told(command)["region"] == ("ok", "us-east-1, from AWS_REGION None")


def test_cx_03_a_region_without_bedrock_is_told_with_those_that_have_it(
    command: Command, home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.cli.doctor.where.endpoint", lambda place, found: False)
    result, text = told(command, "--region", "us-esat-1")["region"]
    assert result == "fail" and "us-east-1" in text and "no Bedrock" in text


def test_cx_04_a_listed_model_may_still_be_denied_and_a_probe_tells(
    command: Command, at_home: Account
) -> None:
    listed = told(command, "--model", MODEL)
    assert listed[f"model {MODEL}"][0] == "ok"
    assert "listed before the account may call it; --probe" in listed["access"][1]
    at_home.endpoint.inject(Fault.error("AccessDeniedException", DENIED, operation="Converse"))
    result, text = told(command, "--model", MODEL, "--probe")[f"call {MODEL}"]
    assert result == "fail" and "Bedrock console under Model access" in text


@pytest.mark.parametrize("way", WAYS)
async def test_cx_04_a_call_of_such_a_model_says_where_to_enable_it(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(faults=[Fault.error("AccessDeniedException", DENIED)])
    with pytest.raises(PermissionDeniedError) as refused:
        await app(MODEL).ask("Hello?", way)
    assert "request access to 'us.amazon.nova-lite-v1:0'" in str(refused.value.hint)
    assert "Bedrock console under Model access" in str(refused.value.hint)


def test_cx_05_doctor_says_who_the_caller_is(command: Command, at_home: Account) -> None:
    assert "arn:aws:iam::123456789012:user/local" in told(command)["caller identity"][1]


def test_cx_05_without_credentials_it_names_the_command_that_would(
    command: Command, account: Account, home: object
) -> None:
    result, text = told(command, "--endpoint-url", account.endpoint.url)["credentials"]
    assert result == "fail" and "aws sts get-caller-identity" in text


def test_cx_13_both_permissions_are_written_down(command: Command) -> None:
    for text in (README, help_of(command, "iam-policy")):
        assert "bedrock:InvokeModel" in text and "bedrock:InvokeModelWithResponseStream" in text


@pytest.mark.parametrize("way", WAYS)
async def test_cx_13_a_refusal_names_the_one_that_is_missing(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(faults=[Fault.error("AccessDeniedException", "not authorized to perform this action")])
    with pytest.raises(PermissionDeniedError) as refused:
        await app(MODEL).ask("Hello?", way)
    needed = "bedrock:InvokeModelWithResponseStream" if way in STREAMED else "bedrock:InvokeModel"
    assert f"allow {needed} " in str(refused.value.hint)


def test_cx_24_the_documentation_leads_on(command: Command) -> None:
    assert "[Anthropic's own API](https://docs.anthropic.com/)" in README
    assert "configuration key is under [Settings](#settings)" in README and "## Settings" in README
    assert "`bedrock-unified backend add --help`" in README
    assert "--url" in help_of(command, "backend", "add")
