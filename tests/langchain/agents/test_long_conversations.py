"""Agents whose conversations grow: what LangChain's middleware reads in answers to keep them short."""

from __future__ import annotations

from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import AIMessage, HumanMessage

from .rig import Colour, MakeRig, run, text


async def test_the_tokens_that_an_answer_tells_of_have_a_history_summed_up(
    rig: MakeRig, colour: Colour
) -> None:
    """The estimate knows no tools and no images; LangChain believes an answer of the model's own provider."""
    local = rig(text("First."), text("They spoke of tides."), text("Good day."))
    model = local.model()
    summing = SummarizationMiddleware(
        model, trigger=("tokens", 20), keep=("messages", 1), token_counter=lambda _: 0
    )
    agent = create_agent(model, [], middleware=[summing])
    begun = [HumanMessage("a"), AIMessage("b"), HumanMessage("How is the tide, and when does it turn?")]
    first = await run(colour, agent, {"messages": begun})
    assert first["messages"][-1].usage_metadata["total_tokens"] >= 20
    second = await run(colour, agent, {"messages": [*first["messages"], HumanMessage("And now?")]})
    assert second["messages"][-1].text == "Good day." and len(second["messages"]) == 3
    assert "They spoke of tides." in str(local.bodies[2]["messages"])
