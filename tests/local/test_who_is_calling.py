"""Signatures and keys are really checked, and refused in AWS's words."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bedrock_unified.local import Fault, LocalBedrock

from .sending import post, send, signed_headers

PATH = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
REQUEST = {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}


def refused(answer: tuple[int, dict[str, str], bytes], code: str, message: str) -> None:
    status, headers, body = answer
    assert status == 403
    assert headers["x-amzn-errortype"].startswith(f"{code}:http://internal.amazon.com/coral/")
    assert message in json.loads(body)["message"]


def test_a_right_signature_passes(endpoint: LocalBedrock) -> None:
    assert post(endpoint, PATH, REQUEST)[0] == 200
    assert endpoint.requests[-1].auth == "sigv4"


def test_any_region_may_be_signed_for(endpoint: LocalBedrock) -> None:
    assert post(endpoint, PATH, REQUEST, region="ap-southeast-2")[0] == 200


def test_a_wrong_secret_is_refused(endpoint: LocalBedrock) -> None:
    answer = post(endpoint, PATH, REQUEST, secret="wrong")
    refused(answer, "InvalidSignatureException", "The request signature we calculated does not match")


def test_an_unknown_key_is_refused(endpoint: LocalBedrock) -> None:
    answer = post(endpoint, PATH, REQUEST, key="AKIAIOSFODNN7UNKNOWN")
    refused(answer, "UnrecognizedClientException", "The security token included in the request is invalid.")


def test_no_signature_is_refused(endpoint: LocalBedrock) -> None:
    answer = send(endpoint, PATH, json.dumps(REQUEST).encode(), {"Content-Type": "application/json"})
    refused(answer, "MissingAuthenticationTokenException", "Missing Authentication Token")


@pytest.mark.parametrize("change", [lambda b: b.replace(b"hello", b"hallo"), lambda b: b + b" "])
def test_a_body_changed_after_signing_is_refused(endpoint: LocalBedrock, change: Any) -> None:
    body = json.dumps(REQUEST).encode()
    headers = signed_headers(endpoint.url + PATH, body)
    refused(send(endpoint, PATH, change(body), headers), "InvalidSignatureException", "does not match")


def test_a_path_changed_after_signing_is_refused(endpoint: LocalBedrock) -> None:
    body = json.dumps(REQUEST).encode()
    headers = signed_headers(endpoint.url + PATH, body)
    refused(
        send(endpoint, PATH.replace("%3A", ":"), body, headers), "InvalidSignatureException", "does not match"
    )


def test_a_signed_header_changed_after_signing_is_refused(endpoint: LocalBedrock) -> None:
    body = json.dumps(REQUEST).encode()
    headers = {**signed_headers(endpoint.url + PATH, body), "Content-Type": "text/plain"}
    refused(send(endpoint, PATH, body, headers), "InvalidSignatureException", "does not match")


def test_a_declared_body_hash_must_be_the_bodys(endpoint: LocalBedrock) -> None:
    body = json.dumps(REQUEST).encode()
    headers = {**signed_headers(endpoint.url + PATH, body), "X-Amz-Content-SHA256": "0" * 64}
    refused(send(endpoint, PATH, body, headers), "InvalidSignatureException", "x-amz-content-sha256")


def test_an_old_signature_is_refused_in_awss_words(endpoint: LocalBedrock) -> None:
    answer = post(endpoint, PATH, REQUEST, age=timedelta(minutes=6))
    refused(answer, "InvalidSignatureException", "Signature expired: ")
    message = json.loads(answer[2])["message"]
    assert " is now earlier than " in message and message.endswith("Z - 5 min.)")
    assert post(endpoint, PATH, REQUEST, age=timedelta(minutes=4))[0] == 200


def test_a_signature_from_the_future_is_refused(endpoint: LocalBedrock) -> None:
    answer = post(endpoint, PATH, REQUEST, age=timedelta(minutes=-6))
    refused(answer, "InvalidSignatureException", "Signature not yet current: ")


def test_another_services_signature_is_refused(endpoint: LocalBedrock) -> None:
    answer = post(endpoint, PATH, REQUEST, service="bedrock-runtime")
    refused(answer, "InvalidSignatureException", "Credential should be scoped to correct service: 'bedrock'")


@pytest.mark.parametrize("missing", ["Signature", "SignedHeaders", "Credential"])
def test_half_an_authorization_is_refused(endpoint: LocalBedrock, missing: str) -> None:
    body = json.dumps(REQUEST).encode()
    headers = signed_headers(endpoint.url + PATH, body)
    headers["Authorization"] = headers["Authorization"].replace(f"{missing}=", "Nothing=")
    refused(send(endpoint, PATH, body, headers), "IncompleteSignatureException", f"'{missing}'")


def test_temporary_credentials_need_their_session_token(endpoint: LocalBedrock) -> None:
    key = endpoint.TEMPORARY_ACCESS_KEY_ID
    assert post(endpoint, PATH, REQUEST, key=key, token=endpoint.SESSION_TOKEN)[0] == 200
    for token in (None, "another"):
        answer = post(endpoint, PATH, REQUEST, key=key, token=token)
        refused(answer, "UnrecognizedClientException", "security token")
    answer = post(endpoint, PATH, REQUEST, token=endpoint.SESSION_TOKEN)
    refused(answer, "UnrecognizedClientException", "security token")


def test_the_bearer_key_passes_and_no_other(endpoint: LocalBedrock) -> None:
    body = json.dumps(REQUEST).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {endpoint.API_KEY}"}
    assert send(endpoint, PATH, body, headers)[0] == 200
    assert endpoint.requests[-1].auth == "bearer"
    headers["Authorization"] += "x"
    refused(
        send(endpoint, PATH, body, headers), "AccessDeniedException", "Please make sure your API Key is valid"
    )


def test_sts_wants_its_own_signature_and_answers_in_its_own_words(
    endpoint: LocalBedrock, connect: Any
) -> None:
    with pytest.raises(ClientError) as error:
        connect(endpoint, "sts", aws_secret_access_key="wrong").get_caller_identity()
    assert error.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    with pytest.raises(ClientError) as error:
        connect(endpoint, "sts", aws_access_key_id="AKIAIOSFODNN7UNKNOWN").get_caller_identity()
    assert error.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_an_expired_token_can_be_had(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.expired_token())
    answer = post(endpoint, PATH, REQUEST)
    refused(answer, "ExpiredTokenException", "The security token included in the request is expired")
    assert post(endpoint, PATH, REQUEST)[0] == 200


def test_no_secret_is_remembered(endpoint: LocalBedrock) -> None:
    post(endpoint, PATH, REQUEST, key=endpoint.TEMPORARY_ACCESS_KEY_ID, token=endpoint.SESSION_TOKEN)
    body = json.dumps(REQUEST).encode()
    send(endpoint, PATH, body, {"Authorization": f"Bearer {endpoint.API_KEY}"})
    for served in endpoint.requests:
        shown = repr(served)
        assert endpoint.SESSION_TOKEN not in shown and endpoint.API_KEY not in shown
        assert "Signature=" not in shown and "authorization" not in served.headers
