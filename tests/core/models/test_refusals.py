"""Bedrock's refusals are told apart, and taken from a profile."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.models.learned import Learned
from bedrock_unified.models.profile import UNKNOWN, Profile, profile_of
from bedrock_unified.models.refusals import Refusal, override, refusal_of, refusal_rules, without

from ...traffic.conftest import recorded_or_skipped

RULES = refusal_rules()
NAMES = [rule.refusal.denies for rule in RULES]

#: Words of the recorded refusals that deny a capability, and which.
RECORDED = {
    "This model doesn't support tool use.": "tools",
    "on-demand throughput isn’t supported": "on_demand",
    "doesn't support the s3Uri field": "s3_media",
    "doesn't support counting tokens": "count_tokens",
}


def test_every_recorded_error_is_recognised_if_it_denies_a_capability_and_only_then() -> None:
    told: dict[str, str | None] = {}
    for exchange in recorded_or_skipped():
        if exchange.status >= 400:
            message = json.loads(exchange.body)["message"]
            refusal = refusal_of(message)
            told[message] = refusal and refusal.capability
    assert len(told) > 30
    for message, capability in told.items():
        expected = next(
            (name for words, name in RECORDED.items() if words in message.replace("isn't", "isn’t")), None
        )
        assert capability == expected, message
    assert set(told.values()) == {None, *RECORDED.values()}


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_refusal_is_recognised_by_its_text(rule) -> None:
    assert refusal_of(rule.example) == rule.refusal


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_it_is_recognised_whatever_stands_around_it(rule) -> None:
    wrapped = f"An error occurred (ValidationException): {rule.example.upper()} (see the docs)"
    assert refusal_of(wrapped) == rule.refusal
    assert refusal_of(rule.example.replace("'", "’")) == rule.refusal


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Too many requests, please wait before trying again.",
        "Input is too long for requested model.",
        "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to it.",
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        "`temperature` may only be set to 1 when thinking is enabled.",
        "Thinking may not be enabled when tool_choice forces tool use.",
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
        "1 validation error detected: Value '3' at 'inferenceConfig.temperature' failed",
        "The model returned the following errors: Could not process image",
    ],
)
def test_what_is_wrong_with_one_request_denies_no_capability(message: str) -> None:
    assert refusal_of(message) is None


CLAUDES_WORDS = {
    "output_config.format: Extra inputs are not permitted": "structured_output",
    "tools.0.custom.strict: Extra inputs are not permitted": "structured_output",
    "tools.12.custom.strict: Extra inputs are not permitted": "structured_output",
    "thinking: Extra inputs are not permitted": "reasoning",
    "reasoning_effort: Extra inputs are not permitted": "reasoning",
    "output_config: Extra inputs are not permitted": "reasoning",
    "output_config.effort: Extra inputs are not permitted": "reasoning",
    "guardrails: Extra inputs are not permitted": None,
    "context_management: Extra inputs are not permitted": None,
    "messages.1.content.0.thinking.cache_control: Extra inputs are not permitted": None,
    "messages.0.id: Extra inputs are not permitted": None,
}


@pytest.mark.parametrize(("words", "capability"), CLAUDES_WORDS.items())
def test_what_claude_calls_extra_is_told_apart(words: str, capability: str | None) -> None:
    refusal = refusal_of(f"The model returned the following errors: {words}")
    assert (refusal and refusal.capability) == capability


def test_what_says_a_refusal_from_the_start_is_a_value_of_capabilities() -> None:
    for rule in RULES:
        profile = without(Profile(parallel_off=True), rule.refusal)
        said = ast.literal_eval(override(profile, rule.refusal))
        told = profile_of("vendor.unheard-of-v1:0", overrides=said)
        name = rule.refusal.capability
        assert getattr(told, name) == getattr(profile, name)


def test_what_one_request_lacked_is_not_remembered() -> None:
    learned = Learned()
    model = "vendor.unheard-of-v1:0"
    passing = refusal_of("The minimum for a cache point is not reached")
    assert passing is not None and not passing.lasting
    learned.add(model, passing)
    assert learned.profile(model, None, None) == profile_of(model)
    lasting = refusal_of("You invoked an unsupported model or your request did not allow prompt caching.")
    assert lasting is not None and lasting.lasting
    learned.add(model, lasting)
    assert learned.profile(model, None, None).cache_places == frozenset()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_what_was_refused_can_be_taken_from_any_profile(rule) -> None:
    able = Profile(parallel_off=True)
    changed = without(able, rule.refusal)
    assert changed != able
    differing = [name for name in Profile._fields if getattr(changed, name) != getattr(able, name)]
    assert differing == [rule.refusal.capability]
    assert without(changed, rule.refusal) is changed


def test_sets_lose_what_was_refused_and_keep_the_rest() -> None:
    any_choice = refusal_of("This model doesn't support the toolConfig.toolChoice.any field.")
    assert any_choice is not None
    assert without(UNKNOWN, any_choice).tool_choices == {"auto", "tool"}
    among_tools = refusal_of(
        "Malformed input request: #/toolConfig/tools/93: extraneous key [cachePoint] is not permitted"
    )
    assert among_tools is not None
    assert without(profile_of("anthropic.claude-sonnet-4-6"), among_tools).cache_places == {
        "system",
        "messages",
    }


def test_refused_sampling_parameters_add_up() -> None:
    profile = UNKNOWN
    for message in (
        "`temperature` is deprecated for this model.",
        "This model doesn't support the topP field.",
    ):
        refusal = refusal_of(message)
        assert refusal is not None
        profile = without(profile, refusal)
    assert profile.sampling_refused == {"temperature", "top_p"}


def test_gm_cache_points_of_too_few_tokens_are_told_as_such() -> None:
    """GoModel's rule: a ValidationException that mentions cache and point, minimum or token."""
    for message in (
        "cachePoint must be preceded by at least 1024 tokens",
        "The minimum for a cache point is not reached",
        "Cache checkpoint rejected: not enough tokens",
    ):
        refusal = refusal_of(message)
        assert refusal is not None and refusal.capability == "cache_places"


def test_a_refusal_is_a_value() -> None:
    refusal = Refusal("tools", False, "tools")
    assert refusal == Refusal("tools", False, "tools") and {refusal: 1}[refusal] == 1
    assert all(isinstance(hash(rule.refusal), int) for rule in RULES)
    with pytest.raises(FrozenInstanceError):
        refusal.value = True  # type: ignore[misc]


@given(st.text(max_size=200))
def test_no_text_is_too_odd(message: str) -> None:
    assert refusal_of(message) is None or isinstance(refusal_of(message), Refusal)


@pytest.mark.parametrize("piece", ["cache point ", "minimum ", "#/toolConfig", "doesn't support the a.", "`"])
def test_a_long_message_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    refusal_of(piece * 100_000)
    assert time.perf_counter() - began < 0.5


def test_importing_refusals_reads_no_data() -> None:
    code = "import sys, bedrock_unified.models.refusals; assert 'tomllib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
