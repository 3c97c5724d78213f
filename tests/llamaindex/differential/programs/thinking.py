"""Extended thinking with a budget, in the answer and in the stream, and the second turn."""

from llama_index.core.base.llms.types import TextBlock, ThinkingBlock
from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(
    model="us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    max_tokens=8192,
    temperature=1.0,
    thinking={"type": "enabled", "budget_tokens": 1024},
)
question = ChatMessage(role="user", content="What is the cube root of 50.653?")
response = llm.chat([question])
for block in response.message.blocks:
    if isinstance(block, ThinkingBlock):
        print("thinking", block.content, block.additional_information)
    elif isinstance(block, TextBlock):
        print("text", block.text)
print(llm.chat([question, response.message, ChatMessage(content="And its square?")]).message.content)
thoughts = ""
for r in llm.stream_chat([question]):
    thoughts += (
        r.additional_kwargs.get("thinking_delta") or r.message.additional_kwargs.get("thinking_delta") or ""
    )
print(thoughts)
print(r.message.content, [type(block).__name__ for block in r.message.blocks])
