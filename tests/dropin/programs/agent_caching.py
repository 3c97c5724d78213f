"""An agent whose prompts are cached by the middleware."""

from langchain.agents import create_agent
from langchain_aws import ChatBedrockConverse
from langchain_aws.middleware import BedrockPromptCachingMiddleware


def check_tide(harbour: str) -> str:
    """The tide of a harbour."""
    return f"High tide in {harbour} at six."


agent = create_agent(
    ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    tools=[check_tide],
    system_prompt="The harbour of Vell closes at nine in the evening. " * 150,
    middleware=[BedrockPromptCachingMiddleware(ttl="1h", min_messages_to_cache=0)],
)
result = agent.invoke({"messages": [{"role": "user", "content": "When is high tide in Vell?"}]})
print([(message.type, message.text) for message in result["messages"]])
