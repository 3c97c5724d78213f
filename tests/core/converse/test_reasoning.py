"""A wish for reasoning in each family's own words, and what it asks of the rest of the request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.reasoning import with_reasoning
from bedrock_unified.converse.reasoning_wish import EFFORTS
from bedrock_unified.converse.thinking import with_reasoning_count
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.models.profile import Profile

from ...traffic.conftest import recorded_or_skipped
from .policies import MODEL, Untouched, checked, request, tool, user

BUDGET = Profile(vendor="anthropic", reasoning="budget")
ADAPTIVE = Profile(vendor="anthropic", reasoning="adaptive")
NOVA = Profile(vendor="amazon", reasoning="nova")
OPENAI = Profile(vendor="openai", reasoning="openai", efforts=("low", "medium", "high"))
TOOLS = {"tools": [tool("weather")]}


def asked(given: Any, reasoning: Any, profile: Profile, *implied: str) -> dict[str, Any]:
    """The request with the wish, checked by botocore; the given one is as it was."""
    with Untouched(given):
        made = with_reasoning(given, reasoning, profile, implied=frozenset(implied))
    return checked(made)


def fields(reasoning: Any, profile: Profile, **members: Any) -> Any:
    """The additional fields that a wish makes."""
    return asked(request(**members), reasoning, profile).get("additionalModelRequestFields")


def refused(given: Any, reasoning: Any, profile: Profile, *implied: str) -> InvalidRequestError:
    """The error of a wish; it names the model and has a way out."""
    with pytest.raises(InvalidRequestError) as error:
        with_reasoning(given, reasoning, profile, implied=frozenset(implied))
    assert error.value.hint
    return error.value


# Efforts and budgets


@pytest.mark.parametrize(
    ("effort", "budget"),
    [
        ("minimal", 1024),  # 512, raised to the least that Claude takes
        ("low", 1024),
        ("medium", 2048),
        ("high", 4096),
        ("xhigh", 8192),
        ("max", 16384),
        (True, 4096),
        ("on", 4096),
        ("true", 4096),
        (" High ", 4096),
        (5000, 5000),
        ({"effort": "low"}, 1024),
        ({"budget_tokens": 3000}, 3000),
    ],
)
def test_cx_thinking_levels_are_budgets_with_room_for_the_answer(effort: Any, budget: int) -> None:
    made = asked(request(), effort, BUDGET)
    assert made["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": budget}}
    assert made["inferenceConfig"] == {"maxTokens": budget + 4096}


@pytest.mark.parametrize("off", ["none", "off", False, "false", {"type": "disabled"}, {"effort": "none"}])
def test_cx_thinking_off_is_disabled(off: Any) -> None:
    made = asked(request(inferenceConfig={"temperature": 0.2}), off, BUDGET)
    assert made["additionalModelRequestFields"] == {"thinking": {"type": "disabled"}}
    assert made["inferenceConfig"] == {"temperature": 0.2}


@pytest.mark.parametrize("nothing", [None, "auto", "AUTO", {}, {"effort": "auto"}])
def test_cx_thinking_auto_leaves_it_to_the_model(nothing: Any) -> None:
    for style in ("budget", "adaptive", "effort", "openai", "nova", "qwen", "always", "none", None):
        plain = request()
        assert with_reasoning(plain, nothing, Profile(reasoning=style)) is plain


@pytest.mark.parametrize(
    "wrong",
    ["hard", "", 0, -5, 1.5, [], b"low", {"effort": "hard"}, {"budget": 5}, {"budget_tokens": "5"},
     {"budget_tokens": True}, {"effort": "none", "budget_tokens": 2000}, {"effort": "low", "summary": "long"},
     {"effort": "low", "summary": "auto", "display": "omitted"}],
)  # fmt: skip
def test_a_wish_that_nobody_understands_is_an_error_even_if_implied(wrong: Any) -> None:
    refused(request(), wrong, BUDGET)
    refused(request(), wrong, BUDGET, "reasoning")


def test_a_budget_below_the_least_is_refused_and_an_effort_is_raised_to_it() -> None:
    assert "at least 1024" in str(refused(request(), 512, BUDGET))
    other = Profile(reasoning="budget", minimum_budget=3000)
    assert fields("low", other)["thinking"]["budget_tokens"] == 3000


def test_a_summary_is_how_claude_shows_its_thinking() -> None:
    assert fields({"effort": "low", "summary": "auto"}, BUDGET)["thinking"]["display"] == "summarized"
    assert fields({"effort": "low", "display": "omitted"}, ADAPTIVE)["thinking"]["display"] == "omitted"
    refused(request(), {"effort": "low", "summary": "auto"}, OPENAI)
    refused(request(), {"summary": "auto"}, BUDGET)
    assert fields({"summary": "auto"}, ADAPTIVE) == {
        "thinking": {"type": "adaptive", "display": "summarized"}
    }


def test_an_effort_beside_a_budget_is_sent_too() -> None:
    made = fields({"effort": "medium", "budget_tokens": 2000}, BUDGET)
    assert made == {
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "medium"},
    }


# Each family


@pytest.mark.parametrize(
    ("effort", "sent"),
    [("minimal", "low"), *((effort, effort) for effort in ("low", "medium", "high", "xhigh", "max"))],
)
def test_adaptive_models_get_the_effort_beside_their_thinking(effort: str, sent: str) -> None:
    """Recorded for Claude Sonnet 4.6, which answered."""
    made = asked(request(), effort, ADAPTIVE)
    assert made["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": sent},
    }
    assert "inferenceConfig" not in made


def test_adaptive_models_that_show_nothing_unasked_are_asked_to() -> None:
    newest = Profile(vendor="anthropic", reasoning="adaptive", sampling_refused=frozenset({"temperature"}))
    assert fields("low", newest)["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert fields("none", newest) == {"thinking": {"type": "disabled"}}


def test_adaptive_models_take_no_budget_unless_in_their_own_words() -> None:
    assert "'medium'" in str(refused(request(), 2000, ADAPTIVE).hint)
    own = {"type": "enabled", "budget_tokens": 2000}
    assert fields(own, ADAPTIVE) == {"thinking": own}


def test_an_effort_goes_into_outputconfig_where_the_request_has_one() -> None:
    schema = {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}"}}}
    made = asked(request(outputConfig={"textFormat": schema}), "high", ADAPTIVE)
    assert made["outputConfig"] == {"textFormat": schema, "effort": "high"}
    assert made["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}


@pytest.mark.parametrize("style", ["effort", None])
def test_outputconfig_effort_is_for_models_that_have_it_and_for_unknown_ones(style: str | None) -> None:
    made = asked(request(), "minimal", Profile(reasoning=style))
    assert made == request(outputConfig={"effort": "low"})


def test_an_unknown_model_may_take_a_budget_and_has_nothing_to_switch_off() -> None:
    unknown = Profile()
    assert fields(2000, unknown) == {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    plain = request()
    assert with_reasoning(plain, "none", unknown) is plain
    assert fields({"type": "disabled"}, unknown) == {"thinking": {"type": "disabled"}}


@pytest.mark.parametrize(("effort", "sent"), [("minimal", "low"), ("medium", "medium"), ("max", "high")])
def test_openai_models_get_reasoning_effort(effort: str, sent: str) -> None:
    assert fields(effort, OPENAI) == {"reasoning_effort": sent}
    assert fields(effort, Profile(reasoning="openai")) == {"reasoning_effort": effort}


def test_what_cannot_be_switched_off_says_so() -> None:
    for style in ("openai", "qwen", "effort", "always"):
        profile = Profile(reasoning=style)
        assert "switched off" in str(refused(request(), "none", profile))
        assert "switched off" in str(refused(request(), {"type": "disabled"}, profile))
    assert fields("none", Profile(reasoning="openai", efforts=("none", "low"))) == {
        "reasoning_effort": "none"
    }


@pytest.mark.parametrize(
    ("effort", "sent"), [("minimal", "low"), ("low", "low"), ("medium", "high"), ("max", "high")]
)
def test_qwen_gets_a_word(effort: str, sent: str) -> None:
    """Recorded for Qwen 3 with ``high``."""
    assert fields(effort, Profile(reasoning="qwen")) == {"reasoning_config": sent}


@pytest.mark.parametrize("style", ["openai", "qwen", "effort", "nova"])
def test_a_budget_is_refused_where_there_are_only_efforts(style: str) -> None:
    for budget in (2000, {"budget_tokens": 2000, "effort": "low"}):
        assert "low" in str(refused(request(), budget, Profile(reasoning=style)).hint)


def test_nova_gets_its_reasoning_config() -> None:
    assert fields("minimal", NOVA) == {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}
    assert fields("none", NOVA) == {"reasoningConfig": {"type": "disabled"}}
    own = {"type": "enabled", "maxReasoningEffort": "medium"}
    assert fields(own, NOVA) == {"reasoningConfig": own}
    kept = {"temperature": 0.5, "maxTokens": 100}
    assert asked(request(inferenceConfig=kept), "medium", NOVA)["inferenceConfig"] == kept


@pytest.mark.parametrize(
    ("member", "name"), [("temperature", "temperature"), ("topP", "top_p"), ("maxTokens", "max_tokens")]
)
def test_nova_at_high_effort_takes_no_limits(member: str, name: str) -> None:
    plain = request(inferenceConfig={member: 1, "stopSequences": ["x"]})
    assert name in str(refused(plain, "max", NOVA))
    made = asked(plain, "high", NOVA, name)
    assert made["inferenceConfig"] == {"stopSequences": ["x"]}


def test_a_model_that_always_reasons_may_have_efforts() -> None:
    refused(request(), "high", Profile(reasoning="always"))
    refused(request(), 2000, Profile(reasoning="always", efforts=("low", "high")))
    claude = Profile(vendor="anthropic", reasoning="always", efforts=("low", "high", "max"))
    assert fields("medium", claude) == {"output_config": {"effort": "high"}}
    assert fields({"summary": "auto"}, claude) == {"thinking": {"type": "adaptive", "display": "summarized"}}
    other = Profile(reasoning="always", efforts=("low", "high"))
    assert asked(request(), "max", other)["outputConfig"] == {"effort": "high"}


def test_a_model_that_does_not_reason_refuses_all_but_none() -> None:
    never, plain = Profile(reasoning="none"), request()
    for off in ("none", False, {"type": "disabled"}):
        assert with_reasoning(plain, off, never) is plain
    for wish in ("low", 2000, {"type": "enabled", "budget_tokens": 2000}, {"summary": "auto"}):
        assert "does not reason" in str(refused(plain, wish, never))
        assert with_reasoning(plain, wish, never, implied=frozenset({"reasoning"})) is plain


# What the caller wrote


def test_rq_20_the_callers_own_fields_stay_verbatim() -> None:
    own = {"thinking": {"type": "enabled", "budget_tokens": 4096}, "anthropic_beta": ["x"]}
    plain = request(additionalModelRequestFields=own)
    assert with_reasoning(plain, None, BUDGET) is plain
    assert asked(plain, 4096, BUDGET)["additionalModelRequestFields"] == own
    assert asked(plain, "high", BUDGET)["additionalModelRequestFields"] == own


def test_own_fields_and_the_wish_are_joined() -> None:
    plain = request(
        additionalModelRequestFields={"thinking": {"type": "adaptive", "display": "omitted"}, "k": 1}
    )
    assert asked(plain, "high", ADAPTIVE)["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive", "display": "omitted"},
        "k": 1,
        "output_config": {"effort": "high"},
    }
    same = request(additionalModelRequestFields={"output_config": {"effort": "high"}})
    assert fields("high", ADAPTIVE, **{k: v for k, v in same.items() if k.startswith("add")}) == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    }


@pytest.mark.parametrize(
    ("own", "wish", "profile", "named"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, 2048, BUDGET, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "none", BUDGET, "thinking.type"),
        ({"reasoning_config": {"type": "enabled", "budget_tokens": 4096}}, 2048, BUDGET, "reasoning_config"),
        ({"output_config": {"effort": "low"}}, "high", ADAPTIVE, "output_config.effort"),
        ({"output_config": {"effort": "low"}}, "high", Profile(), "output_config.effort"),
        ({"reasoning_effort": "low"}, "high", OPENAI, "reasoning_effort"),
        ({"reasoningConfig": {"type": "disabled"}}, "low", NOVA, "reasoningConfig.type"),
        ({"reasoningConfig": "odd"}, "low", NOVA, "reasoningConfig"),
    ],
)
def test_a_wish_that_contradicts_the_callers_fields_is_an_error_that_names_them(
    own: Any, wish: Any, profile: Profile, named: str
) -> None:
    plain = request(additionalModelRequestFields=own)
    assert named in str(refused(plain, wish, profile))
    assert with_reasoning(plain, wish, profile, implied=frozenset({"reasoning"})) is plain


def test_outputconfig_effort_is_said_once() -> None:
    plain = request(outputConfig={"effort": "low"})
    assert "outputConfig.effort" in str(refused(plain, "high", ADAPTIVE))
    assert asked(plain, "low", ADAPTIVE)["outputConfig"] == {"effort": "low"}
    assert with_reasoning(plain, "low", Profile(reasoning="effort")) is plain


@pytest.mark.parametrize(
    ("profile", "wish", "held"),
    [
        (BUDGET, "high", "low"),
        (BUDGET, "none", "max"),
        (ADAPTIVE, "none", "xhigh"),
        (NOVA, "low", "max"),
        (NOVA, "none", "high"),
        (OPENAI, "low", "high"),
        (Profile(reasoning="qwen"), "low", "high"),
        (Profile(), "none", "high"),
    ],
)
def test_no_familys_own_field_says_another_effort_than_outputconfig(
    profile: Profile, wish: str, held: str
) -> None:
    given = request(outputConfig={"effort": held})
    error = refused(given, wish, profile)
    assert held in str(error)
    assert wish in str(error)
    assert asked(given, wish, profile, "reasoning") == given


@pytest.mark.parametrize(
    ("profile", "wish", "held"),
    [(BUDGET, "high", "high"), (BUDGET, 2048, "low"), (ADAPTIVE, "none", "high"), (OPENAI, "max", "max")],
)
def test_outputconfig_effort_stays_beside_what_agrees_with_it(
    profile: Profile, wish: str | int, held: str
) -> None:
    """Without thinking Claude takes efforts up to ``high`` (service model, ``OutputConfig.effort``)."""
    made = asked(request(outputConfig={"effort": held}), wish, profile)
    assert made["outputConfig"] == {"effort": held}
    assert made["additionalModelRequestFields"]


def test_two_efforts_of_the_callers_own_are_not_both_sent() -> None:
    own = {"output_config": {"effort": "low"}}
    given = request(outputConfig={"effort": "high"}, additionalModelRequestFields=own)
    for wish in ("low", "high"):
        refused(given, wish, ADAPTIVE)


def test_the_same_effort_in_the_models_own_words_is_enough() -> None:
    plain = request(additionalModelRequestFields={"output_config": {"effort": "high"}})
    assert with_reasoning(plain, "high", Profile(reasoning="effort")) is plain


def test_claudes_other_name_for_thinking_is_known() -> None:
    """Recorded for Claude Haiku 4.5, which thought."""
    own = {"reasoning_config": {"type": "enabled", "budget_tokens": 1024}}
    made = asked(request(additionalModelRequestFields=own), 1024, BUDGET)
    assert made["additionalModelRequestFields"] == own


def test_fields_that_are_no_dict_are_refused() -> None:
    assert "must be a dict" in str(
        refused({**request(), "additionalModelRequestFields": ["x"]}, "low", BUDGET)
    )


# What Claude asks of the rest


@pytest.mark.parametrize("wish", ["low", {"type": "enabled", "budget_tokens": 1024}])
@pytest.mark.parametrize(
    ("config", "name"),
    [({"temperature": 0.1}, "temperature"), ({"topP": 0.5}, "top_p"), ({"temperature": 0}, "temperature")],
)
def test_while_claude_reasons_the_temperature_is_one(wish: Any, config: Any, name: str) -> None:
    for profile in (BUDGET, ADAPTIVE):
        plain = request(inferenceConfig={**config, "maxTokens": 5000})
        error = refused(plain, wish, profile)
        assert name in str(error) and name in str(error.hint)
        assert asked(plain, wish, profile, name)["inferenceConfig"] == {"maxTokens": 5000}


def test_a_temperature_of_one_and_a_top_p_near_one_stay() -> None:
    config = {"temperature": 1.0, "topP": 0.95, "maxTokens": 5000, "stopSequences": ["x"]}
    assert asked(request(inferenceConfig=config), "low", BUDGET)["inferenceConfig"] == config


def test_max_tokens_must_leave_room_for_the_answer() -> None:
    error = refused(request(inferenceConfig={"maxTokens": 4096}), "high", BUDGET)
    assert "4096" in str(error) and "at least 4097" in str(error.hint) and "8192" in str(error.hint)
    enough = {"maxTokens": 4097}
    assert asked(request(inferenceConfig=enough), "high", BUDGET)["inferenceConfig"] == enough
    implied = asked(request(inferenceConfig={"maxTokens": 512}), "high", BUDGET, "max_tokens")
    assert implied["inferenceConfig"] == {"maxTokens": 8192}
    assert asked(request(inferenceConfig=enough), "high", BUDGET, "max_tokens")["inferenceConfig"] == enough


def test_interleaved_thinking_may_have_a_larger_budget_than_one_answer() -> None:
    beta = {"anthropic_beta": ["interleaved-thinking-2025-05-14"]}
    plain = request(inferenceConfig={"maxTokens": 1000}, additionalModelRequestFields=beta)
    made = asked(plain, 8000, BUDGET)
    assert made["inferenceConfig"] == {"maxTokens": 1000}
    assert made["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 8000


@pytest.mark.parametrize("choice", [{"any": {}}, {"tool": {"name": "weather"}}])
@pytest.mark.parametrize("profile", [BUDGET, ADAPTIVE])
def test_claude_cannot_reason_and_be_forced_to_call_a_tool(choice: Any, profile: Profile) -> None:
    plain = request(toolConfig={**TOOLS, "toolChoice": choice})
    assert "auto" in str(refused(plain, "low", profile).hint)
    made = asked(plain, "low", profile, "tool_choice")
    assert made["toolConfig"] == {**TOOLS, "toolChoice": {"auto": {}}}
    # A tool that is forced for structured output keeps its force: reasoning gives way.
    for implied in ({"reasoning"}, {"reasoning", "tool_choice"}):
        assert with_reasoning(plain, "low", profile, implied=frozenset(implied)) is plain
    assert asked(plain, "none", profile)["toolConfig"] == plain["toolConfig"]


def test_a_forced_tool_in_claudes_own_words_counts_too() -> None:
    own = {"tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}}
    plain = request(toolConfig=TOOLS, additionalModelRequestFields=own)
    refused(plain, "low", BUDGET)
    made = asked(plain, "low", BUDGET, "tool_choice")["additionalModelRequestFields"]
    assert made["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_other_families_may_reason_and_be_forced() -> None:
    plain = request(toolConfig={**TOOLS, "toolChoice": {"any": {}}}, inferenceConfig={"temperature": 0.1})
    for profile in (OPENAI, NOVA, Profile(reasoning="effort")):
        made = asked(plain, "low", profile)
        assert (made["toolConfig"], made["inferenceConfig"]) == (
            plain["toolConfig"],
            plain["inferenceConfig"],
        )


# The count


def test_claude_is_asked_how_many_tokens_it_reasoned_with() -> None:
    thinking = asked(request(additionalModelResponseFieldPaths=["/stop_sequence"]), "low", BUDGET)
    made = checked(with_reasoning_count(thinking))
    assert made["additionalModelResponseFieldPaths"] == ["/stop_sequence", "/usage/output_tokens_details"]
    assert with_reasoning_count(made) is made
    whole = {**thinking, "additionalModelResponseFieldPaths": ["/usage"]}
    for plain in (request(), asked(request(), "none", BUDGET), whole):
        assert with_reasoning_count(plain) is plain


def test_an_error_names_the_model() -> None:
    assert refused(request(), "low", Profile(reasoning="none")).model_id == MODEL


def test_what_aws_took_is_what_is_made() -> None:
    """Recorded requests with reasoning: a wish makes their fields, and their settings are let through."""
    compared = 0
    for exchange in recorded_or_skipped():
        body = exchange.request
        if exchange.operation not in ("Converse", "ConverseStream") or exchange.status != 200:
            continue
        own = body.get("additionalModelRequestFields") or {}
        thinking = own.get("thinking")
        if (
            thinking
            and not body.get("inferenceConfig", {}).get("maxTokens")
            and thinking["type"] == "enabled"
        ):
            body = {**body, "inferenceConfig": {"maxTokens": 4096}}  # Bedrock's own default
        plain = {"modelId": exchange.model_id, **body, "additionalModelRequestFields": {}}
        effort = own.get("output_config", {}).get("effort")
        if thinking:
            style = "adaptive" if thinking["type"] == "adaptive" else "budget"
            made = with_reasoning(plain, effort or thinking, Profile(vendor="anthropic", reasoning=style))
        elif "reasoning_effort" in own:
            made = with_reasoning(plain, own["reasoning_effort"], OPENAI)
        elif isinstance(own.get("reasoning_config"), str):
            made = with_reasoning(plain, own["reasoning_config"], Profile(reasoning="qwen"))
        else:
            continue
        assert made == {**plain, "additionalModelRequestFields": own}, exchange.id
        compared += 1
    assert compared > 20


# Nothing is ever changed that was the caller's


@given(
    st.sampled_from([*EFFORTS, 2000, 1024, True, {"summary": "auto", "effort": "low"}]),
    st.sampled_from(["budget", "adaptive", "effort", "openai", "qwen", "nova", "always", "none", None]),
    st.fixed_dictionaries(
        {},
        optional={
            "temperature": st.sampled_from([0.0, 0.5, 1.0]),
            "topP": st.sampled_from([0.5, 0.99]),
            "maxTokens": st.sampled_from([1, 1500, 50_000]),
        },
    ),
    st.sampled_from([None, {"auto": {}}, {"any": {}}]),
    st.frozensets(st.sampled_from(["temperature", "top_p", "max_tokens", "tool_choice", "reasoning"])),
)
def test_what_was_asked_for_stays_or_is_an_error(
    wish: Any, style: Any, config: Any, choice: Any, implied: frozenset[str]
) -> None:
    plain = request(user("a"), inferenceConfig=config, toolConfig=TOOLS)
    if choice is not None:
        plain["toolConfig"] = {**TOOLS, "toolChoice": choice}
    try:
        made = asked(plain, wish, Profile(reasoning=style, vendor="anthropic"), *implied)
    except InvalidRequestError:
        assert "reasoning" not in implied
        return
    named = {"temperature": "temperature", "topP": "top_p", "maxTokens": "max_tokens"}
    for member, name in named.items():
        if member in config and name not in implied:
            assert made["inferenceConfig"][member] == config[member]
    if "tool_choice" not in implied:
        assert made["toolConfig"] == plain["toolConfig"]
