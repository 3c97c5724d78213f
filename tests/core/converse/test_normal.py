"""What the normaliser does to a conversation, rule by rule; that it is enough says test_any_history.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bedrock_unified.converse import cleaning
from bedrock_unified.converse.normal import normalised
from bedrock_unified.converse.results import NO_RESULT
from bedrock_unified.converse.tools import NONE
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.models.profile import Profile
from bedrock_unified.wire import json_codec

from .histories import Block, Turn

ANY = Profile()


def user(*content: Block | str) -> Turn:
    return {
        "role": "user",
        "content": [{"text": part} if isinstance(part, str) else part for part in content],
    }


def assistant(*content: Block | str) -> Turn:
    return {**user(*content), "role": "assistant"}


def call(identity: str, name: str = "add", **given: Any) -> Block:
    return {"toolUse": {"toolUseId": identity, "name": name, "input": given}}


def result(identity: str, *content: Block | str, **more: Any) -> Block:
    return {"toolResult": {"toolUseId": identity, "content": user(*content)["content"], **more}}


def settle(*turns: Turn, profile: Profile = ANY, **members: Any) -> dict[str, Any]:
    """The normalised request; what it was made of is left as it was."""
    request = {"modelId": "vendor.model-v1:0", "messages": list(turns), **members}
    before = copy.deepcopy(request)
    settled = normalised(request, profile).request
    assert request == before, "the caller's request was changed"
    assert normalised(settled, profile).request is settled, "twice is not once"
    return dict(settled)


def turns(*given: Turn, profile: Profile = ANY, **members: Any) -> list[Turn]:
    return settle(*given, profile=profile, **members)["messages"]


# Turns


def test_a_plain_conversation_is_the_same_object() -> None:
    for request in (
        {"messages": [user("Hi")]},
        {"messages": [user("Hi"), assistant("Hello"), user("Well?")], "system": [{"text": "Be brief."}]},
        {"messages": [user("Hi")], "toolConfig": {"tools": [{"toolSpec": {"name": "add"}}]}},
        {
            "messages": [user("1+1?"), assistant(call("a")), user(result("a", "2"), "Sure?")],
            "toolConfig": {"tools": [{"toolSpec": {"name": "add"}}], "toolChoice": {"auto": {}}},
        },
    ):
        settled = normalised(request, ANY)
        assert settled.request is request
        assert not settled.names


def test_blocks_that_stay_are_shared() -> None:
    first, second = {"image": {"format": "png", "source": {"bytes": b"1"}}}, {"text": "b"}
    (turn,) = turns(user(first, " "), user(second))
    assert turn["content"][0] is first
    assert turn["content"][1] is second


def test_neighbours_of_one_role_become_one_turn() -> None:
    assert turns(user("a"), user("b"), assistant("c"), assistant(" "), assistant("d"), user("e")) == [
        user("a", "b"),
        assistant("c", "d"),
        user("e"),
    ]


def test_a_conversation_begins_with_the_user() -> None:
    assert turns(assistant("How can I help?"), user("Sing.")) == [
        user("."),
        assistant("How can I help?"),
        user("Sing."),
    ]


def test_a_system_turn_in_mid_conversation_keeps_its_place() -> None:
    added = {"role": "system", "content": [{"toolAddition": {"tool": {"name": "search"}}}]}
    given = (user("a"), assistant("b"), added, user("c"))
    assert turns(*given) == list(given)
    assert turns(added, user("c")) == [user("."), added, user("c")]


def test_a_system_turn_is_the_users_for_a_model_without_system_prompts() -> None:
    silent = ANY._replace(system=False)
    said = {"role": "system", "content": [{"text": "Be kind."}]}
    assert turns(user("a"), assistant("b"), said, user("c"), profile=silent)[2:] == [user("Be kind.", "c")]
    answered = turns(
        user("q"), assistant(call("a")), said, user(result("a", "1")), profile=silent._replace(tools=True)
    )
    assert answered[2:] == [user(result("a", "1"), "Be kind.")]
    added = {"role": "system", "content": [{"toolAddition": {"tool": {"name": "search"}}}]}
    assert turns(user("a"), assistant("b"), added, user("c"), profile=silent)[2] == added


def test_nothing_but_blank_text_is_an_error() -> None:
    with pytest.raises(InvalidRequestError, match="nothing but blank text") as caught:
        settle(user(" "), assistant(""))
    assert caught.value.hint


def test_the_end_of_a_prefilled_answer_has_no_white_space() -> None:
    assert turns(user("JSON!"), assistant("Sure: ", "{ \n"))[1] == assistant("Sure: ", "{")
    point = {"cachePoint": {"type": "default"}}
    assert turns(user("JSON!"), assistant("{ ", point))[1] == assistant("{", point)
    assert turns(user("a"), assistant("b "), user("c"))[1] == assistant("b ")


def test_a_model_that_continues_no_answer_is_not_asked_to() -> None:
    with pytest.raises(InvalidRequestError, match="ends with an answer") as caught:
        settle(user("JSON!"), assistant("{"), profile=ANY._replace(prefill=False))
    assert "capabilities={'prefill': True}" in str(caught.value.hint)
    assert settle(user("Hi"), assistant(" "), profile=ANY._replace(prefill=False))["messages"] == [user("Hi")]


@pytest.mark.parametrize(
    "members",
    [
        {"toolConfig": {"tools": [{"toolSpec": {"name": "a"}}], "toolChoice": {"any": {}}}},
        {"toolConfig": {"tools": [{"toolSpec": {"name": "a"}}], "toolChoice": {"tool": {"name": "a"}}}},
        {"outputConfig": {"textFormat": {"type": "json_schema"}}},
    ],
)
@pytest.mark.parametrize("prefill", [False, True])
def test_where_an_answer_must_be_a_call_or_by_a_schema_none_is_continued(
    members: dict[str, Any], prefill: bool
) -> None:
    profile = ANY._replace(prefill=prefill)
    assert turns(user("a"), assistant("b"), profile=profile, **members)[1:] == [assistant("b"), user(".")]
    called = turns(user("a"), assistant(call("x")), profile=profile, **members)
    assert called[2] == user(result("x", NO_RESULT, status="error"), ".")


@pytest.mark.parametrize("history", [[user("a"), assistant("b")], [user("a"), assistant(call("x"))]])
@pytest.mark.parametrize("prefill", [False, True])
def test_beside_tools_an_answer_is_continued_by_models_that_do(history: list[Turn], prefill: bool) -> None:
    tools = {"toolConfig": {"tools": [{"toolSpec": {"name": "a"}}]}}
    settled = turns(*history, profile=ANY._replace(prefill=prefill), **tools)
    assert len(settled) == (2 if prefill else 3)


# System


def test_a_system_prompt_stands_before_the_first_user_text_of_a_model_without() -> None:
    """RQ 2.B: Mistral 7B and 8x7B refuse the system member."""
    mistral = ANY._replace(system=False)
    system = [{"text": "Be brief."}, {"text": " "}, {"text": "Be kind."}]
    settled = settle(user("Hi"), assistant("Hello"), user("So?"), profile=mistral, system=system)
    assert "system" not in settled
    assert settled["messages"] == [user("Be brief.\n\nBe kind.\n\nHi"), assistant("Hello"), user("So?")]
    picture = {"image": {"format": "png", "source": {"bytes": b"1"}}}
    guarded = {"guardContent": {"text": {"text": "rule"}}}
    settled = settle(user(picture), profile=mistral, system=[{"text": "a"}, guarded, {"text": "b"}])
    assert settled["messages"] == [user("a", guarded, "b", picture)]


def test_blank_system_text_is_dropped() -> None:
    assert settle(user("Hi"), system=[{"text": " "}, {"text": "Be brief."}])["system"] == [
        {"text": "Be brief."}
    ]
    assert "system" not in settle(user("Hi"), system=[{"text": ""}])
    assert settle(user("Hi"), system=[])["system"] == []


# Tool results


def test_results_stand_first_and_in_the_order_of_the_calls() -> None:
    point = {"cachePoint": {"type": "default"}}
    asked = assistant(call("a"), call("b"))
    given = user("Look:", result("b", "2"), point, result("a", "1"))
    assert turns(user("q"), asked, given)[2] == user(result("a", "1"), result("b", "2"), "Look:", point)


def test_results_of_parallel_calls_in_turns_of_their_own_come_together() -> None:
    given = turns(user("q"), assistant(call("a"), call("b")), user(result("b", "2")), user(result("a", "1")))
    assert given[2:] == [user(result("a", "1"), result("b", "2"))]


def test_a_result_that_came_later_moves_up_to_its_call() -> None:
    given = turns(
        user("q"), assistant(call("a")), user("Wait."), assistant("Yes?"), user(result("a", "1"), "There.")
    )
    assert given[2:] == [user(result("a", "1"), "Wait."), assistant("Yes?"), user("There.")]


def test_a_last_turn_of_late_results_stays_the_last() -> None:
    given = turns(user("q"), assistant(call("a")), user("Wait."), assistant("Yes?"), user(result("a", "1")))
    assert given[2:] == [
        user(result("a", NO_RESULT, status="error"), "Wait."),
        assistant("Yes?"),
        user("[tool result a]\n1"),
    ]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    missing = result("b", NO_RESULT, status="error")
    asked = assistant(call("a"), call("b"))
    assert turns(user("q"), asked, user(result("a", "1")))[2] == user(result("a", "1"), missing)
    assert turns(user("q"), asked, assistant("Never mind."), user("So?"))[1] == assistant(
        *asked["content"], "Never mind."
    )
    silent = turns(user("q"), asked, user("So?"), profile=ANY._replace(tool_result_status=False))
    assert silent[2] == user(result("a", NO_RESULT), result("b", NO_RESULT), "So?")


def test_calls_that_a_conversation_ends_with_wait_for_their_results() -> None:
    assert turns(user("q"), assistant(call("a"))) == [user("q"), assistant(call("a"))]


def test_a_result_without_a_call_is_told_as_text() -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"1"}}}
    cut_off = user(result("x", "sunny", {"json": {"t": 20}}, picture, status="error"), "So?")
    assert turns(cut_off) == [user('[tool result x, an error]\nsunny\n{"t":20}', picture, "So?")]
    twice = user(result("a", "1"), result("a", "2"))
    assert turns(user("q"), assistant(call("a")), twice)[2] == user(result("a", "1"), "[tool result a]\n2")


def test_calls_of_one_id_are_told_apart() -> None:
    given = turns(
        user("q"),
        assistant(call("call_0", x=1)),
        user(result("call_0", "1")),
        assistant(call("call_0", x=2)),
        user(result("call_0", "2")),
    )
    first, second = (given[place]["content"][0]["toolUse"]["toolUseId"] for place in (1, 3))
    assert first == "call_0" != second
    assert given[4] == user(result(second, "2"))
    longer = turns(*given, assistant("Fine."), user("So?"))
    assert longer[: len(given)] == given


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, {}),
        ("", {}),
        ('{"x": 1}', {"x": 1}),
        ('{"x": ', {"malformed_json": '{"x": '}),
        ([1, "b"], {"malformed_json": '[1,"b"]'}),
        (7, {"malformed_json": "7"}),
    ],
)
def test_the_input_of_a_call_is_an_object(given: Any, sent: dict[str, Any]) -> None:
    """A model's broken JSON stays text in an answer, which goes back with the next turn."""
    broken = {"toolUse": {"toolUseId": "a", "name": "add", "input": given}}
    settled = turns(user("q"), assistant(broken), user(result("a", "1")))
    assert settled[1]["content"][0]["toolUse"]["input"] == sent
    told = turns(user("q"), assistant(broken), user(result("a", "1")), profile=ANY._replace(tools=False))
    assert json_codec.dumps(sent).decode() in told[1]["content"][0]["text"]


