"""A model's parameters as members of a request: valid, complete, and overridden for a single call."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict

from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.converse.guardrail import STREAM_MODES, TRACES
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.parameters import CALL_PARAMETERS, ConverseParameters

from .server import KEYS
from .shapes import OPERATIONS, documents, findings, guardrail_ids, guardrail_versions, words

PAIR = ("guardrail_identifier", "guardrail_version")
parameters = st.fixed_dictionaries(
    {},
    optional={
        "max_tokens": st.integers(1, 10**6),
        "temperature": st.floats(0, 1) | st.integers(0, 1),
        "top_p": st.floats(0, 1),
        "stop_sequences": st.lists(words, max_size=3) | words,
        "guardrail_trace": st.sampled_from(TRACES),
        "guardrail_stream_processing_mode": st.sampled_from(STREAM_MODES),
        "additional_model_request_fields": st.dictionaries(words, documents, max_size=3),
        "additional_model_response_field_paths": st.lists(words, max_size=3),
        "request_metadata": st.dictionaries(words, words, max_size=3),
        "performance_config": st.sampled_from([{"latency": "optimized"}, {"latency": "standard"}]),
        "service_tier": st.sampled_from(["priority", "flex", {"type": "default"}]),
    },
)


@settings(max_examples=200)
@given(
    parameters,
    guardrail_ids,
    guardrail_versions,
    st.booleans(),
    st.none() | st.lists(words, max_size=3),
    parameters,
)
def test_parameters_become_valid_members_and_stay_as_they_were(
    runtime: ServiceModel,
    given_parameters: dict[str, Any],
    identifier: str,
    version: str,
    streaming: bool,
    stop: list[str] | None,
    overrides: dict[str, Any],
) -> None:
    before, stop_before = copy.deepcopy((given_parameters, overrides)), copy.deepcopy(stop)
    model = ConverseParameters(**given_parameters, guardrail_identifier=identifier, guardrail_version=version)
    if isinstance(overrides.get("stop_sequences"), str):
        overrides["stop_sequences"] = before[1]["stop_sequences"] = [overrides["stop_sequences"]]
    members = model.converse_members(overrides, stop=stop, streaming=streaming)
    request = {"modelId": "m", **members}
    assert findings(request, runtime.operation_model(OPERATIONS[streaming]).input_shape) == ""
    assert (given_parameters, overrides) == before
    assert stop == stop_before
    assert model.converse_members(overrides, stop=stop, streaming=streaming) == members


def test_every_parameter_reaches_its_member() -> None:
    model = ConverseParameters(
        max_tokens=5,
        temperature=0.5,
        top_p=0.25,
        stop_sequences="END",
        guardrail_identifier="abc",
        guardrail_version=3,
        guardrail_trace="enabled",
        guardrail_stream_processing_mode="async",
        additional_model_request_fields={"top_k": 4},
        additional_model_response_field_paths=["/stop_sequence"],
        request_metadata={"team": "a"},
        performance_config={"latency": "optimized"},
        service_tier="flex",
    )
    guardrail = {"guardrailIdentifier": "abc", "guardrailVersion": "3", "trace": "enabled"}
    members = {
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.5, "topP": 0.25, "stopSequences": ["END"]},
        "guardrailConfig": guardrail,
        "additionalModelRequestFields": {"top_k": 4},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
        "requestMetadata": {"team": "a"},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
    }
    assert model.converse_members({}) == members
    streamed = {**members, "guardrailConfig": {**guardrail, "streamProcessingMode": "async"}}
    assert model.converse_members({}, streaming=True) == streamed
    assert ConverseParameters().converse_members({}) == {}


OPTIONS: dict[str, Any] = {
    "top_k": 40,
    "reasoning": "high",
    "prompt_cache": "auto",
    "prompt_cache_ttl": "1h",
    "prompt_cache_messages": -2,
    "use_converse": "auto",
    "model_family": "anthropic",
    "capabilities": {"tools": False},
    "guard_content": "last_user",
    "guardrail_action": "raise",
    "parallel_tool_calls": False,
}


def test_every_option_reaches_the_options_and_a_call_overrides_it() -> None:
    model = ConverseParameters(**OPTIONS)
    assert model.chat_options({}) == ChatOptions(**OPTIONS)
    assert model.converse_members({}) == {}
    assert set(OPTIONS) | {"fetch_media"} == CALL_PARAMETERS - set(MEMBERS)
    for name in OPTIONS:
        options = model.chat_options({name: None})
        assert getattr(options, name) == getattr(ChatOptions(), name)
        assert model.chat_options({}) == ChatOptions(**OPTIONS)
    model.top_k = 3
    assert model.chat_options({}).top_k == 3
    assert model.model_copy(update={"top_k": 4}).chat_options({}).top_k == 4
    assert model.chat_options({}, implied=frozenset({"reasoning"})).implied == {"reasoning"}


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"topK": 3}, "top_k", 3),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, "reasoning", None),
        ({"reasoning_effort": "low"}, "reasoning", "low"),
        ({"anthropic_prompt_cache": True}, "prompt_cache", "auto"),
        ({"anthropic_prompt_cache": False}, "prompt_cache", "off"),
        ({"anthropic_prompt_cache_ttl": "1h", "anthropic_prompt_cache": True}, "prompt_cache_ttl", "1h"),
        ({"provider": "anthropic"}, "model_family", "anthropic"),
    ],
)
def test_other_packages_spellings_of_options(given: dict[str, Any], name: str, value: Any) -> None:
    found = getattr(ConverseParameters(**given).chat_options({}), name)
    assert found == (next(iter(given.values())) if value is None else value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"prompt_cache": "maybe"}, "prompt_cache"),
        ({"capabilities": {"tool": True}}, "capability 'tool'"),
        ({"top_k": -1}, "top_k"),
        ({"reasoning": "hihg"}, "reasoning is 'hihg'"),
        ({"prompt_cache_ttl": "1h"}, "prompt_cache_ttl has no effect without prompt_cache"),
        ({"prompt_cache_messages": 0}, "prompt_cache_messages has no effect without prompt_cache"),
    ],
)
def test_an_option_that_is_none_is_refused_at_construction(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        ConverseParameters(**given)


def test_how_prompts_are_cached_is_not_said_in_vain_by_a_call() -> None:
    with pytest.raises(ConfigurationError, match="prompt_cache_ttl has no effect") as caught:
        ConverseParameters().chat_options({"prompt_cache_ttl": "1h"})
    assert "prompt_cache='auto'" in str(caught.value.hint)
    whole = {"prompt_cache": True, "prompt_cache_ttl": "1h"}
    assert ConverseParameters().chat_options(whole).prompt_cache_ttl == "1h"
    model = ConverseParameters(prompt_cache="auto", prompt_cache_ttl="1h")
    assert model.chat_options({"prompt_cache_ttl": "5m"}).prompt_cache_ttl == "5m"
    assert model.chat_options({"prompt_cache": "off"}).prompt_cache == "off"
    assert (
        ConverseParameters(prompt_cache="off", prompt_cache_ttl="1h").chat_options({}).prompt_cache == "off"
    )


MEMBERS = (
    "max_tokens",
    "temperature",
    "top_p",
    "stop_sequences",
    "guardrail_identifier",
    "guardrail_version",
    "guardrail_trace",
    "guardrail_stream_processing_mode",
    "guardrail_config",
    "additional_model_request_fields",
    "additional_model_response_field_paths",
    "request_metadata",
    "performance_config",
    "service_tier",
)


@pytest.mark.parametrize("name", MEMBERS)
def test_none_in_an_override_switches_the_parameter_off(name: str) -> None:
    set_values: dict[str, Any] = {
        "max_tokens": 5,
        "temperature": 0.0,
        "top_p": 0.0,
        "stop_sequences": ["a"],
        "guardrail_identifier": "abc",
        "guardrail_version": "1",
        "guardrail_trace": "enabled",
        "guardrail_stream_processing_mode": "sync",
        "guardrail_config": None,
        "additional_model_request_fields": {"a": 1},
        "additional_model_response_field_paths": ["/a"],
        "request_metadata": {"a": "b"},
        "performance_config": {"latency": "standard"},
        "service_tier": "flex",
    }
    model = ConverseParameters(**set_values)
    everything = model.converse_members({}, streaming=True)
    if name in ("guardrail_identifier", "guardrail_version"):
        with pytest.raises(ConfigurationError, match=f"a guardrail without {name}"):
            model.converse_members({name: None}, streaming=True)
        return
    without = model.converse_members({name: None}, streaming=True)
    assert (without != everything) == (set_values[name] is not None)


def test_zero_is_a_value() -> None:
    members = ConverseParameters(temperature=0, top_p=0.0).converse_members({})
    assert members == {"inferenceConfig": {"temperature": 0, "topP": 0}}


def test_none_leaves_a_parameter_at_its_default_and_is_the_default_of_most() -> None:
    model = ConverseParameters(
        max_retries=None, timeout=None, retry_read_timeouts=None, temperature=None, verify=None
    )
    assert (model.max_retries, model.timeout, model.retry_read_timeouts) == (3, 300, False)
    assert model.temperature is None
    assert model == ConverseParameters()


def test_a_bundle_may_be_a_path_object_and_is_kept_as_text() -> None:
    model = ConverseParameters(verify=Path("certificates") / "ca.pem")
    assert model.verify == str(Path("certificates") / "ca.pem")
    assert model == ConverseParameters(verify=model.verify)


def test_clients_that_were_handed_in_are_not_part_of_what_is_written_down() -> None:
    runtime = boto3.client("bedrock-runtime", region_name="us-east-1", **KEYS)
    control = boto3.client("bedrock", region_name="us-east-1", **KEYS)
    model = ConverseParameters(client=runtime, control_client=control)
    assert not {"client", "control_client"} & model.model_dump().keys()
    assert "botocore" not in repr(model)
    runtime.close()
    control.close()


def test_sp_26_a_disabled_trace_alone_asks_for_nothing() -> None:
    assert ConverseParameters(guardrail_trace="disabled").converse_members({}) == {}
    with pytest.raises(ConfigurationError, match="guardrail_identifier"):
        ConverseParameters(guardrail_trace="enabled")


def test_a_call_goes_without_the_models_guardrail() -> None:
    model = ConverseParameters(guardrail_identifier="abc", guardrail_version=1, guardrail_trace="enabled")
    assert model.converse_members({"guardrail_identifier": None, "guardrail_version": None}) == {}


def test_a_subclass_may_say_a_parameter_in_any_way() -> None:
    class Guarded(ConverseParameters):
        temperature: ClassVar[float] = 0.5

    Guarded.guardrail_identifier = property(lambda _: "gr12345678")
    Guarded.guardrail_version = property(lambda _: "7")
    members = Guarded().converse_members({})
    assert members["guardrailConfig"]["guardrailIdentifier"] == "gr12345678"
    assert members["guardrailConfig"]["guardrailVersion"] == "7"
    assert members["inferenceConfig"] == {"temperature": 0.5}


GUARDED: dict[str, Any] = {"guardrail_config": {"guardrailIdentifier": "abc", "guardrailVersion": "1"}}


@pytest.mark.parametrize("nothing", ["", [], 0, False, 7])
def test_a_guardrail_is_switched_off_by_none_and_not_by_a_slip(nothing: Any) -> None:
    model = ConverseParameters(**GUARDED)
    assert "guardrailConfig" not in model.converse_members({"guardrail_config": None})
    with pytest.raises(ConfigurationError, match="guardrail_config is"):
        model.converse_members({"guardrail_config": nothing})
    with pytest.raises(ConfigurationError, match="guardrail_config"):
        model.converse_members({"guardrail_config": nothing, **dict.fromkeys(PAIR)})


@pytest.mark.parametrize(
    ("name", "given", "member"),
    [
        ("temperature", [], ("inferenceConfig", "temperature")),
        ("max_tokens", False, ("inferenceConfig", "maxTokens")),
        ("performance_config", 0, ("performanceConfig",)),
        ("request_metadata", False, ("requestMetadata",)),
    ],
)
def test_what_is_false_and_no_value_is_left_for_the_checks_to_refuse(
    name: str, given: Any, member: tuple[str, ...]
) -> None:
    found: Any = ConverseParameters(max_tokens=5).converse_members({name: given})
    for part in member:
        found = found[part]
    assert found is given or found == given


def test_a_copy_and_an_assignment_know_every_spelling() -> None:
    model = ConverseParameters(region="us-east-1")
    copied = model.model_copy(update={"region": "eu-west-1", "thinking": "low"})
    assert (copied.region_name, copied.reasoning) == ("eu-west-1", "low")
    model.stop = ["x"]  # type: ignore[attr-defined]
    assert model.stop_sequences == ["x"]


def test_a_copy_refuses_what_is_no_parameter() -> None:
    with pytest.raises(ConfigurationError, match="no parameter 'temprature'") as caught:
        ConverseParameters().model_copy(update={"temprature": 1})
    assert "temperature" in str(caught.value.hint)


def test_a_copy_of_a_class_that_takes_anything_takes_anything() -> None:
    class Anything(ConverseParameters):
        model_config = ConfigDict(extra="allow")

    assert Anything().model_copy(update={"more": 2}).more == 2  # type: ignore[attr-defined]
