"""LangGraph's own ``create_react_agent``, which many programs still build their agents with."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.tools import tool
from langgraph.prebuilt import create_react_agent
from pydantic import BaseModel

from bedrock_unified import LocalBedrock
from bedrock_unified.converse.tools import tool_spec
from langchain_bedrock_unified import ChatBedrock

from .rig import Colour, MakeRig, calls, run, text

pytestmark = pytest.mark.filterwarnings("ignore:create_react_agent has been moved")

ASKED: Any = {"messages": [("user", "How is the tide at Vell?")]}


@tool
def tide(harbour: str) -> str:
    """The tide at a harbour."""
    return f"The tide at {harbour} is low."


def bound(model: Any) -> Any:
    return model.bind_tools([tide], parallel_tool_calls=False)


def behind_a_prompt(model: Any) -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), MessagesPlaceholder("messages")])
    return (lambda messages: {"messages": messages}) | prompt | bound(model)


@pytest.mark.parametrize("made", [lambda model: model, bound, behind_a_prompt])
async def test_it_takes_the_model_and_the_model_with_its_tools(
    rig: MakeRig, colour: Colour, made: Any
) -> None:
    local = rig(calls(("tide", {"harbour": "Vell"})), text("It is low."))
    answered = await run(colour, create_react_agent(made(local.model()), [tide]), ASKED)
    assert answered["messages"][-1].text == "It is low."
    schema = {"properties": {"harbour": {"type": "string"}}, "required": ["harbour"], "type": "object"}
    for body in local.bodies:
        assert body["toolConfig"]["tools"] == [tool_spec("tide", "The tide at a harbour.", schema)]


def test_it_compares_the_tools_of_a_bound_model_with_its_own(rig: MakeRig) -> None:
    with pytest.raises(ValueError, match="other"):
        create_react_agent(bound(rig().model()), [tool("other", tide.func)])  # type: ignore[attr-defined]


class Level(BaseModel):
    """How high the water stands."""

    metres: int


@pytest.mark.parametrize(
    "name",
    [
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.anthropic.claude-opus-4-6-v1",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "amazon.nova-lite-v1:0",
        "openai.gpt-oss-120b-1:0",
    ],
)
async def test_it_ends_with_a_structured_answer(colour: Colour, name: str) -> None:
    """Which it asks for behind the model's own answer."""
    with LocalBedrock() as local:
        model = ChatBedrock(
            model=name, endpoint_url=local.url, api_key=local.API_KEY, region_name="us-east-1"
        )
        answered = await run(colour, create_react_agent(model, [tide], response_format=Level), ASKED)
        assert isinstance(answered["structured_response"], Level)
        assert all(request.error is None for request in local.requests)
        assert local.requests[-1].body["messages"][-1] == {"role": "user", "content": [{"text": "."}]}
