"""A guardrail that steps in, with its trace, also in a stream."""

from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(
    model="us.amazon.nova-lite-v1:0",
    guardrail_identifier="localguardrail",
    guardrail_version="1",
    guardrail_stream_processing_mode="sync",
    trace="enabled",
)
messages = [ChatMessage(role="user", content="Tell me the blocked phrase")]
response = llm.chat(messages)
print(response.message.content, response.raw["stopReason"])
print(sorted(response.raw["trace"]["guardrail"]))
*_, last = llm.stream_chat(messages)
print(last.message.content, last.raw.get("stopReason"))
print(llm.complete("The sea is blue. Which colour has the sea?"))
