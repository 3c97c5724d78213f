"""What nobody asked for gives way once when a model refuses it, and is remembered on that client.

Over a socket, to models that no profile knows and of which the endpoint was told what they lack. The rules
are those of ``models/refusals.json``; a wish that was said out loud is never given up.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from bedrock_unified.chat.conversation import CapabilityWarning
from bedrock_unified.errors import BedrockError, InvalidRequestError
from bedrock_unified.local import Fault, LocalBedrock
from bedrock_unified.local.record import ServedRequest
from bedrock_unified.models.profile import profile_of
from bedrock_unified.models.refusals import refusal_of

from .askers import ASKERS, SAID, Asker, Book, Colour, Form

ALL = ("client", "langchain", "llamaindex")
CLIENT = ("client",)
FORMS: tuple[Form, ...] = ("whole", "stream")
STREAM: tuple[Form, ...] = ("stream",)
Body = dict[str, Any]


def _points(body: Body, place: str) -> bool:
    return "cachePoint" in json.dumps(body.get(place) or {}, default=repr)


def _choice(body: Body) -> Body:
    return body["toolConfig"].get("toolChoice", {})


class Rule(NamedTuple):
    """What a model lacks, a wish that nobody asked it to fulfil in that way, and what is sent in the end."""

    lacks: dict[str, Any]
    wish: str
    denies: tuple[str, ...]
    sent: Callable[[Body], bool]
    askers: tuple[str, ...] = ALL
    forms: tuple[Form, ...] = FORMS


RULES: dict[str, Rule] = {
    "acme.no-caching": Rule(
        {"cache_places": []}, "caching", ("cache points",), lambda body: "cachePoint" not in repr(body)
    ),
    "acme.no-caching-of-tools": Rule(
        {"cache_places": ["system", "messages"]},
        "caching",
        ("cache points among the tools",),
        lambda body: (
            not _points(body, "toolConfig") and _points(body, "system") and _points(body, "messages")
        ),
    ),
    "acme.no-caching-of-turns": Rule(
        {"cache_places": ["system", "tools"]},
        "caching",
        ("cache points in messages",),
        lambda body: not _points(body, "messages") and _points(body, "system"),
    ),
    "acme.no-caching-of-system": Rule(
        {"cache_places": ["tools", "messages"]},
        "caching",
        ("cache points in the system prompt",),
        lambda body: not _points(body, "system") and _points(body, "messages"),
    ),
    "acme.no-any": Rule(
        {"tool_choices": ["auto", "tool"]},
        "an object",
        ("the tool choice 'any'",),
        lambda body: _choice(body) == {"tool": {"name": "Book"}},
    ),
    "acme.no-choice": Rule(
        {"tool_choices": []},
        "an object",
        ("the tool choice 'any'", "the choice of a tool by its name"),
        lambda body: not _choice(body),
    ),
    "acme.not-strict": Rule(
        {"structured_output": "tool"},
        "an object",
        ("strict tools",),
        lambda body: "strict" not in body["toolConfig"]["tools"][0]["toolSpec"] and bool(_choice(body)),
    ),
    "acme.no-stream": Rule(
        {"streaming": False}, "nothing", ("streams",), lambda body: bool(body), forms=STREAM
    ),
    "acme.no-stream-with-tools": Rule(
        {"streaming_tools": False},
        "tools",
        ("tools in a stream",),
        lambda body: len(body["toolConfig"]["tools"]) == 2,
        forms=STREAM,
    ),
    "acme.no-system": Rule(
        {"system": False},
        "a system prompt",
        ("system prompts",),
        lambda body: (
            not body.get("system")
            and body["messages"][0]["content"][0]["text"] == f"Answer from the text alone.\n\n{SAID}"
        ),
    ),
    "acme.no-status": Rule(
        {"tool_result_status": False},
        "a tool's result",
        ("the status of tool results",),
        lambda body: "status" not in repr(body["messages"]) and "green" in repr(body["messages"]),
    ),
    "acme.no-temperature": Rule(
        {"sampling_refused": ["temperature"]},
        "a framework's temperature",
        ("temperature",),
        lambda body: "temperature" not in body.get("inferenceConfig", {}),
        CLIENT,
    ),
    "acme.one-of-two": Rule(
        {"sampling_exclusive": True},
        "a framework's temperature and top_p",
        ("temperature and top_p together",),
        lambda body: body["inferenceConfig"] == {"topP": 0.5},
        CLIENT,
    ),
    "acme.no-sampling": Rule(
        {"sampling_refused": ["top_p", "stop_sequences"]},
        "a framework's top_p and stop sequences",
        ("top_p", "stop sequences"),
        lambda body: not body.get("inferenceConfig"),
        CLIENT,
    ),
    "acme.no-top-k": Rule(
        {"sampling_refused": ["top_k"]},
        "a framework's top_k",
        ("top_k",),
        lambda body: not body.get("additionalModelRequestFields"),
        CLIENT,
    ),
    "acme.own-reasoning": Rule(
        {"reasoning_in_history": "signed"},
        "reasoning of another model",
        ("reasoning of earlier answers without Claude's signature",),
        lambda body: "reasoningContent" not in repr(body) and len(body["messages"]) == 3,
        CLIENT,
    ),
    # These are known, and have become others since.
    "us.anthropic.claude-sonnet-4-20250514-v1:0": Rule(
        {"reasoning": "adaptive", "sampling_refused": ["temperature"]},
        "reasoning",
        ("a reasoning budget",),
        lambda body: body["additionalModelRequestFields"]["thinking"]["type"] == "adaptive",
    ),
    "us.anthropic.claude-sonnet-4-6": Rule(
        {"reasoning": "budget"},
        "reasoning",
        ("adaptive reasoning",),
        lambda body: body["additionalModelRequestFields"]["thinking"]["budget_tokens"] > 1024,
    ),
    "us.anthropic.claude-opus-4-5-20251101-v1:0": Rule(
        {"structured_output": "tool"},
        "an object by its schema",
        ("a JSON schema in outputConfig",),
        lambda body: "outputConfig" not in body and "JSON schema" in body["system"][-1]["text"],
    ),
    "us.anthropic.claude-3-7-sonnet-20250219-v1:0": Rule(
        {"streaming": False},
        "a native body",
        ("streams",),
        lambda body: b"anthropic_version" in body["body"],
        CLIENT,
        STREAM,
    ),
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": Rule(
        {"parallel_off": False},
        "a framework's one call at a time",
        ("a wish for one tool call at a time",),
        lambda body: not body.get("additionalModelRequestFields"),
        CLIENT,
    ),
}
WAYS = [
    pytest.param(model, asker, colour, form, id=f"{model.removeprefix('acme.')}-{asker}-{colour}-{form}")
    for model, rule in RULES.items()
    for asker in rule.askers
    for colour in ("sync", "async")
    for form in rule.forms
]


class Wish(NamedTuple):
    """A wish that was said out loud, and what a model lacks for it."""

    lacks: dict[str, Any]
    wish: str
    hint: str
    askers: tuple[str, ...] = ALL


EXPLICIT: dict[str, Wish] = {
    "acme.lacks-tools": Wish({"tools": False}, "tools", "capabilities={'tools': True}"),
    "acme.lacks-choices": Wish({"tool_choices": ["auto"]}, "a forced tool", "choices it takes"),
    "acme.lacks-caching": Wish({"cache_places": []}, "a cache point", "leave the cache points out"),
    "acme.lacks-hours": Wish({"cache_ttls": ["5m"]}, "an hour's caching", "leave the ttl out"),
    "acme.lacks-temperature": Wish(
        {"sampling_refused": ["temperature"]}, "a temperature", "leave temperature out"
    ),
    "acme.lacks-strictness": Wish(
        {"structured_output": "tool"}, "a strict tool", "leave out", ("client", "langchain")
    ),
    "acme.lacks-schemas": Wish(
        {"structured_output": "tool"}, "a JSON schema", "leave out", ("client", "langchain")
    ),
    "acme.lacks-images": Wish({"media": ["document"]}, "an image", "leave out"),
    "acme.lacks-reasoning": Wish({"reasoning": "none"}, "reasoning", "leave reasoning out"),
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": Wish(
        {"parallel_off": False}, "one call at a time", "leave parallel_tool_calls out"
    ),
    "acme.lacks-prefill": Wish({"prefill": False}, "an answer begun", "end it with a user message"),
}
SAID_OUT_LOUD = [
    pytest.param(model, asker, colour, form, id=f"{model.removeprefix('acme.')}-{asker}-{colour}-{form}")
    for model, wish in EXPLICIT.items()
    for asker in wish.askers
    for colour in ("sync", "async")
    for form in FORMS
]
FORGETFUL = "acme.of-short-prompts"


@pytest.fixture(scope="module")
def running() -> Iterator[LocalBedrock]:
    lacking = {name: row.lacks for name, row in (RULES | EXPLICIT).items()}
    with LocalBedrock(models={**lacking, FORGETFUL: {}}) as endpoint:
        yield endpoint


@pytest.fixture
def account(running: LocalBedrock) -> LocalBedrock:
    running.forget()
    return running


def refused(request: ServedRequest) -> bool:
    return request.error is not None or request.status >= 400


def quietly(asker: Asker, colour: Colour, form: Form) -> Any:
    """The answer of one call that warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", CapabilityWarning)
        return asker.ask(colour, form)[0]