def test_what_bedrock_ran_itself_stays_where_it_was() -> None:
    """As recorded: bx71b0b68fcfeafd."""
    ran = {"toolUse": {**call("s", "nova_code_interpreter")["toolUse"], "type": "server_tool_use"}}
    gave = result("s", {"json": {"stdOut": "7"}}, type="nova_code_interpreter_result", status="success")
    given = [user("q"), assistant(ran, gave, call("a")), user(result("a", "1"), "Now?")]
    assert turns(*given, toolConfig={"tools": [{"systemTool": {"name": "nova_code_interpreter"}}]}) == given


def test_an_empty_result_says_so_and_blank_text_in_it_is_dropped() -> None:
    given = user(result("a", " "), result("b", "", "2"), result("c"))
    settled = turns(user("q"), assistant(call("a"), call("b"), call("c")), given)[2]
    assert settled == user(result("a", "(no output)"), result("b", "2"), result("c", "(no output)"))


def test_media_that_a_model_does_not_read_in_results_stand_beside_them() -> None:
    """As recorded for Nova 2: bx9c055ac7ad20a0 answers what bxbe93bd2e408fba refuses."""
    film = {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/film.mp4"}}}}
    picture = {"image": {"format": "png", "source": {"bytes": b"1"}}}
    nova = ANY._replace(tool_result_media=frozenset({"image"}))
    given = turns(user("q"), assistant(call("a")), user(result("a", picture, film), "So?"), profile=nova)[2]
    held, label, beside, more = given["content"]
    assert held["toolResult"]["content"][0] == picture
    assert held["toolResult"]["content"][1]["text"].removeprefix("See ").rstrip(".") in label["text"]
    assert (beside, more) == (film, {"text": "So?"})


def test_what_a_model_does_not_take_beside_results_stands_in_a_turn_of_its_own() -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"1"}}}
    text_alone = ANY._replace(beside_tool_result=frozenset({"text"}))
    asked = assistant(call("a"))
    assert turns(user("q"), asked, user(result("a", "1"), "So?"), profile=text_alone)[2:] == [
        user(result("a", "1"), "So?")
    ]
    given = turns(user("q"), asked, user(result("a", "1"), "See:", picture), profile=text_alone)
    assert given[2:] == [user(result("a", "1")), assistant("."), user("See:", picture)]


