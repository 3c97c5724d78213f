"""A profile is found by an id's structure, and a user's word stands above it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.models.profile import CAPABILITIES, UNKNOWN, Profile, profile_of

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
OPAQUE = "arn:aws:bedrock:us-east-1:123456789012:{}/ab12cd34ef56"
OPAQUE_KINDS = ("application-inference-profile", "provisioned-model", "imported-model", "prompt")


@pytest.mark.parametrize(
    "spelling",
    [
        f"us.{HAIKU}",
        f"in.{HAIKU}",
        f"us-gov.{HAIKU}",
        f"bedrock:{HAIKU}",
        f"bedrock/global.{HAIKU}",
        f"amazon_bedrock:{HAIKU}",
        f"{HAIKU}@amazon_bedrock",
        f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}",
        f"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.{HAIKU}",
        f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{HAIKU}:200k/ab12cd34ef56",
    ],
)
def test_every_spelling_of_an_id_has_the_same_profile(spelling: str) -> None:
    assert profile_of(spelling) == profile_of(HAIKU)
    assert profile_of(HAIKU).reasoning == "budget"


def test_an_alias_has_the_profile_of_its_model() -> None:
    assert profile_of("claude-2.1") == profile_of("anthropic.claude-v2:1")


def test_sp_11_a_model_that_nobody_has_heard_of_can_do_everything() -> None:
    profile = profile_of("acme.talker-9000-v9:0")
    assert profile == Profile(vendor="acme")
    assert (
        profile.tools and profile.streaming_tools and profile.system and profile.media >= {"image", "audio"}
    )


@pytest.mark.parametrize("kind", OPAQUE_KINDS)
def test_an_id_that_does_not_tell_its_model_has_the_profile_of_an_unknown_one(kind: str) -> None:
    assert profile_of(OPAQUE.format(kind)) is UNKNOWN


@given(st.from_regex(r"[a-z][a-z0-9]{1,12}\.[a-z][a-z0-9.:-]{0,40}", fullmatch=True))
def test_any_id_has_a_profile(model_id: str) -> None:
    assert isinstance(profile_of(model_id), Profile)


def test_what_can_be_no_id_has_none() -> None:
    with pytest.raises(InvalidRequestError, match="blank"):
        profile_of("anthropic.claude 3")


VERSIONS = {
    "anthropic.claude-instant-v1": {"tools": False, "reasoning": "none", "structured_output": "text"},
    "anthropic.claude-3-haiku-20240307-v1:0": {"reasoning": "none", "cache_places": frozenset()},
    "anthropic.claude-3-7-sonnet-20250219-v1:0": {"reasoning": "budget", "prefill": True},
    "anthropic.claude-sonnet-4-20250514-v1:0": {"reasoning": "budget", "sampling_exclusive": False},
    "anthropic.claude-opus-4-1-20250805-v1:0": {"sampling_exclusive": True, "structured_output": "tool"},
    "anthropic.claude-opus-4-5-20251101-v1:0": {"reasoning": "budget", "structured_output": "native"},
    "anthropic.claude-opus-4-6-v1": {
        "reasoning": "adaptive",
        "prefill": False,
        "sampling_refused": frozenset(),
    },
    "anthropic.claude-sonnet-4-6": {"reasoning": "adaptive", "efforts": ("low", "medium", "high", "max")},
    "anthropic.claude-opus-4-7": {"sampling_refused": frozenset({"temperature", "top_p", "top_k"})},
    "anthropic.claude-opus-4-8": {"reasoning": "adaptive", "structured_output": "tool"},
    "anthropic.claude-opus-4-12": {"reasoning": "adaptive", "sampling_exclusive": False},
    "anthropic.claude-opus-5-5": {"reasoning": "adaptive", "structured_output": "tool", "prefill": False},
    "anthropic.claude-opus-5": {"reasoning": "adaptive", "structured_output": "strict"},
    "anthropic.claude-sonnet-5": {"reasoning": "adaptive", "structured_output": "tool"},
    "anthropic.claude-haiku-5": {"reasoning": "adaptive", "structured_output": "strict"},
    "anthropic.claude-fable-5": {"structured_output": "strict"},
    "anthropic.claude-sonnet-12-20300101-v1:0": {"reasoning": "adaptive"},
    "anthropic.claude-fable-5-1": {
        "reasoning": "always",
        "tool_choices": frozenset({"auto"}),
        "structured_output": "tool",
    },
    "anthropic.claude-mythos-preview": {"reasoning": "always"},
    "amazon.nova-micro-v1:0": {"media": frozenset(), "reasoning": "none", "top_k": "inferenceConfig.topK"},
    "amazon.nova-premier-v1:0": {"media": frozenset({"image", "document", "video"}), "on_demand": False},
    "amazon.nova-2-lite-v1:0": {"reasoning": "nova", "cache_places": frozenset({"system", "messages"})},
    "amazon.nova-20-lite-v1:0": {"reasoning": "none"},
    "amazon.titan-text-express-v1": {"tools": False, "system": False},
    "meta.llama2-13b-chat-v1": {"tools": False, "native": "meta"},
    "meta.llama3-70b-instruct-v1:0": {"tools": False},
    "meta.llama3-1-405b-instruct-v1:0": {"tools": True, "streaming_tools": False, "on_demand": False},
    "meta.llama3-2-1b-instruct-v1:0": {"tools": False, "on_demand": True},
    "meta.llama3-2-11b-instruct-v1:0": {"tools": True, "media": frozenset({"image", "document"})},
    "meta.llama4-scout-17b-instruct-v1:0": {"tool_choices": frozenset({"auto"})},
    "mistral.mixtral-8x7b-instruct-v0:1": {"tools": False, "system": False},
    "mistral.mistral-large-2402-v1:0": {"tool_choices": frozenset({"auto", "any"})},
    "mistral.ministral-3-8b-instruct": {"structured_output": "native", "streaming_tools": True},
    "mistral.magistral-small-2509": {"reasoning": "always"},
    "cohere.command-light-text-v14": {"tools": False, "system": False},
    "cohere.command-r-plus-v1:0": {"tools": True, "top_k": "k"},
    "ai21.j2-mid-v1": {"streaming": False},
    "ai21.jamba-1-5-large-v1:0": {"streaming_tools": True},
    "deepseek.r1-v1:0": {"tools": False, "reasoning": "always"},
    "deepseek.v3.2": {"tools": True, "reasoning": "openai", "vendor": "deepseek"},
    "openai.gpt-oss-20b-1:0": {"reasoning": "openai", "native": "openai"},
    "qwen.qwen3-coder-480b-a35b-v1:0": {"reasoning": "qwen", "media": frozenset()},
    "moonshotai.kimi-k2.5": {"vendor": "moonshot", "tool_result_media": frozenset()},
    "minimax.minimax-m2": {"reasoning": "always"},
    "zai.glm-4.7": {"structured_output": "native"},
    "google.gemma-3-27b-it": {"structured_output": "native"},
    "nvidia.nemotron-nano-12b-v2": {"structured_output": "native"},
    "writer.palmyra-x4-v1:0": {"tool_result_status": False, "beside_tool_result": frozenset()},
    "twelvelabs.pegasus-1-2-v1:0": {"media": frozenset({"video"}), "tools": False},
    "xai.grok-4.3": {"sampling_refused": frozenset({"temperature", "top_p", "stop_sequences"})},
}


@pytest.mark.parametrize(("model_id", "known"), VERSIONS.items(), ids=VERSIONS)
def test_a_family_and_its_version_are_told_apart(model_id: str, known: Mapping[str, Any]) -> None:
    profile = profile_of(model_id)
    assert {name: getattr(profile, name) for name in known} == known


def test_rq_31_a_small_llama_calls_no_tools_and_that_can_be_overridden() -> None:
    llama = "us.meta.llama3-2-3b-instruct-v1:0"
    assert not profile_of(llama).tools
    assert profile_of(llama, overrides={"tools": True}).tools


def test_a_profile_names_its_rules_the_general_first() -> None:
    names = profile_of("us.meta.llama3-2-3b-instruct-v1:0").name.split()
    assert names == [
        "not-claude",
        "meta",
        "meta.llama",
        "meta.llama3",
        "meta.llama3-2",
        "meta.llama3-2-small",
    ]


WINDOWS = {
    "anthropic.claude-v2": (100_000, 4_096),
    "anthropic.claude-v2:1": (200_000, 4_096),
    "us.anthropic.claude-sonnet-4-20250514-v1:0": (200_000, 64_000),
    "anthropic.claude-opus-4-1-20250805-v1:0": (200_000, 32_000),
    "global.anthropic.claude-sonnet-4-6": (1_000_000, 128_000),
    "anthropic.claude-opus-5-5": (1_000_000, 128_000),
    "amazon.nova-micro-v1:0": (128_000, 10_000),
    "amazon.titan-text-lite-v1": (4_096, None),
    "meta.llama3-8b-instruct-v1:0": (8_192, 2_048),
    "qwen.qwen3-32b-v1:0": (32_768, 16_384),
    "acme.talker-9000-v9:0": (None, None),
    OPAQUE.format("imported-model"): (None, None),
    "amazon.nova-lite-v1:0:24k": (24_000, 10_000),
    "acme.talker:2m": (2_000_000, None),
}


@pytest.mark.parametrize(("model_id", "tokens"), WINDOWS.items(), ids=WINDOWS)
def test_how_much_a_model_reads_and_writes(model_id: str, tokens: tuple[int | None, int | None]) -> None:
    profile = profile_of(model_id)
    assert (profile.context_window, profile.max_output) == tokens


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "200k"])
def test_a_number_of_tokens_is_a_whole_number(value: Any) -> None:
    assert profile_of("acme.x", overrides={"context_window": 9}).context_window == 9
    assert profile_of("amazon.nova-pro-v1:0", overrides={"max_output": None}).max_output is None
    with pytest.raises(ConfigurationError, match="context_window"):
        profile_of("acme.x", overrides={"context_window": value})


# --- what the user says the model is


@pytest.mark.parametrize(
    ("family", "like"),
    [
        ("claude-3-7", "anthropic.claude-3-7-sonnet-20250219-v1:0"),
        ("Claude 3.7", "anthropic.claude-3-7-sonnet-20250219-v1:0"),
        ("llama3-1", "meta.llama3-1-8b-instruct-v1:0"),
        ("Llama 3.1", "meta.llama3-1-8b-instruct-v1:0"),
        ("llama_4", "meta.llama4-scout-17b-instruct-v1:0"),
        ("gpt-oss", "openai.gpt-oss-20b-1:0"),
        ("Nova 2", "amazon.nova-2-lite-v1:0"),
        ("deepseek v3.2", "deepseek.v3.2"),
        ("claude-3-haiku", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("kimi", "moonshotai.kimi-k2.5"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
    ],
)
def test_rq_06_an_imported_model_is_what_the_user_calls_it(family: str, like: str) -> None:
    assert profile_of(OPAQUE.format("imported-model"), family=family) == profile_of(like)


@pytest.mark.parametrize("vendor", ["anthropic", "amazon", "meta", "mistral", "qwen", "moonshotai"])
def test_a_vendor_alone_is_a_family(vendor: str) -> None:
    profile = profile_of(OPAQUE.format("imported-model"), family=vendor)
    assert profile.vendor == vendor.removesuffix("ai")


def test_a_family_stands_above_the_id() -> None:
    assert not profile_of("acme.talker-v1:0", family="mistral-7b").system


@pytest.mark.parametrize(
    ("family", "hint"),
    [("clade", "claude"), ("antropic", "anthropic"), ("zzz", "a vendor"), ("", "a vendor")],
)
def test_an_unknown_family_is_an_error_that_names_the_nearest(family: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match="no model family") as caught:
        profile_of(OPAQUE.format("imported-model"), family=family)
    assert caught.value.hint is not None and hint in caught.value.hint


# --- what the user knows better


def test_overrides_take_lists_tuples_and_sets_for_sets() -> None:
    for words in (["image"], ("image",), {"image"}, frozenset({"image"})):
        assert profile_of(HAIKU, overrides={"media": words}).media == frozenset({"image"})
    assert profile_of(HAIKU, overrides={"efforts": ["low", "high"]}).efforts == ("low", "high")
    assert profile_of(HAIKU, overrides={"cache_places": []}).cache_places == frozenset()


def test_overrides_leave_the_rest_and_the_next_profile_alone() -> None:
    given = {"tools": False, "top_k": None, "cache_minimum": 9}
    changed = profile_of(HAIKU, overrides=given)
    assert (changed.tools, changed.top_k, changed.cache_minimum) == (False, None, 9)
    assert changed.reasoning == "budget" and given == {"tools": False, "top_k": None, "cache_minimum": 9}
    assert profile_of(HAIKU).tools


@pytest.mark.parametrize(
    ("overrides", "message", "hint"),
    [
        ({"tool": True}, "no capability 'tool'", "'tools'"),
        ({"streaming_tool": True}, "no capability", "'streaming_tools'"),
        ({"name": "x"}, "no capability 'name'", None),
        ({7: True}, "no capability 7", "there are"),
        ({"tools": "yes"}, "tools is 'yes'", "True or False"),
        ({"tools": 1}, "tools is 1", "True or False"),
        ({"tools": None}, "tools is None", "True or False"),
        ({"cache_points": True}, "cache_points is True", "whole number"),
        ({"cache_points": -1}, "cache_points is -1", "whole number"),
        ({"cache_points": "4"}, "cache_points is '4'", "whole number"),
        ({"media": "image"}, "media is 'image'", "list of words"),
        ({"media": [1]}, "media is", "list of words"),
        ({"efforts": {"low"}}, "efforts is", "list of words"),
        ({"media": ["picture"]}, "media knows no 'picture'", "image, document, video, audio"),
        ({"reasoning": "hard"}, "reasoning knows no 'hard'", "budget"),
        ({"reasoning": 7}, "reasoning is 7", "text or None"),
        ({"structured_output": None}, "structured_output is None", "text"),
    ],
)
def test_a_wrong_override_is_an_error_with_the_way_out(
    overrides: dict[Any, Any], message: str, hint: str | None
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        profile_of(HAIKU, overrides=overrides)
    assert caught.value.hint and (hint is None or hint in caught.value.hint)


def test_every_capability_can_be_overridden_by_its_own_value() -> None:
    held = {name: getattr(UNKNOWN, name) for name in CAPABILITIES}
    assert profile_of(OPAQUE.format("imported-model"), overrides=held) == UNKNOWN


# --- what it costs


def test_importing_profiles_reads_no_data() -> None:
    code = (
        "import sys, bedrock_unified.models.profile as p; "
        "assert 'tomllib' not in sys.modules; assert p.rules.cache_info().currsize == 0; "
        "p.profile_of('amazon.nova-lite-v1:0'); assert p.rules.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_profile_asked_for_again_costs_next_to_nothing() -> None:
    assert profile_of(f"us.{HAIKU}") is profile_of(f"us.{HAIKU}")
    began = time.perf_counter()
    for _ in range(1000):
        profile_of(f"us.{HAIKU}")
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize(
    "told", [{"family": 3}, {"family": ["llama"]}, {"overrides": 3}, {"overrides": ["tools"]}]
)
def test_what_is_no_family_and_no_dict_is_refused_by_its_value(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        profile_of("amazon.nova-lite-v1:0", **told)
