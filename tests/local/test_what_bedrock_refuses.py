"""Requests that the service model or Bedrock's documented constraints do not allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_unified.local import Guardrail, LocalBedrock

from .refusals import ALLOWED, REFUSED, USER, talk
from .sending import post


@pytest.mark.parametrize("operation", ["converse", "converse-stream"])
@pytest.mark.parametrize(("model", "request_", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_in_awss_words(
    shared_endpoint: LocalBedrock, operation: str, model: str, request_: dict[str, Any], words: str
) -> None:
    path = f"/model/{model.replace(':', '%3A').replace(chr(10), '%0A')}/{operation}"
    status, headers, body = post(shared_endpoint, path, request_)
    if status == 200:  # Nova refuses an image in the stream
        assert operation == "converse-stream" and b":exception-type" in body and words.encode() in body
        return
    assert status == 400, body
    assert words in json.loads(body)["message"]
    assert (
        headers["x-amzn-errortype"]
        == "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"
    )
    assert headers["content-type"] == "application/json"
    assert len(headers["x-amzn-requestid"]) == 36


@pytest.mark.parametrize(("model", "request_"), ALLOWED.values(), ids=ALLOWED)
def test_it_is_allowed(shared_endpoint: LocalBedrock, model: str, request_: dict[str, Any]) -> None:
    path = f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/converse"
    status, _, body = post(shared_endpoint, path, request_)
    assert status == 200, body
    assert shared_endpoint.requests[-1].model_id == model


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"messages": "x"}', b"\xff\xfe"])
def test_a_body_that_is_no_request_is_a_400(shared_endpoint: LocalBedrock, body: bytes) -> None:
    assert post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", body)[0] == 400


def test_more_than_20_megabytes_are_refused(shared_endpoint: LocalBedrock) -> None:
    status, _, body = post(
        shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", bytes(20 * 1024 * 1024 + 1)
    )
    assert status == 413 and "20971520" in json.loads(body)["message"]


def test_an_unknown_path_is_no_operation(shared_endpoint: LocalBedrock) -> None:
    status, headers, _ = post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/talk", talk(USER))
    assert status == 404 and headers["x-amzn-errortype"].startswith("UnknownOperationException:")


def test_several_violations_are_told_at_once(shared_endpoint: LocalBedrock) -> None:
    request = talk(USER, inferenceConfig={"temperature": 2, "topP": 2})
    _, _, body = post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", request)
    message = json.loads(body)["message"]
    assert message.startswith("2 validation errors detected: Value '2' at 'inferenceConfig.temperature'")
    assert "; Value '2' at 'inferenceConfig.topP'" in message


def test_profile_only_models_are_refused_on_demand_where_it_is_asked_for() -> None:
    with LocalBedrock(require_inference_profiles=True) as endpoint:
        path = "/model/{}anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
        status, _, body = post(endpoint, path.format(""), talk(USER))
        assert status == 400 and "on-demand throughput isn’t supported" in json.loads(body)["message"]
        assert post(endpoint, path.format("eu."), talk(USER))[0] == 200


def test_models_and_guardrails_of_the_account_are_those_given() -> None:
    with LocalBedrock(
        models=["acme.talker-v1:0"], guardrails=[Guardrail("mine", words=("cabbage",))]
    ) as endpoint:
        path = "/model/acme.talker-v1%3A0/converse"
        assert post(endpoint, path, talk(USER))[0] == 200
        guarded = {"guardrailIdentifier": "mine", "guardrailVersion": "1"}
        said = talk({"role": "user", "content": [{"text": "buy cabbage"}]}, guardrailConfig=guarded)
        assert json.loads(post(endpoint, path, said)[2])["stopReason"] == "guardrail_intervened"
        for other in ({**guarded, "guardrailVersion": "7"}, {**guarded, "guardrailIdentifier": "yours"}):
            status, _, body = post(endpoint, path, talk(USER, guardrailConfig=other))
            assert status == 400
            assert (
                json.loads(body)["message"]
                == "The guardrail identifier or version provided in the request does not exist."
            )
