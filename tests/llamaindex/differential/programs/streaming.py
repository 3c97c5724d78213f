"""Streams: of a completion, of a chat, and what their last item holds."""

from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(
    model="us.anthropic.claude-3-5-haiku-20241022-v1:0", region_name="us-east-1", max_tokens=200
)
for r in llm.stream_complete("The ferry leaves Vell at nine. When does the ferry leave Vell?"):
    print(r.delta, end="|")
print()
print(r.text)
messages = [ChatMessage(role="user", content="The ferry leaves Vell at nine. When does the ferry leave?")]
for r in llm.stream_chat(messages):
    print(r.delta, end="|")
print()
print(r.message.content)
print(r.additional_kwargs["prompt_tokens"] > 0, r.additional_kwargs["completion_tokens"] > 0)
print(r.raw.get("stopReason"))
print(sorted(r.raw))
