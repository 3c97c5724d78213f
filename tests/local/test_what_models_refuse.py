"""What a model lacks, by its profile, is refused in Bedrock's words; ``refusal_of`` understands each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_unified.errors import ConfigurationError
from bedrock_unified.local import LocalBedrock
from bedrock_unified.local.catalogue import Catalogue
from bedrock_unified.local.operations.capability_rules import check_capabilities
from bedrock_unified.local.problems import Problem
from bedrock_unified.models.profile import UNKNOWN, profile_of
from bedrock_unified.models.refusals import refusal_of, without

from .model_refusals import ALLOWED, GPT_OSS, GROK, POINT, REFUSED
from .refusals import CLAUDE, LLAMA, NOVA, TOOLS, USER, talk
from .sending import post


@pytest.mark.parametrize(
    ("model", "request_", "words", "capability"), [row for row in REFUSED.values() if row[0] != GROK],
    ids=[name for name, row in REFUSED.items() if row[0] != GROK],
)  # fmt: skip
def test_it_is_refused_in_bedrocks_words(
    shared_endpoint: LocalBedrock, model: str, request_: dict[str, Any], words: str, capability: str | None
) -> None:
    status, headers, body = post(shared_endpoint, f"/model/{model.replace(':', '%3A')}/converse", request_)
    message = json.loads(body)["message"]
    assert words in message
    refused_caching = "did not allow prompt caching" in message
    assert status == (403 if refused_caching else 400)
    kind = headers["x-amzn-errortype"].partition(":")[0]
    assert kind == ("AccessDeniedException" if refused_caching else "ValidationException")
    _is_understood(message, capability, model)


@pytest.mark.parametrize(
    "name", ["cache points among Nova's tools", "reasoning", "a top_k that it never knew"]
)
def test_a_malformed_input_is_told_inside_of_a_stream(shared_endpoint: LocalBedrock, name: str) -> None:
    """As Nova's one recorded error in a stream: status 200, and an exception in place of the first event."""
    model, request, words, _ = REFUSED[name]
    status, _, body = post(shared_endpoint, f"/model/{model.replace(':', '%3A')}/converse-stream", request)
    assert status == 200
    assert body.count(b":exception-type") == 1 and b"validationException" in body
    assert words.encode() in body and b"messageStart" not in body


LACKING: dict[str, dict[str, Any]] = {
    "acme.talker-v1:0": {"streaming": False},
    "acme.reader-v1:0": {},
    "us.amazon.nova-pro-v1:0": {"tools": False},
    "acme.profiled-v1:0": {"on_demand": False},
    "anthropic.claude-3-haiku-20240307-v1:0": {"cache_places": ["system"]},
}


def test_a_model_of_the_account_lacks_what_is_said_of_it() -> None:
    with LocalBedrock(models=LACKING) as endpoint:

        def status(model: str, operation: str, **more: Any) -> int:
            path = f"/model/{model.replace(':', '%3A')}/{operation}"
            return post(endpoint, path, talk(USER, **more))[0]

        assert status("acme.talker-v1:0", "converse") == 200
        assert status("acme.talker-v1:0", "converse-stream") == 400
        assert status("acme.reader-v1:0", "converse-stream") == 200
        assert status("acme.unknown-v1:0", "converse") == 400
        assert status("acme.profiled-v1:0", "converse") == 400
        # An id as it is sent, or without its geography.
        assert status("us.amazon.nova-pro-v1:0", "converse", toolConfig=TOOLS) == 400
        assert status("eu.amazon.nova-pro-v1:0", "converse", toolConfig=TOOLS) == 200
        pointed = [{"text": "x"}, POINT]
        assert status("us.anthropic.claude-3-haiku-20240307-v1:0", "converse", system=pointed) == 200
        assert status("anthropic.claude-3-sonnet-20240229-v1:0", "converse", system=pointed) == 403


def test_an_application_profile_lacks_what_its_model_lacks() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
    with LocalBedrock(application_profiles={"ab12cd34ef56": "us.meta.llama3-2-3b-instruct-v1:0"}) as endpoint:
        path = f"/model/{arn.replace(':', '%3A').replace('/', '%2F')}/converse"
        assert post(endpoint, path, talk(USER))[0] == 200
        assert post(endpoint, path, talk(USER, toolConfig=TOOLS))[0] == 400


