"""From errors to classes and hints: every rule, every code and status, every recorded error."""

import gzip
import json
import os
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from bedrock_unified import errors as e
from bedrock_unified.hints import (
    canonical_code,
    explain,
    explain_missing_credentials,
    modelled_status,
    tables,
)

WIRE = Path(os.environ.get("BEDROCK_TRAFFIC") or Path(__file__).parents[3] / "shared" / "wire")
MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ON_DEMAND = f"Invocation of model ID {MODEL} with on-demand throughput isn’t supported. Retry your request"
BADLY_FILLED = re.compile(r"[{}]|None| ,|,\.|\.\.(?!\.)|  ")  # gaps and seams of a template


def explained(
    code: str,
    message: str = "",
    *,
    status: int | None = None,
    operation: str | None = "Converse",
    model_id: str | None = MODEL,
    region: str | None = "us-east-1",
    **more: Any,
) -> tuple[type[e.BedrockError], str]:
    kind, hint = explain(
        code, message, status=status, operation=operation, model_id=model_id, region=region, **more
    )
    return kind, hint or ""


def _examples() -> Iterator[tuple[str, str, type[e.BedrockError], str]]:
    text = Path(__file__).with_name("error_examples.toml").read_text(encoding="utf-8")
    for row in tomllib.loads(text)["examples"]:
        yield row["code"], row["message"], getattr(e, row["error"]), row["hint"].format(model=MODEL)


EXAMPLES = list(_examples())


@pytest.mark.parametrize(("code", "message", "kind", "part"), EXAMPLES)
def test_each_rule_gives_its_class_and_hint(code: str, message: str, kind: type[e.BedrockError], part: str):
    found, hint = explained(code, message, profile_name="work")
    assert found is kind
    assert part in hint
    assert bool(part) == bool(hint)
    assert not re.search(BADLY_FILLED, hint)


def test_no_rule_is_without_an_example_or_out_of_reach():
    rules = tables().rules
    reached = {
        next(rule for rule in rules if canonical_code(code) in rule.codes and rule.fits(message))
        for code, message, _, _ in EXAMPLES
    }
    assert [rule for rule in rules if rule not in reached] == []


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-iso-east-1", "nowhere", None])
@pytest.mark.parametrize(
    "model_id", [MODEL, f"us.{MODEL}", "my-model", "not an id", "arn:aws:bedrock:x", None]
)
def test_hints_read_well_whatever_is_known_of_the_call(region: str | None, model_id: str | None):
    for operation in ("ConverseStream", "ListFoundationModels", "ApplyGuardrail", "GetCallerIdentity", None):
        for code, message, _, _ in EXAMPLES:
            _, hint = explained(
                code, message, model_id=model_id, region=region, operation=operation, uses_guardrail=True
            )
            assert not re.search(BADLY_FILLED, hint)


# --- codes and statuses


@pytest.mark.parametrize(
    ("code", "canonical"),
    [
        ("ThrottlingException", "ThrottlingException"),
        ("throttlingException", "ThrottlingException"),
        ("ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/", "ValidationException"),
        ("com.amazon.bedrock#ValidationException", "ValidationException"),
        ("", ""),
    ],
)
def test_codes_are_read_in_every_spelling(code: str, canonical: str):
    assert canonical_code(code) == canonical


@pytest.mark.parametrize(
    "code",
    [
        "validationException",
        "throttlingException",
        "modelStreamErrorException",
        "internalServerException",
        "serviceUnavailableException",
        "modelTimeoutException",
    ],
)
def test_codes_of_a_stream_mean_what_they_mean_outside(code: str):
    assert explained(code, "x") == explained(canonical_code(code), "x")
    assert explained(code)[0] is not e.BedrockError


def test_statuses_are_the_service_models():
    model = botocore.session.Session().get_service_model("bedrock-runtime")
    shapes = [model.shape_for(name) for name in model.shape_names]
    modelled = {
        shape.name: shape.metadata["error"]["httpStatusCode"]
        for shape in shapes
        if shape.metadata.get("exception")
    }
    assert len(modelled) > 10
    assert tables().modelled_status == modelled
    for name, status in modelled.items():
        assert modelled_status(name) == modelled_status(name[0].lower() + name[1:]) == status


def test_an_exception_that_is_not_modelled_is_the_services_fault():
    assert modelled_status("someLaterException") == modelled_status("") == 500


