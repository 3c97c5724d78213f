"""reasoning_effort for families that take it, and Anthropic's cache_control of a call."""

from langchain_aws import ChatBedrockConverse

RULES = "The harbour of Vell closes at nine in the evening. " * 150
for model_id in ("us.anthropic.claude-sonnet-5", "openai.gpt-oss-120b-1:0", "us.amazon.nova-2-lite-v1:0"):
    model = ChatBedrockConverse(model=model_id, reasoning_effort="high")
    print(model_id, model.invoke("The sea is blue. Which colour has the sea?").text)
cached = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
control = {"type": "ephemeral", "ttl": "5m"}
answer = cached.invoke([("system", RULES), ("human", "When?")], cache_control=control)
print(answer.usage_metadata["input_token_details"])