@pytest.mark.parametrize(
    "lacking", [{"stream": False}, {"streaming": "no"}, {"media": ["smell"]}, {"top_k": "k"}]
)
def test_a_capability_that_there_is_not_is_named_before_anything_is_served(lacking: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(lacking))):
        LocalBedrock(models={"acme.talker-v1:0": lacking})


@pytest.mark.parametrize(
    ("model", "request_", "words", "capability"),
    [
        (LLAMA, talk(USER, toolConfig=TOOLS), "tool use in streaming mode.", "streaming_tools"),
        (GPT_OSS, talk(USER, toolConfig=TOOLS), "tool use in streaming mode.", "streaming_tools"),
        ("ai21.j2-ultra-v1", talk(USER), "The model is unsupported for streaming.", "streaming"),
        (GROK, *REFUSED["a document"][1:]),
    ],
)
def test_the_rules_know_streams_and_models_that_the_endpoint_does_not_list(
    model: str, request_: dict[str, Any], words: str, capability: str
) -> None:
    with pytest.raises(Problem) as caught:
        check_capabilities(request_, profile_of(model), in_stream=True)
    assert words in caught.value.message
    _is_understood(caught.value.message, capability, model)


def _is_understood(message: str, capability: str | None, model: str) -> None:
    refusal = refusal_of(message)
    assert (refusal and refusal.capability) == capability, message
    # What was refused is no news to the profile; an unknown model's learns it.
    if refusal is not None and capability not in ("prefill", "reasoning", "cache_ttls"):
        assert without(profile_of(model), refusal) == profile_of(model)
        assert without(UNKNOWN, refusal) != UNKNOWN


@pytest.mark.parametrize(("model", "request_"), ALLOWED.values(), ids=ALLOWED)
def test_it_is_answered(shared_endpoint: LocalBedrock, model: str, request_: dict[str, Any]) -> None:
    status, _, body = post(shared_endpoint, f"/model/{model.replace(':', '%3A')}/converse", request_)
    assert status == 200, body


@pytest.mark.parametrize(
    "model",
    [
        CLAUDE,
        "global.anthropic.claude-sonnet-4-20250514-v1:0",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "us.anthropic.claude-3-haiku-20240307-v1:0",
        NOVA,
    ],
)
def test_tokens_are_counted_for_claudes_bare_ids_alone(shared_endpoint: LocalBedrock, model: str) -> None:
    asked = {"input": {"converse": talk(USER)}}
    bare = model.partition(".")[2]
    path = "/model/{}/count-tokens"
    status, _, body = post(shared_endpoint, path.format(model.replace(":", "%3A")), asked)
    message = json.loads(body)["message"]
    assert status == 400 and message == "The provided model doesn't support counting tokens."
    _is_counting = refusal_of(message)
    assert _is_counting is not None and _is_counting.capability == "count_tokens"
    counted = post(shared_endpoint, path.format(bare.replace(":", "%3A")), asked)[0] == 200
    assert counted is profile_of(model).count_tokens


def test_a_model_that_needs_a_profile_is_refused_on_demand_where_it_is_asked_for() -> None:
    with LocalBedrock(require_inference_profiles=True) as endpoint:
        for model in ("meta.llama3-3-70b-instruct-v1:0", "anthropic.claude-opus-4-1-20250805-v1:0"):
            path = f"/model/{{}}{model.replace(':', '%3A')}/converse"
            status, _, body = post(endpoint, path.format(""), talk(USER))
            refusal = refusal_of(json.loads(body)["message"])
            assert status == 400 and refusal is not None and refusal.capability == "on_demand"
            assert not profile_of(model).on_demand
            assert post(endpoint, path.format("us."), talk(USER))[0] == 200


def test_an_opaque_arn_and_an_odd_id_lack_nothing() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
    for model in (arn, "no bedrock id", ""):
        assert Catalogue().profile(model) == UNKNOWN