def test_every_modelled_exception_has_a_class_of_its_own_meaning():
    expected = {
        "AccessDeniedException": e.PermissionDeniedError,
        "ConflictException": e.InvalidRequestError,
        "InternalServerException": e.ServiceUnavailableError,
        "ModelErrorException": e.ModelFailureError,
        "ModelNotReadyException": e.ModelNotReadyError,
        "ModelStreamErrorException": e.ModelFailureError,
        "ModelTimeoutException": e.RequestTimeoutError,
        "ResourceNotFoundException": e.NotFoundError,
        "ServiceQuotaExceededException": e.QuotaExceededError,
        "ServiceUnavailableException": e.ServiceUnavailableError,
        "ThrottlingException": e.ThrottlingError,
        "ValidationException": e.InvalidRequestError,
    }
    assert {code: explained(code, "x")[0] for code in tables().modelled_status} == expected


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, e.InvalidRequestError),
        (401, e.AuthenticationError),
        (403, e.PermissionDeniedError),
        (404, e.NotFoundError),
        (408, e.RequestTimeoutError),
        (409, e.InvalidRequestError),
        (413, e.InvalidRequestError),
        (424, e.ModelFailureError),
        (429, e.ThrottlingError),
        (500, e.ServiceUnavailableError),
        (502, e.ServiceUnavailableError),
        (503, e.ServiceUnavailableError),
        (504, e.RequestTimeoutError),
        (599, e.ServiceUnavailableError),
        (200, e.BedrockError),
        (None, e.BedrockError),
    ],
)
@pytest.mark.parametrize("code", ["", "SomeLaterException", "418"])
def test_an_unknown_code_goes_by_its_status(code: str, status: int | None, kind: type[e.BedrockError]):
    assert explained(code, "something", status=status)[0] is kind


def test_a_status_in_place_of_the_code_still_reads_the_message():
    assert explained("400", ON_DEMAND, status=400)[1] == explained("ValidationException", ON_DEMAND)[1]


# --- recorded errors


@pytest.fixture(scope="module")
def recorded_errors() -> list[dict[str, Any]]:
    if not (WIRE / "oracle.jsonl.gz").exists():
        pytest.skip(f"no recorded traffic in {WIRE}")
    calls: dict[str, dict[str, Any]] = {}
    for name in ("exchanges", "oracle"):
        with gzip.open(WIRE / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                calls.setdefault(row["id"], {}).update(
                    {key: row[key] for key in ("status", "operation", "model_id", "error") if key in row}
                )
    return [call for call in calls.values() if call.get("error")]


def test_every_recorded_error_has_its_class(recorded_errors: list[dict[str, Any]]):
    assert len(recorded_errors) > 90
    allowed = {
        "400": (e.InvalidRequestError,),
        "ValidationException": (e.InvalidRequestError,),
        "AccessDeniedException": (e.PermissionDeniedError,),
        "ExpiredTokenException": (e.AuthenticationError,),
        "InvalidSignatureException": (e.AuthenticationError,),
        "UnrecognizedClientException": (e.AuthenticationError,),
        "ResourceNotFoundException": (e.NotFoundError,),
        "ServiceUnavailableException": (e.ServiceUnavailableError,),
    }
    for call in recorded_errors:
        error = call["error"]
        status = modelled_status(error["code"]) if error.get("in_stream") else call["status"]
        kind, hint = explained(
            error["code"],
            error["message"],
            status=status,
            operation=call["operation"],
            model_id=call["model_id"],
        )
        code = error["code"] if error["code"].isdigit() else canonical_code(error["code"])
        assert issubclass(kind, allowed[code]), error
        assert hint, error


def test_every_recorded_on_demand_error_names_the_profile(recorded_errors: list[dict[str, Any]]):
    seen = 0
    for call in recorded_errors:
        message = call["error"]["message"]
        if "on-demand" not in message:
            continue
        seen += 1
        for region, geography in (("us-west-2", "us"), ("eu-west-3", "eu"), ("ap-southeast-1", "apac")):
            _, hint = explained("ValidationException", message, model_id=call["model_id"], region=region)
            assert f"'{geography}.{call['model_id']}'" in hint
            assert explained("ValidationException", message, model_id=None, region=region)[1] == hint
    assert seen > 50


def test_recorded_overflows_are_overflows(recorded_errors: list[dict[str, Any]]):
    overflows = {
        call["error"]["message"]
        for call in recorded_errors
        if explained(call["error"]["code"], call["error"]["message"], status=400)[0] is e.ContextOverflowError
    }
    assert overflows == {
        "Input is too long for requested model.",
        "too many total text bytes: 10000002 > 9000000",
    }


@pytest.mark.parametrize("message", ["temperature " * 100_000, "model ID " * 100_000, "a" * 1_000_000])
def test_a_message_of_any_length_is_explained_at_once(message: str) -> None:
    began = time.perf_counter()
    call: Any = {"status": 400, "operation": "Converse", "model_id": None, "region": "us-east-1"}
    explain("ValidationException", message, **call)
    explain_missing_credentials(message)
    assert time.perf_counter() - began < 0.5