def test_no_profile_knows_what_these_models_lack() -> None:
    for model, row in (RULES | EXPLICIT).items():
        known = profile_of(model)
        assert known.name == "" or not model.startswith("acme.")
        assert profile_of(model, overrides=row.lacks) != known, model


@pytest.mark.parametrize(("model", "asker", "colour", "form"), WAYS)
def test_what_nobody_asked_for_gives_way_once(
    account: LocalBedrock, model: str, asker: str, colour: Colour, form: Form
) -> None:
    rule = RULES[model]
    asking = ASKERS[asker](account, model, rule.wish)
    with pytest.warns(CapabilityWarning) as warned:
        first, second = asking.ask(colour, form, times=2)
    served = account.requests
    # The first call is refused and sent again, the second is right at once.
    times = len(rule.denies)
    assert [refused(request) for request in served] == [*[True] * times, False, False]
    for request in served[times:]:
        assert rule.sent(request.body), request.body
        streamed = request.operation in ("ConverseStream", "InvokeModelWithResponseStream")
        assert streamed is (form == "stream" and rule.forms is FORMS)
    for answer in (first, second):
        assert answer
        if rule.wish.startswith("an object") and asker != "client":
            assert answer == Book(title="Emma")
    told = [str(warning.message) for warning in warned if warning.category is CapabilityWarning]
    assert len(told) == times
    for message, denied in zip(told, rule.denies, strict=True):
        assert message.startswith(f"{model} refused {denied}: ") and "issue tracker" in message