def test_results_stand_right_behind_their_calls_before_a_system_turn() -> None:
    added = {"role": "system", "content": [{"toolAddition": {"tool": {"name": "search"}}}]}
    given = turns(user("q"), assistant(call("a")), added, user(result("a", "1"), "So?"))
    assert given[1:] == [assistant(call("a")), user(result("a", "1")), added, user("So?")]


# Tools that are not offered


def test_the_tools_of_a_history_are_declared_where_none_are_offered() -> None:
    settled = settle(user("q"), assistant(call("a", "math.add")), user(result("a", "1")))
    assert settled["toolConfig"] == {
        "tools": [
            {"toolSpec": {"name": "math_add", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
        ]
    }
    for empty in ({"tools": []}, {"tools": [], "toolChoice": {"auto": {}}}):
        assert settle(user("q"), toolConfig=empty) == {
            "modelId": "vendor.model-v1:0",
            "messages": [user("q")],
        }


@pytest.mark.parametrize("tools", [True, False])
def test_a_history_of_tools_is_told_where_none_may_be_called(tools: bool) -> None:
    """CX 4.B, and GM 17 for ``tool_choice="none"``."""
    picture = {"image": {"format": "png", "source": {"bytes": b"1"}}}
    config = {"tools": [{"toolSpec": {"name": "math.add"}}], "toolChoice": dict(NONE)} if tools else None
    settled = settle(
        user("q"),
        assistant("Well:", call("c/1", "math.add", x=1)),
        user(result("c/1", "two", {"json": {"n": 2}}, picture), "So?"),
        profile=ANY._replace(tools=tools),
        **({"toolConfig": config} if config else {}),
    )
    assert "toolConfig" not in settled
    assert settled["messages"][1:] == [
        assistant("Well:", '[tool call c/1: math.add({"x":1})]'),
        user('[tool result c/1]\ntwo\n{"n":2}', picture, "So?"),
    ]


def test_a_prompt_of_prompt_management_has_turns_of_its_own() -> None:
    prompt = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1"
    given = [assistant("Hello"), user(result("a", "1"), "So?")]
    assert settle(*given, modelId=prompt)["messages"] == given
    assert "toolConfig" not in settle(*given, modelId=prompt)
    assert settle(user(" "), modelId=prompt)["messages"] == []


# Reasoning


@pytest.mark.parametrize(
    ("mode", "kept"),
    [
        ("any", ["signed", "free", "hidden"]),
        ("signed", ["signed", "hidden"]),
        ("unsigned", ["unsigned", "free"]),
        ("none", []),
    ],
)
def test_reasoning_of_earlier_answers_is_sent_to_those_who_take_it(
    mode: str, kept: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    cleaning._tell_of_dropping.cache_clear()
    blocks = {
        "signed": {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        "free": {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
        "hidden": {"reasoningContent": {"redactedContent": b"1"}},
        "empty": {"reasoningContent": {"reasoningText": {"text": ""}}},
    }
    without = {"unsigned": {"reasoningContent": {"reasoningText": {"text": "Hm."}}}}
    profile = ANY._replace(reasoning_in_history=mode)
    for _ in range(2):
        settled = turns(user("q"), assistant(*blocks.values(), "Yes."), user("So?"), profile=profile)
        assert settled[1] == assistant(*({**blocks, **without}[name] for name in kept), "Yes.")
    assert len(caplog.records) == (mode != "any")


# Documents


def document(name: str, data: bytes = b"1") -> Block:
    return {"document": {"format": "pdf", "name": name, "source": {"bytes": data}}}


def test_names_of_documents_are_made_safe_and_unique() -> None:
    given = user("q", document("Q1/2026.pdf"), document("plan"), document("plan", b"2"), document("報告"))
    names = [block["document"]["name"] for block in turns(given)[0]["content"][1:]]
    assert names[:3] == ["Q1-2026", "plan", "plan-2"]
    assert names[3].startswith("document-")
    held = user(result("a", document("plan")))
    inner = turns(user("q", document("plan")), assistant(call("a")), held)[2]
    assert inner == user(result("a", document("plan-2")))


def test_the_names_of_documents_stay_when_the_conversation_grows() -> None:
    given = [user("q", document("a.b"), document("a-b"), document("a.b", b"2"))]
    for later in ("a/b", "a-b-3"):  # one that gets a name of the others' kind, and one that has such a name
        longer = turns(*given, assistant("Yes."), user("And?", document(later)))
        assert longer[:1] == turns(*given)


def test_a_document_without_a_text_is_named_in_one() -> None:
    point = {"cachePoint": {"type": "default"}}
    assert turns(user(document("plan"), point)) == [user(document("plan"), "Document: plan", point)]
    two = user(document("a"), document("b"))
    assert turns(two) == [user(document("a"), document("b"), "Documents: a, b")]
    assert turns(user(document("a"), "Read.")) == [user(document("a"), "Read.")]


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "Hi",
        [{"role": "user"}],
        ["Hi"],
        [{"role": "user", "content": "Hi"}],
        [{"role": "user", "content": [{"toolUse": 1}]}],
    ],
)
def test_what_is_no_request_is_left_for_others_to_refuse(messages: Any) -> None:
    request = {"messages": messages}
    assert normalised(request, ANY).request is request
