"""Any request of blocks that a family has a form for becomes JSON, and nothing that was said is lost."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.invoke.families import FAMILIES
from bedrock_unified.wire import json_codec

from ..shapes import documents, values

Block = dict[str, Any]

said = st.text(st.characters(codec="utf-8", exclude_characters="<[\x00"), max_size=6)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
ids = st.from_regex(r"[a-zA-Z0-9_.:-]{1,64}", fullmatch=True)
blobs = st.binary(min_size=1, max_size=8)
inputs = st.dictionaries(st.text(max_size=4), documents, max_size=2)
sources = st.one_of(
    st.fixed_dictionaries({"text": said}),
    st.fixed_dictionaries({"content": st.lists(st.fixed_dictionaries({"text": said}), max_size=2)}),
)

text = st.fixed_dictionaries({"text": said})
reasoning = st.fixed_dictionaries({"text": said}, optional={"signature": names}).map(
    lambda told: {"reasoningContent": {"reasoningText": told}}
)
redacted = names.map(lambda data: {"reasoningContent": {"redactedContent": data.encode()}})
image = blobs.map(lambda data: {"image": {"format": "png", "source": {"bytes": data}}})
document = st.fixed_dictionaries(
    {"name": names, "source": sources},
    optional={"context": said, "citations": st.fixed_dictionaries({"enabled": st.booleans()})},
).map(lambda told: {"document": told})
pdf = blobs.map(lambda data: {"document": {"name": "d", "format": "pdf", "source": {"bytes": data}}})
search_result = st.fixed_dictionaries(
    {"source": said, "title": said, "content": st.lists(text, max_size=2)}
).map(lambda told: {"searchResult": told})
location = st.fixed_dictionaries(
    {"documentIndex": st.integers(0, 9), "start": st.integers(0, 9), "end": st.integers(0, 9)}
).map(lambda told: {"documentChar": told})
citation = st.fixed_dictionaries({}, optional={"title": said, "location": location})
cited = st.fixed_dictionaries(
    {"content": st.lists(text, max_size=2), "citations": st.lists(citation, max_size=2)}
).map(lambda told: {"citationsContent": told})
guarded = said.map(lambda told: {"guardContent": {"text": {"text": told}}})
tool_use = st.fixed_dictionaries({"toolUseId": ids, "name": names, "input": inputs}).map(
    lambda told: {"toolUse": told}
)
json_part = documents.map(lambda value: {"json": value})


def tool_result(*parts: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    content = st.lists(st.one_of(*parts), max_size=2)
    result = st.fixed_dictionaries(
        {"toolUseId": ids, "content": content}, optional={"status": st.sampled_from(["success", "error"])}
    )
    return result.map(lambda told: {"toolResult": told})


#: What users and assistants say, and system prompts, of the blocks that each family has a form for.
SAYS = {
    "anthropic": (
        st.one_of(
            text, image, document, pdf, search_result, guarded,
            tool_result(text, json_part, image, document, search_result),
        ),
        st.one_of(text, reasoning, redacted, cited, tool_use),
        st.one_of(text, guarded),
    ),
    "openai": (
        st.one_of(text, image, guarded, tool_result(text, json_part)),
        st.one_of(text, reasoning, cited, tool_use),
        st.one_of(text, guarded),
    ),
    "meta": (st.one_of(text, guarded), st.one_of(text, cited), st.one_of(text, guarded)),
    "cohere": (st.one_of(text, guarded, document), st.one_of(text, cited), st.one_of(text, guarded)),
}  # fmt: skip


@st.composite
def requests(draw: st.DrawFn, kind: str) -> Block:
    by_user, by_assistant, by_system = SAYS[kind]
    turns: list[Block] = []
    for number in range(draw(st.integers(1, 4))):
        blocks = by_assistant if number % 2 else by_user
        role = "assistant" if number % 2 else "user"
        turns.append({"role": role, "content": draw(st.lists(blocks, min_size=1, max_size=3))})
    turns.append({"role": "user", "content": [{"text": "A question"}]})
    request: Block = {"messages": turns}
    if draw(st.booleans()):
        request["system"] = draw(st.lists(by_system, max_size=2))
    return request


@pytest.mark.parametrize("kind", FAMILIES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_said_reaches_the_model(kind: str, data: st.DataObject) -> None:
    request = data.draw(requests(kind))
    before = copy.deepcopy(request)
    body = FAMILIES[kind].body(request)
    assert request == before
    told = "\n".join(strings(json_codec.loads(json_codec.dumps(body))))
    for words in spoken(request):
        assert words in told, words


@pytest.mark.parametrize("kind", FAMILIES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_message_of_the_service_model_is_written_or_refused(kind: str, data: st.DataObject) -> None:
    shape = get_session().get_service_model("bedrock-runtime").shape_for("Message")
    request = {"messages": [data.draw(values(shape)), {"role": "user", "content": [{"text": "Hi"}]}]}
    try:
        body = FAMILIES[kind].body(request)
    except InvalidRequestError as error:
        assert error.hint
    else:
        json_codec.dumps(body)


@pytest.mark.parametrize("kind", ["anthropic", "openai", "cohere"])
def test_jsons_null_is_a_tools_result(kind: str) -> None:
    spec = {"name": "find", "inputSchema": {"json": {"type": "object", "properties": {}}}}
    request = {
        "messages": [
            {"role": "user", "content": [{"text": "A question"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "a", "name": "find", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [{"json": None}]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": spec}]},
    }
    assert "null" in list(strings(FAMILIES[kind].body(request)))


@pytest.mark.parametrize("kind", ["openai", "meta", "cohere"])
def test_a_turn_of_another_role_is_refused_and_not_left_out(kind: str) -> None:
    turns = [{"role": "user", "content": [{"text": "A question"}]}]
    with pytest.raises(InvalidRequestError, match="role 'narrator'"):
        FAMILIES[kind].body({"messages": [*turns, {"role": "narrator", "content": [{"text": "Hm."}]}]})


def test_a_system_turn_behind_coheres_question_is_refused_and_not_left_out() -> None:
    turns = [
        {"role": "user", "content": [{"text": "A question"}]},
        {"role": "system", "content": [{"text": "Be brief."}]},
    ]
    with pytest.raises(InvalidRequestError, match="role 'system'"):
        FAMILIES["cohere"].body({"messages": turns})


@pytest.mark.parametrize("kind", FAMILIES)
def test_additional_fields_must_be_a_dict(kind: str) -> None:
    turns = [{"role": "user", "content": [{"text": "A question"}]}]
    with pytest.raises(InvalidRequestError, match="additionalModelRequestFields is"):
        FAMILIES[kind].body({"messages": turns, "additionalModelRequestFields": ["top_k"]})


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def spoken(value: Any) -> Iterator[str]:
    """Everything in a request that is not blank and that a model is to read."""
    if isinstance(value, list):
        for item in value:
            yield from spoken(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "text" and isinstance(item, str):
                yield from [item] if item.strip() else []
            elif name == "input":
                yield from (told for told in strings(item) if json.dumps(told) == f'"{told}"')
            elif name in ("messages", "content", "system", "source") or isinstance(item, dict):
                yield from spoken(item)
