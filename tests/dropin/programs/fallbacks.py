"""with_retry and with_fallbacks when a model is throttled or unknown."""

from langchain_aws import ChatBedrockConverse

throttled = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_retries=0)
spare = ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", max_retries=0)
question = "The sea is blue. Which colour has the sea?"
print(throttled.with_fallbacks([spare]).invoke(question).content)
print(throttled.with_retry(stop_after_attempt=3, wait_exponential_jitter=False).invoke(question).content)
try:
    throttled.invoke(question)
except Exception as error:
    print(type(error).__name__, error.response["Error"]["Code"])
