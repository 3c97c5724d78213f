"""LangChain's create_agent with a tool, invoked and streamed."""

from langchain.agents import create_agent
from langchain_aws import ChatBedrockConverse


def check_tide(harbour: str) -> str:
    """The tide of a harbour."""
    return f"High tide in {harbour} at six."


model = ChatBedrockConverse(model="us.amazon.nova-pro-v1:0", temperature=0)
agent = create_agent(model, tools=[check_tide], system_prompt="You are a harbour guide.")
result = agent.invoke({"messages": [{"role": "user", "content": "When is high tide in Vell?"}]})
for message in result["messages"]:
    print(message.type, message.text, getattr(message, "tool_calls", None))
for update in agent.stream({"messages": [("user", "And in Storm?")]}, stream_mode="updates"):
    print(sorted(update), [message.text for part in update.values() for message in part["messages"]])
