"""create_agent with a response format, and a conversation that is kept."""

from langchain.agents import create_agent
from langchain_aws import ChatBedrockConverse
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel


class Tide(BaseModel):
    """A tide."""

    harbour: str
    hour: int


def check_tide(harbour: str) -> str:
    """The tide of a harbour."""
    return f"High tide in {harbour} at six."


agent = create_agent(
    ChatBedrockConverse(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0"),
    tools=[check_tide],
    response_format=Tide,
    checkpointer=InMemorySaver(),
)
thread = {"configurable": {"thread_id": "1"}}
result = agent.invoke({"messages": [{"role": "user", "content": "When is high tide in Vell?"}]}, thread)
print(repr(result["structured_response"]))
print([message.type for message in result["messages"]])
