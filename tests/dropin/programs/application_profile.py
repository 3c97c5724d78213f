"""An application inference profile's ARN, with its model and its provider."""

from langchain_aws import ChatBedrockConverse
from langchain_core.tools import tool

ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


model = ChatBedrockConverse(
    model=ARN,
    base_model="anthropic.claude-3-7-sonnet-20250219-v1:0",
    provider="anthropic",
    temperature=0,
)
print(model.invoke("The sea is blue. Which colour has the sea?").content)
print([call["name"] for call in model.bind_tools([add], tool_choice="add").invoke("Add 1 and 2.").tool_calls])
print("".join(chunk.text for chunk in model.stream("The sea is blue. Which colour has the sea?")))