@pytest.mark.parametrize(
    ("model", "asker"),
    [*((model, "client") for model in RULES), *(("acme.no-caching", name) for name in ALL[1:])],
)
def test_another_client_has_to_learn_it_by_itself(account: LocalBedrock, model: str, asker: str) -> None:
    rule = RULES[model]
    for _ in range(2):
        account.forget()
        with pytest.warns(CapabilityWarning):
            ASKERS[asker](account, model, rule.wish).ask("sync", rule.forms[0])
        assert sum(map(refused, account.requests)) == len(rule.denies)


@pytest.mark.parametrize("model", [name for name, rule in RULES.items() if rule.forms is FORMS])
def test_what_was_learned_in_one_way_holds_in_all_of_a_client(account: LocalBedrock, model: str) -> None:
    asking = ASKERS["client"](account, model, RULES[model].wish)
    with pytest.warns(CapabilityWarning):
        asking.ask("async", "stream")
    account.forget()
    for colour in ("sync", "async"):
        for form in FORMS:
            quietly(asking, colour, form)
    assert len(account.requests) == 4 and not any(map(refused, account.requests))


def test_what_one_model_refused_is_asked_of_another(account: LocalBedrock) -> None:
    asking = ASKERS["client"](account, "acme.no-caching", "caching")
    with pytest.warns(CapabilityWarning):
        asking.ask("sync", "whole")
    asking._request["modelId"] = FORGETFUL  # type: ignore[attr-defined]
    quietly(asking, "sync", "whole")
    assert _points(account.requests[-1].body, "system")


@pytest.mark.parametrize(("model", "asker", "colour", "form"), SAID_OUT_LOUD)
def test_a_wish_said_out_loud_is_an_error_with_the_way_out(
    account: LocalBedrock, model: str, asker: str, colour: Colour, form: Form
) -> None:
    wish = EXPLICIT[model]
    asking = ASKERS[asker](account, model, wish.wish)
    for _ in range(2 if asker == "client" else 1):  # nothing is remembered that would change the answer
        account.forget()
        with pytest.raises(BedrockError) as caught:
            quietly(asking, colour, form)
        assert isinstance(caught.value, InvalidRequestError)
        assert len(account.requests) == 1 and refused(account.requests[0])
        assert caught.value.status in (400, 403) and caught.value.request_id
        assert model in str(caught.value)
        assert refusal_of(caught.value.message) is not None
        assert wish.hint in str(caught.value.hint)


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("form", FORMS)
def test_points_behind_too_few_tokens_give_way_in_that_one_request(
    account: LocalBedrock, colour: Colour, form: Form
) -> None:
    """GoModel's rule. A longer prompt of the same client is cached again."""
    few = (
        "The cachePoint at messages.0.content.1 is below the minimum number of tokens for a cache checkpoint."
    )
    asking = ASKERS["client"](account, FORGETFUL, "caching")
    account.inject(Fault.error("ValidationException", few))
    with pytest.warns(CapabilityWarning, match="refused cache points behind so few tokens") as warned:
        asking.ask(colour, form)
    assert "later calls" not in str(warned[0].message)
    quietly(asking, colour, form)
    assert [_points(request.body or {}, "system") for request in account.requests[1:]] == [False, True]


def test_a_model_that_says_no_to_everything_is_asked_a_few_times_only(account: LocalBedrock) -> None:
    both = (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive"',
        "adaptive thinking is not supported on this model",
    )
    for text in both * 4:
        account.inject(Fault.error("ValidationException", f"The model returned the following errors: {text}"))
    asking = ASKERS["client"](account, "us.anthropic.claude-opus-4-20250514-v1:0", "reasoning")
    try:
        with pytest.warns(CapabilityWarning), pytest.raises(InvalidRequestError):
            asking.ask("sync", "whole")
        assert len(account.requests) <= 3
    finally:
        account.heal()
