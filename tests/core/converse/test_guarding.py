"""Selective guarding: which blocks are marked for a guardrail to judge."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.guarding import WORDS, guarded
from bedrock_unified.errors import InvalidRequestError

from ..shapes import findings, values

GUARD = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
PNG: dict[str, Any] = {"format": "png", "source": {"bytes": b"p"}}
SOURCE = "The mill has three floors."
QUERY = "How many floors has the mill?"


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": b} if isinstance(b, str) else b for b in blocks]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def mark(text: str, *qualifiers: str) -> dict[str, Any]:
    return {
        "guardContent": {"text": {"text": text, **({"qualifiers": list(qualifiers)} if qualifiers else {})}}
    }


def request(*messages: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"modelId": "m", "messages": list(messages), "guardrailConfig": GUARD, **members}


RESULT = {"toolResult": {"toolUseId": "t", "content": [{"text": "42"}]}}
TALK = request(
    user("First", {"image": PNG}),
    assistant("Hm", {"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}),
    user("Second", {"cachePoint": {"type": "default"}}),
    assistant("Again"),
    user(RESULT),
    system=[{"text": "Be kind."}],
)


def test_none_leaves_the_request_alone() -> None:
    assert guarded(TALK, None) is TALK


def test_all_marks_every_text_and_image_of_the_users_turns() -> None:
    before = copy.deepcopy(TALK)
    marked = guarded(TALK, "all")
    assert before == TALK, "the caller's request was changed"
    assert marked == {
        **TALK,
        "messages": [
            user(mark("First"), {"guardContent": {"image": PNG}}),
            TALK["messages"][1],
            user(mark("Second"), {"cachePoint": {"type": "default"}}),
            TALK["messages"][3],
            user(RESULT),
        ],
    }
    assert marked["messages"][1] is TALK["messages"][1], "what did not change is shared"


def test_last_user_marks_the_last_turn_with_text_also_before_tool_results() -> None:
    marked = guarded(TALK, "last_user")
    changed = [index for index, turn in enumerate(marked["messages"]) if turn is not TALK["messages"][index]]
    assert changed == [2]
    assert marked["messages"][2]["content"][0] == mark("Second")


def test_text_beside_a_tool_result_is_marked_and_the_result_is_not() -> None:
    marked = guarded(request(user(RESULT, "And now?")), "last_user")
    assert marked["messages"][0]["content"] == [RESULT, mark("And now?")]


def test_marked_blocks_stay_as_they_are() -> None:
    own = mark("mine", "guard_content")
    marked = guarded(request(user(own, "other", " ")), "all")
    assert marked["messages"][0]["content"] == [own, mark("other"), {"text": " "}]


@pytest.mark.parametrize("where", ["messages", "system"])
def test_marked_insists_on_a_mark(where: str) -> None:
    blocks = {"system": [mark("x")]} if where == "system" else {}
    talk = request(user("hi", *([mark("x")] if where == "messages" else [])), **blocks)
    assert guarded(talk, "marked") is talk
    with pytest.raises(InvalidRequestError, match="no block of the request is marked"):
        guarded(TALK, "marked")


@pytest.mark.parametrize("word", ["all", "last_user"])
def test_where_nothing_can_be_marked_nothing_would_be_guarded(word: str) -> None:
    document = {"document": {"format": "pdf", "name": "d", "source": {"bytes": b"x"}}}
    with pytest.raises(InvalidRequestError, match="no block") as caught:
        guarded(request(user(document, RESULT)), word)
    assert "leave guard_content out" in str(caught.value.hint)


@pytest.mark.parametrize("word", [*WORDS, {"grounding_source": SOURCE, "query": QUERY}])
def test_without_a_guardrail_marks_would_guard_nothing(word: Any) -> None:
    talk = {"modelId": "m", "messages": [user(mark("x"))]}
    with pytest.raises(InvalidRequestError, match="without a guardrail guards nothing") as caught:
        guarded(talk, word)
    assert "guardrail_identifier" in str(caught.value.hint)


@pytest.mark.parametrize("word", [*WORDS, {"grounding_source": SOURCE, "query": QUERY}])
def test_rq_a_mark_inside_a_tool_result_is_an_error(word: Any) -> None:
    result = {"toolResult": {"toolUseId": "t7", "content": [mark("x")]}}
    with pytest.raises(InvalidRequestError, match="tool call 't7' has guardContent") as caught:
        guarded(request(user("hi", result)), word)
    assert "apply_guardrail" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ({"format": "gif", "source": {"bytes": b"g"}}, "a 'gif' image"),
        ({"format": "webp", "source": {"bytes": b"g"}}, "a 'webp' image"),
        ({"format": "png", "source": {"s3Location": {"uri": "s3://b/k"}}}, "an image in S3"),
    ],
)
def test_an_image_that_would_stay_unguarded_is_an_error(image: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"cannot read {said}") as caught:
        guarded(request(user("look", {"image": image})), "all")
    assert "png or jpeg" in str(caught.value.hint)
    earlier = request(user("look", {"image": image}), assistant("ok"), user("and?"))
    assert guarded(earlier, "last_user")["messages"][0] is earlier["messages"][0]


@pytest.mark.parametrize("word", ["some", True, 1, ["all"]])
def test_another_word_is_refused(word: Any) -> None:
    with pytest.raises(InvalidRequestError, match="guard_content=") as caught:
        guarded(TALK, word)
    assert "last_user" in str(caught.value.hint)


# Grounding


def test_source_and_query_that_are_blocks() -> None:
    """The question is judged by the other policies, too; marked as query alone it would not be."""
    marked = guarded(request(user(SOURCE, QUERY)), {"grounding_source": SOURCE, "query": QUERY})
    assert marked["messages"][0]["content"] == [
        mark(SOURCE, "grounding_source"),
        mark(QUERY, "query", "guard_content"),
    ]


def test_source_and_query_inside_one_text_divide_it() -> None:
    talk = request(user(f"Context:\n{SOURCE}\n\nQuestion: {QUERY}\n"))
    before = copy.deepcopy(talk)
    marked = guarded(talk, {"grounding_source": SOURCE, "query": QUERY})
    assert talk == before
    assert marked["messages"][0]["content"] == [
        {"text": "Context:\n"},
        mark(SOURCE, "grounding_source"),
        {"text": "\n\nQuestion: "},
        mark(f"{QUERY}\n", "query", "guard_content"),
    ]


def test_the_source_may_stand_in_the_system_prompt_and_the_query_in_a_turn() -> None:
    talk = request(
        user(QUERY),
        assistant("Three."),
        user(QUERY),
        system=[{"text": f"Use this: {SOURCE}"}, {"text": QUERY}],
    )
    marked = guarded(talk, {"grounding_source": SOURCE, "query": QUERY})
    assert marked["system"] == [
        {"text": "Use this: "},
        mark(SOURCE, "grounding_source"),
        {"text": QUERY},
    ]
    assert marked["messages"] == [
        user(QUERY),
        assistant("Three."),
        user(mark(QUERY, "query", "guard_content")),
    ]


def test_places_may_be_named_instead_of_texts() -> None:
    talk = request(user("old"), user(QUERY, {"image": PNG}), system=[{"text": SOURCE}])
    marked = guarded(talk, {"grounding_source": "system", "query": "last_user"})
    assert marked["system"] == [mark(SOURCE, "grounding_source")]
    assert marked["messages"] == [
        user("old"),
        user(mark(QUERY, "query", "guard_content"), {"guardContent": {"image": PNG}}),
    ]


def test_several_sources_and_what_is_judged_besides() -> None:
    talk = request(user("One. Two. Three?", "Also this."))
    wish = {"grounding_source": ["One.", "Two."], "query": "Three?", "guard_content": "Also this."}
    assert guarded(talk, wish)["messages"][0]["content"] == [
        mark("One.", "grounding_source"),
        mark(" Two.", "grounding_source"),  # white space may not stand alone
        mark(" Three?", "query", "guard_content"),
        mark("Also this.", "guard_content"),
    ]


def test_the_other_half_may_be_marked_by_hand() -> None:
    own = mark(SOURCE, "grounding_source")
    marked = guarded(request(user(own, QUERY)), {"query": QUERY})
    assert marked["messages"][0]["content"] == [own, mark(QUERY, "query", "guard_content")]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "an empty dict"),
        ({"source": SOURCE, "query": QUERY}, "no key 'source'"),
        ({"grounding_source": SOURCE}, "without query"),
        ({"query": QUERY}, "without grounding_source"),
        (
            {"grounding_source": "Not there.", "query": QUERY},
            r"its text \(10 characters\) stands in no message",
        ),
        ({"grounding_source": 7, "query": QUERY}, "is int"),
        ({"grounding_source": [SOURCE, " "], "query": QUERY}, "without text"),
        ({"grounding_source": [], "query": QUERY}, "without text"),
        ({"grounding_source": "system", "query": QUERY}, "marks nothing"),
    ],
)
def test_grounding_that_would_check_nothing_is_refused(wish: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said) as caught:
        guarded(request(user(SOURCE, QUERY)), wish)
    assert caught.value.hint
    assert SOURCE not in str(caught.value)


# Every request


@pytest.mark.parametrize("word", ["all", "last_user"])
@given(data=st.data())
def test_what_is_marked_is_valid_and_says_the_same(
    data: st.DataObject, runtime: ServiceModel, word: str
) -> None:
    message = runtime.shape_for("Message")
    talk = request(*data.draw(st.lists(values(message, 3), max_size=4)))
    before = copy.deepcopy(talk)
    try:
        marked = guarded(talk, word)
    except InvalidRequestError:
        assert talk == before
        return
    assert talk == before, "the caller's request was changed"
    for turn in marked["messages"]:
        assert findings(turn, message) == ""
    assert [_plain(turn) for turn in marked["messages"]] == [_plain(turn) for turn in talk["messages"]]


def _plain(turn: dict[str, Any]) -> list[Any]:
    """The blocks of a turn, marks taken off."""
    plain: list[Any] = []
    for block in turn["content"]:
        inner = block.get("guardContent") or {}
        if "text" in inner:
            plain.append({"text": inner["text"]["text"]})
        elif "image" in inner:
            plain.append({"image": inner["image"]["source"]})
        else:
            plain.append({"image": block["image"]["source"]} if "image" in block else block)
    return plain


@pytest.mark.parametrize("last", [user("."), user(RESULT, "."), user(RESULT)])
@pytest.mark.parametrize("wish", ["last_user", {"grounding_source": "system", "query": "last_user"}])
def test_the_last_user_turn_is_the_last_that_says_something(last: dict[str, Any], wish: Any) -> None:
    """What was put behind an answer so that a user has the last word is not what is to be judged."""
    asked = request(user(QUERY), assistant("Three."), last, system=[{"text": SOURCE}])
    turns = guarded(asked, wish)["messages"]
    assert turns[0]["content"][0]["guardContent"]["text"]["text"] == QUERY
    assert turns[2] == last


def test_where_nothing_else_was_said_the_filler_is_judged() -> None:
    assert guarded(request(user(".")), "last_user")["messages"] == [user(mark("."))]
