"""Sampling parameters reach their family, or the caller hears why not."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.converse.checks import check_converse
from bedrock_unified.converse.reasoning import with_reasoning
from bedrock_unified.converse.sampling import with_sampling
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.models.profile import Profile

from ...traffic.conftest import recorded_or_skipped
from .policies import MODEL, Untouched, checked, request

CLAUDE = Profile(vendor="anthropic", top_k="top_k")
NEWEST = Profile(
    vendor="anthropic", top_k="top_k", sampling_refused=frozenset({"temperature", "top_p", "top_k"})
)
EXCLUSIVE = Profile(vendor="anthropic", sampling_exclusive=True)


def sampled(given: Any, top_k: int | None, profile: Profile, *implied: str) -> dict[str, Any]:
    """The request with its sampling, checked by botocore; the given one is as it was."""
    with Untouched(given):
        made = with_sampling(given, top_k, profile, implied=frozenset(implied))
    return checked(made)


def refused(given: Any, top_k: Any, profile: Profile) -> InvalidRequestError:
    """The error; it names the model and has a way out."""
    with pytest.raises(InvalidRequestError) as error:
        with_sampling(given, top_k, profile)
    assert error.value.hint and error.value.model_id == MODEL
    return error.value


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("top_k", {"top_k": 20}),
        ("k", {"k": 20}),
        ("inferenceConfig.topK", {"inferenceConfig": {"topK": 20}}),
        (None, {"top_k": 20}),
    ],
)
def test_sp_31_top_k_goes_into_each_familys_own_field(place: str | None, expected: Any) -> None:
    made = sampled(request(), 20, Profile(top_k=place))
    assert made == request(additionalModelRequestFields=expected)


def test_sp_31_other_fields_of_the_caller_stay() -> None:
    own = {"inferenceConfig": {"other": 1}, "beta": ["x"]}
    made = sampled(request(additionalModelRequestFields=own), 20, Profile(top_k="inferenceConfig.topK"))
    assert made["additionalModelRequestFields"] == {
        "inferenceConfig": {"other": 1, "topK": 20},
        "beta": ["x"],
    }


@pytest.mark.parametrize("place", ["top_k", "inferenceConfig.topK"])
def test_sp_31_the_same_top_k_twice_is_fine_and_another_is_an_error(place: str) -> None:
    outer, _, inner = place.partition(".")
    plain = request(additionalModelRequestFields={outer: {inner: 20} if inner else 20})
    profile = Profile(top_k=place)
    assert with_sampling(plain, 20, profile) is plain
    assert place in str(refused(plain, 30, profile))
    assert with_sampling(plain, 30, profile, implied=frozenset({"top_k"})) is plain


def test_sp_31_a_place_that_is_taken_by_something_else_is_an_error() -> None:
    plain = request(additionalModelRequestFields={"inferenceConfig": "odd"})
    refused(plain, 20, Profile(top_k="inferenceConfig.topK"))
    refused({**request(), "additionalModelRequestFields": ["odd"]}, 20, CLAUDE)


def test_sp_31_a_family_without_top_k_says_so() -> None:
    assert "no top_k" in str(refused(request(), 20, NEWEST))
    assert "capabilities" in str(refused(request(), 20, NEWEST).hint)
    plain = request()
    assert with_sampling(plain, 20, NEWEST, implied=frozenset({"top_k"})) is plain


@pytest.mark.parametrize("wrong", [-1, 1.5, "20", True])
def test_sp_31_top_k_is_a_whole_number(wrong: Any) -> None:
    assert "whole number" in str(refused(request(), wrong, CLAUDE).hint)


def test_sp_31_reasoning_takes_no_top_k() -> None:
    thinking = dict(with_reasoning(request(), "low", Profile(reasoning="budget")))
    assert "reasons" in str(refused(thinking, 20, CLAUDE))
    assert with_sampling(thinking, 20, CLAUDE, implied=frozenset({"top_k"})) is thinking
    silent = dict(with_reasoning(request(), "none", Profile(reasoning="budget")))
    assert sampled(silent, 20, CLAUDE)["additionalModelRequestFields"]["top_k"] == 20
    nova = Profile(reasoning="nova", top_k="inferenceConfig.topK")
    assert "Nova" in str(refused(dict(with_reasoning(request(), "high", nova)), 20, nova))
    sampled(dict(with_reasoning(request(), "low", nova)), 20, nova)


@pytest.mark.parametrize(
    ("member", "value", "check"),
    [
        ("maxTokens", 7, "SP-28"),
        ("temperature", 0.0, "SP-29"),
        ("topP", 1.0, "SP-30"),
        ("stopSequences", ["x"], "SP-32"),
    ],
)
def test_sp_28_to_sp_32_what_the_model_takes_stays(member: str, value: Any, check: str) -> None:
    plain = request(inferenceConfig={member: value})
    assert with_sampling(plain, None, CLAUDE) is plain, check
    assert sampled(plain, 20, CLAUDE)["inferenceConfig"] == {member: value}, check


def test_sp_33_all_five_appear_in_one_request() -> None:
    config = {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]}
    made = sampled(request(inferenceConfig=config), 20, CLAUDE)
    assert made == request(inferenceConfig=config, additionalModelRequestFields={"top_k": 20})


@pytest.mark.parametrize(
    "config", [{"temperature": 1.5}, {"temperature": -0.1}, {"topP": 1.01}, {"maxTokens": 0}]
)
def test_sp_29_and_sp_30_ranges_are_checked_before_sending(config: Any) -> None:
    with pytest.raises(InvalidRequestError, match=next(iter(config))):
        check_converse(request(inferenceConfig=config), operation="Converse")


@pytest.mark.parametrize(("member", "name"), [("temperature", "temperature"), ("topP", "top_p")])
def test_what_the_model_refuses_is_an_error_if_asked_for_and_dropped_if_not(member: str, name: str) -> None:
    plain = request(inferenceConfig={member: 0.5, "maxTokens": 9})
    error = refused(plain, None, NEWEST)
    assert name in str(error) and "capabilities" in str(error.hint)
    assert sampled(plain, None, NEWEST, name)["inferenceConfig"] == {"maxTokens": 9}


def test_the_one_temperature_of_the_newest_claude_is_not_worth_an_error() -> None:
    assert sampled(request(inferenceConfig={"temperature": 1.0}), None, NEWEST)["inferenceConfig"] == {}


def test_stop_sequences_that_are_refused() -> None:
    profile = Profile(sampling_refused=frozenset({"stop_sequences"}))
    assert "stop_sequences" in str(refused(request(inferenceConfig={"stopSequences": ["x"]}), None, profile))
    empty = request(inferenceConfig={"stopSequences": []})
    assert with_sampling(empty, None, profile) is empty


def test_temperature_and_top_p_together() -> None:
    both = request(inferenceConfig={"temperature": 0.5, "topP": 0.9, "maxTokens": 9})
    assert "leave one" in str(refused(both, None, EXCLUSIVE).hint)
    kept = {
        ("temperature",): {"topP": 0.9, "maxTokens": 9},
        ("top_p",): {"temperature": 0.5, "maxTokens": 9},
        ("temperature", "top_p"): {"temperature": 0.5, "maxTokens": 9},
    }
    for implied, left in kept.items():
        assert sampled(both, None, EXCLUSIVE, *implied)["inferenceConfig"] == left
    one = request(inferenceConfig={"temperature": 0.5})
    assert with_sampling(one, None, EXCLUSIVE) is one


def test_recorded_top_k_comes_out_as_aws_took_it() -> None:
    """Claude's in Converse's additional fields."""
    compared = 0
    for exchange in recorded_or_skipped():
        own = (
            (exchange.request or {}).get("additionalModelRequestFields")
            if isinstance(exchange.request, dict)
            else None
        )
        if own and "top_k" in own and exchange.status == 200:
            plain = {**exchange.request, "additionalModelRequestFields": None}
            assert with_sampling(plain, own["top_k"], CLAUDE)["additionalModelRequestFields"] == own
            compared += 1
    assert compared
