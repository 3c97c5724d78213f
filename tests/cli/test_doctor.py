"""``bedrock-unified doctor``: every broken set-up gives a readable report, soon, with its fix."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.cli.doctor import who
from bedrock_unified.local import Fault, LocalBedrock
from bedrock_unified.local.guardrails import Guardrail

from ..core.server import Server, reply
from .running import Command
from .running import account as account
from .running import command as command
from .running import home as home
from .running import signed_in as signed_in

CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-lite-v1:0"
NO_ACCESS = "You don't have access to the model with the specified model ID."


def findings(done: Any) -> dict[str, dict[str, Any]]:
    """The last finding of each check; every failure has its fix."""
    for each in done.json()["checks"]:
        assert each["result"] != "fail" or each["fix"], each
    return {each["check"]: each for each in done.json()["checks"]}


def failures(done: Any) -> list[str]:
    """The checks that failed."""
    return [each["check"] for each in done.json()["checks"] if each["result"] == "fail"]


def test_a_working_setup_has_nothing_to_mend(command: Command, signed_in: LocalBedrock) -> None:
    done = command("doctor", "--json", "--probe", "--model", NOVA)
    assert (done.code, done.json()["ok"]) == (0, True)
    found = findings(done)
    assert found["region"]["found"] == "us-east-1, from AWS_REGION"
    assert found["credentials"]["found"].endswith("id …MPLE, from the environment (AWS_ACCESS_KEY_ID)")
    assert found["caller identity"]["found"] == "arn:aws:iam::123456789012:user/local"
    assert found["clock"]["result"] == found["endpoint"]["result"] == found["listing"]["result"] == "ok"
    assert "on demand" in found[f"model {NOVA}"]["found"]
    assert "1 out" in found[f"call {NOVA}"]["found"]
    operations = [request.operation for request in signed_in.requests]
    assert operations.count("Converse") == 1
    assert signed_in.requests[-1].body["inferenceConfig"] == {"maxTokens": 1}


def test_without_probe_no_model_is_called(command: Command, signed_in: LocalBedrock) -> None:
    done = command("doctor", "--json", "--model", NOVA)
    assert done.code == 0
    assert "--probe" in findings(done)["access"]["found"]
    assert "Converse" not in {request.operation for request in signed_in.requests}


def test_with_nothing_configured_it_says_how_to_begin(command: Command, account: LocalBedrock) -> None:
    done = command("doctor", "--json", "--endpoint-url", account.url)
    assert done.code == 3
    found = findings(done)
    assert failures(done) == ["credentials"]
    for way in (
        "aws configure",
        "aws configure sso",
        "AWS_BEARER_TOKEN_BEDROCK",
        "aws sts get-caller-identity",
    ):
        assert way in found["credentials"]["fix"]
    assert "the default" in found["region"]["found"]
    assert found["configuration"]["result"] == "note" and found["models"]["result"] == "skipped"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_half_a_key_pair_in_the_environment_names_the_other_half(
    command: Command, account: LocalBedrock, monkeypatch: pytest.MonkeyPatch, given: str, missing: str
) -> None:
    monkeypatch.setenv(given, LocalBedrock.SECRET_ACCESS_KEY)
    done = command("doctor", "--json", "--endpoint-url", account.url)
    assert done.code == 3
    told = [each for each in done.json()["checks"] if each["check"] == "credentials"]
    assert f"{given} is set in the environment and {missing} is not" in told[0]["found"]
    assert told[0]["fix"] == "set both, or neither"
    assert findings(done)["endpoint"]["result"] == "ok", "the rest is looked at all the same"


def test_half_a_key_pair_in_a_file_is_explained(command: Command, account: LocalBedrock, home: Path) -> None:
    (home / "credentials").write_text("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n")
    done = command("doctor", "--json", "--endpoint-url", account.url)
    assert done.code == 3
    assert "aws_secret_access_key" in findings(done)["credentials"]["fix"]


def test_an_ended_sso_session_is_told_with_the_login_of_its_profile(
    command: Command, account: LocalBedrock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").write_text(
        "[profile sso-profile]\nsso_start_url = https://nobody.awsapps.com/start\nsso_region = us-west-2\n"
        "sso_account_id = 123456789012\nsso_role_name = MyRole\nregion = us-west-2\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "sso-profile")
    done = command("doctor", "--json", "--endpoint-url", account.url)
    assert done.code == 3
    assert "aws sso login --profile sso-profile" in findings(done)["credentials"]["fix"]
    assert "us-west-2, from the AWS profile 'sso-profile'" in findings(done)["region"]["found"]


def test_a_profile_that_there_is_not_is_told(command: Command, account: LocalBedrock) -> None:
    done = command("doctor", "--json", "--profile", "nobody", "--endpoint-url", account.url)
    assert done.code == 3
    assert any("'nobody'" in (findings(done)[check]["fix"] or "") for check in failures(done))


@pytest.mark.parametrize(
    ("region", "near"), [("us-esat-1", "us-east-1"), ("eu-west-9", "eu-west-1"), ("eu-isoe-west-1", "none")]
)
def test_a_region_without_bedrock_is_told_with_those_that_are_near(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch, region: str, near: str
) -> None:
    monkeypatch.setattr("bedrock_unified.cli.doctor.where.endpoint", lambda place, found: False)
    done = command("doctor", "--json", "--region", region)
    assert done.code == 3
    assert findings(done)["region"]["result"] == "fail"
    assert near in findings(done)["region"]["fix"]


@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("AWS_ENDPOINT_URL", "not a url", "endpoint"),
        ("AWS_ENDPOINT_URL", "https://ann:let-me-through@bedrock.example.test", "endpoint"),
        ("AWS_CA_BUNDLE", "/nowhere.pem", "endpoint"),
        ("HTTPS_PROXY", "ftp://proxy.example.test", "endpoint"),
        ("AWS_CONFIG_FILE", "garbage", "settings"),
        ("AWS_REGION", "two words", "settings"),
    ],
)
def test_a_setting_that_cannot_be_is_told_once_with_its_fix(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, check: str
) -> None:
    (home / "garbage").write_text("[[[\n=x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", LocalBedrock.ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", LocalBedrock.SECRET_ACCESS_KEY)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://bedrock.example.test")
    monkeypatch.setenv(variable, value)
    done = command("doctor", "--json")
    assert done.code == 3 and "let-me-through" not in done.out
    assert findings(done)[check]["result"] != "ok"
    assert len(failures(done)) == 1


def test_a_bearer_key_is_not_sent_in_clear_text(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.cli.doctor.where.endpoint", lambda place, found: True)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", LocalBedrock.API_KEY)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://bedrock.example.test")
    done = command("doctor", "--json")
    assert failures(done) == ["listing"] and "https --endpoint-url" in findings(done)["listing"]["fix"]


def test_what_is_no_region_at_all_is_a_finding_and_as_an_option_wrong_use(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("doctor", "--region", "US East!").code == 2
    monkeypatch.setenv("AWS_REGION", "US East!")
    done = command("doctor", "--json")
    assert done.code == 3
    assert "a region looks like us-east-1" in findings(done)["settings"]["fix"]


def test_no_access_to_a_model_names_the_console(command: Command, signed_in: LocalBedrock) -> None:
    signed_in.inject(Fault.error("AccessDeniedException", NO_ACCESS, operation="Converse"))
    done = command("doctor", "--json", "--probe", "--model", NOVA)
    assert done.code == 3
    assert failures(done) == [f"call {NOVA}"]
    fix = findings(done)[f"call {NOVA}"]["fix"]
    assert "https://console.aws.amazon.com/bedrock/home?region=us-east-1#/modelaccess" in fix
    assert "bedrock:InvokeModel" in fix
    assert findings(done)[f"model {NOVA}"]["result"] == "ok", "listed it is"


def test_a_denied_listing_is_a_warning_and_models_are_still_called(
    command: Command, signed_in: LocalBedrock
) -> None:
    denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: {}"
    for operation in ("ListFoundationModels", "ListInferenceProfiles"):
        message = denied.format(f"bedrock:{operation}")
        signed_in.inject(Fault.error("AccessDeniedException", message, times=None, operation=operation))
    done = command("doctor", "--json", "--probe", "--model", NOVA)
    assert done.code == 0
    found = findings(done)
    assert found["listing"]["result"] == "warning"
    assert "bedrock:ListFoundationModels" in found["listing"]["fix"]
    assert "bedrock-unified iam-policy --list-models" in found["listing"]["fix"]
    assert found[f"model {NOVA}"]["result"] == "skipped"
    assert found[f"call {NOVA}"]["result"] == "ok"


def test_an_endpoint_that_nobody_serves_is_told_soon(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("", "_BEDROCK", "_BEDROCK_RUNTIME", "_STS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL{service}", "http://127.0.0.1:9")
    began = time.monotonic()
    done = command("doctor", "--json", "--probe", "--model", NOVA)
    assert time.monotonic() - began < 8
    assert done.code == 3
    found = findings(done)
    assert {"endpoint", "listing"} <= set(failures(done))
    assert "http://127.0.0.1:9 cannot be reached" in found["endpoint"]["found"]
    assert found["caller identity"]["result"] == "warning"
    assert found["access"]["result"] == "skipped"


def test_a_broken_tls_handshake_names_the_ca_bundle(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = signed_in.url.rpartition(":")[2]
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"https://127.0.0.1:{port}")
    done = command("doctor", "--json")
    assert "AWS_CA_BUNDLE" in findings(done)["endpoint"]["fix"]


def test_a_proxy_is_named_without_its_password(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(lambda request: reply({"message": "who are you?"}, 403)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ann:let-me-through@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://bedrock.example.test")
        done = command("doctor", "--json")
        found = findings(done)["endpoint"]
        assert f"through the proxy 127.0.0.1:{proxy.port}" in found["found"] and found["result"] == "ok"
        assert "let-me-through" not in done.out + done.err
        assert proxy.requests[0].target.startswith("http://bedrock.example.test/")
        assert "authorization" not in proxy.requests[0].headers, "reaching needs no signature"


@pytest.mark.parametrize(
    ("seconds", "result", "code"), [(3600, "fail", 3), (-120, "warning", 0), (2, "ok", 0)]
)
def test_a_wrong_clock_is_told(
    command: Command, signed_in: LocalBedrock, seconds: int, result: str, code: int
) -> None:
    signed_in.inject(Fault.clock_skew(seconds, operation="Unknown"))
    done = command("doctor", "--json")
    assert (findings(done)["clock"]["result"], done.code) == (result, code)


@pytest.mark.parametrize(
    ("variable", "value", "code", "hint"),
    [
        ("AWS_SECRET_ACCESS_KEY", "x" * 40, "SignatureDoesNotMatch", "secret key belongs"),
        ("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE0000", "InvalidClientTokenId", "aws sts get-caller-identity"),
    ],
)
def test_keys_that_are_not_accepted_are_told_by_sts(
    command: Command,
    signed_in: LocalBedrock,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    code: str,
    hint: str,
) -> None:
    monkeypatch.setenv(variable, value)
    done = command("doctor", "--json")
    assert done.code == 3
    told = findings(done)["caller identity"]
    assert told["found"].startswith(code) and hint in told["fix"]
    assert value not in done.out


def test_expired_keys_are_told(command: Command, signed_in: LocalBedrock) -> None:
    signed_in.inject(Fault.expired_token(times=None))
    done = command("doctor", "--json")
    assert done.code == 3
    assert "expired" in findings(done)["caller identity"]["fix"]


def test_a_bearer_key_has_no_identity_and_works(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", LocalBedrock.API_KEY)
    done = command("doctor", "--json", "--probe", "--model", NOVA)
    assert done.code == 0
    told = [each for each in done.json()["checks"] if each["check"] == "credentials"]
    assert "AWS_BEARER_TOKEN_BEDROCK comes before it" in told[0]["found"], "the keys are set, too"
    assert told[1]["found"] == "a Bedrock API key (bearer), from the environment (AWS_BEARER_TOKEN_BEDROCK)"
    assert findings(done)["caller identity"]["result"] == "skipped"


@pytest.mark.parametrize(
    ("model", "result", "told"),
    [
        (CLAUDE, "fail", f"use the inference profile us.{CLAUDE} in its place"),
        (f"us.{CLAUDE}", "ok", f"us.{CLAUDE} is listed"),
        (f"eu.{CLAUDE}", "fail", f"use us.{CLAUDE} in its place"),
        ("claude-3-5-sonnet", "ok", "and sent as us.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("amazon.nova-lite-v1:1", "fail", "did you mean amazon.nova-lite-v1:0?"),
        ("jp.amazon.nova-lite-v1:0", "fail", "use us.amazon.nova-lite-v1:0 in its place"),
        ("no model", "fail", "blank"),
        (f"arn:aws:bedrock:eu-west-1::foundation-model/{NOVA}", "fail", "calls go to us-east-1"),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}", "ok", "on demand"),
        ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123", "skipped", "in no listing"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/appone",
            "ok",
            "for amazon.nova-lite-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/other",
            "fail",
            "check the ARN",
        ),
    ],
)
def test_each_model_is_told_with_the_id_to_use_here(
    command: Command, signed_in: LocalBedrock, model: str, result: str, told: str
) -> None:
    done = command("doctor", "--json", "--model", model)
    finding = findings(done)[f"model {model}"]
    assert finding["result"] == result
    assert told in f"{finding['found']} {finding['fix']}"
    assert done.code == (3 if result == "fail" else 0)


@pytest.mark.parametrize(
    ("model", "operation"),
    [
        ("amazon.titan-embed-text-v2:0", "InvokeModel"),
        ("cohere.rerank-v3-5:0", "InvokeModel"),
        ("claude-3-5-sonnet", "Converse"),
    ],
)
def test_the_probe_is_a_call_that_fits_the_model(
    command: Command, signed_in: LocalBedrock, model: str, operation: str
) -> None:
    done = command("doctor", "--json", "--probe", "--model", model)
    assert findings(done)[f"call {model}"]["result"] == "ok"
    assert signed_in.requests[-1].operation == operation


def spicepod(home: Path, *models: str) -> str:
    """A spicepod with these models; gives its name."""
    (home / "spicepod.yaml").write_text("models:\n" + "\n".join(models))
    return "spicepod.yaml"


GUARDED = """- from: bedrock:amazon.nova-lite-v1:0
  name: guarded
  params:
    aws_region: us-east-1
    bedrock_guardrail_identifier: {}
    bedrock_guardrail_version: '1'
