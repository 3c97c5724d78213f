"""Prompt caching by create_cache_point, in the system prompt, among the tools and in a message."""

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool

RULES = "The harbour of Vell closes at nine in the evening. " * 150


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


model = ChatBedrockConverse(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", max_tokens=100)
cache_point = ChatBedrockConverse.create_cache_point()
print(cache_point)
messages = [
    SystemMessage(content=[{"type": "text", "text": RULES}, cache_point]),
    HumanMessage(content=[{"type": "text", "text": "When does the harbour close?"}]),
]
for _ in range(2):
    print(model.invoke(messages).usage_metadata)
with_tools = model.bind_tools([add, cache_point])
message = HumanMessage(content=[{"text": RULES, "type": "text"}, cache_point])
print(with_tools.invoke([message]).usage_metadata)
bound = ChatBedrockConverse(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", system=[RULES, cache_point])
print(bound.invoke("When does the harbour close?").usage_metadata)