"""


@pytest.mark.parametrize(
    ("guardrail", "result", "told"),
    [
        ("inaccount", "ok", "version 1 judges"),
        ("elsewhere", "fail", "identifier and version"),
        ("arn:aws:bedrock:eu-west-1:123456789012:guardrail/inaccount", "fail", "calls go to us-east-1"),
    ],
)
def test_a_configured_guardrail_is_looked_for(
    command: Command, home: Path, monkeypatch: pytest.MonkeyPatch, guardrail: str, result: str, told: str
) -> None:
    file = spicepod(home, GUARDED.format(guardrail))
    with LocalBedrock(guardrails=[Guardrail("inaccount")]) as account:
        for name, value in account.environment().items():
            monkeypatch.setenv(name, value)
        done = command("doctor", "--json", "--config", file)
    finding = findings(done)[f"guardrail {guardrail}"]
    assert finding["result"] == result
    assert told in f"{finding['found']} {finding['fix']}"


def test_models_of_several_regions_are_looked_at_in_each(
    command: Command, signed_in: LocalBedrock, home: Path
) -> None:
    model = "- from: bedrock:{0}.amazon.nova-lite-v1:0\n  name: {0}\n  params:\n    aws_region: {1}\n"
    file = spicepod(home, model.format("us", "us-west-2"), model.format("eu", "eu-west-1"))
    done = command("doctor", "--json", "--config", file)
    assert done.code == 0
    regions = [(each["setup"], each["found"]) for each in done.json()["checks"] if each["check"] == "region"]
    assert regions == [
        ("us", "us-west-2, as given"),
        ("eu", "eu-west-1, as given"),
    ]
    one = command("doctor", "--json", "--config", file, "--model", "eu")
    assert "model us" not in findings(one)


def test_a_configuration_that_cannot_be_read_is_a_finding(command: Command, home: Path) -> None:
    (home / "spicepod.yaml").write_text("models:\n- from: bedrock:amazon.nova-lite-v1:0\n  nmae: nova\n")
    done = command("doctor", "--json", "--config", "spicepod.yaml")
    assert done.code == 3
    assert [each["check"] for each in done.json()["checks"]] == ["configuration"]
    assert "line 3" in done.json()["checks"][0]["found"]


def test_a_backend_whose_key_is_missing_does_not_hide_the_others(
    command: Command, signed_in: LocalBedrock
) -> None:
    assert command("backend", "add", "good", "--url", "us-east-1").code == 0
    assert command("backend", "add", "bad", "--url", "us-east-1", "--api-key-env", "NOT_SET").code == 0
    assert command("config", "set", "default-model", NOVA).code == 0
    done = command("doctor", "--json")
    assert done.code == 3
    assert failures(done) == ["model bad"]
    assert "NOT_SET" in findings(done)["model bad"]["found"]
    assert findings(done)["model good"]["result"] == "ok"


def test_a_configuration_of_another_system_that_is_here_is_pointed_out(
    command: Command, signed_in: LocalBedrock, home: Path
) -> None:
    (home / "bedrock.json").write_text(json.dumps({"region": "us-east-1"}))
    done = command("doctor", "--json")
    assert "bedrock-unified doctor --config bedrock.json" in done.out


def test_credentials_that_never_come_do_not_hold_it_up(
    command: Command, account: LocalBedrock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").write_text("[default]\ncredential_process = sleep 2\n")
    monkeypatch.setattr(who, "_LOOK_SECONDS", 0.3)
    done = command("doctor", "--json", "--endpoint-url", account.url)
    assert "no answer within 0.3 s" in findings(done)["credentials"]["found"]
    assert done.code == 3


def test_a_look_that_fails_itself_is_a_finding_and_the_others_go_on(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError(LocalBedrock.SECRET_ACCESS_KEY)

    monkeypatch.setattr("bedrock_unified.cli.doctor.where.region", broken)
    done = command("doctor", "--json")
    assert "ZeroDivisionError" in findings(done)["region"]["found"]
    assert findings(done)["listing"]["result"] == "ok" and done.code == 3


def test_into_a_pipe_go_lines_of_fields(command: Command, signed_in: LocalBedrock) -> None:
    rows = command("doctor", "--model", CLAUDE).rows()
    assert ["ok", "region", "us-east-1, from AWS_REGION"] in rows
    (failed,) = [row for row in rows if row[0] == "fail"]
    assert failed[1] == f"model {CLAUDE}" and failed[3].startswith("use the inference profile")


def test_on_a_terminal_fixes_stand_under_what_was_found(
    command: Command, signed_in: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.cli.doctor.report.on_terminal", lambda: True)
    shown = command("doctor", "--model", CLAUDE).out
    assert "✓  region" in shown and "✗  model" in shown
    assert "fix: use the inference profile" in shown
    assert "1 thing to mend." in shown
    assert "Nothing to mend." in command("doctor").out


def test_one_backend_alone_is_looked_at_with_the_default_model(
    command: Command, account: LocalBedrock
) -> None:
    for name, region in (("eu", "eu-west-1"), ("us", "us-west-2")):
        command("backend", "add", name, "--url", account.url, "--region", region)
    command("config", "set", "default-model", NOVA)
    done = command("doctor", "--json", "--backend", "us")
    assert "us-west-2" in findings(done)["region"]["found"]
    assert "eu" not in {check.rpartition(" ")[2] for check in findings(done)}
    done = command("doctor", "--json", "--backend", "uss")
    assert done.code == 3 and findings(done)["configuration"]["fix"] == "there are: eu, us"


def test_a_default_backend_that_has_gone_is_to_mend(command: Command, home: Path) -> None:
    (home / "state").mkdir()
    told = {"bedrock-unified": 1, "settings": {"default-backend": "gone"}}
    (home / "state" / "bedrock-unified.json").write_text(json.dumps(told))
    done = command("doctor", "--json")
    assert done.code == 3 and "config unset default-backend" in findings(done)["configuration"]["fix"]
