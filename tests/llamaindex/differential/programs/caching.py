"""Prompt caching: cache points in messages, after the system prompt, after the tools."""

from llama_index.core.base.llms.types import CacheControl, CachePoint, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.bedrock_converse import BedrockConverse

RULES = "The harbour of Vell closes at nine in the evening. " * 150 + "Nobody stays."


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


MODEL = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
llm = BedrockConverse(model=MODEL, max_tokens=100)
messages = [
    ChatMessage(
        role="system",
        blocks=[TextBlock(text=RULES), CachePoint(cache_control=CacheControl(type="default"))],
    ),
    ChatMessage(role="user", content="When does the harbour of Vell close?"),
]
for _ in range(2):
    response = llm.chat(messages)
    print(response.additional_kwargs["cache_read_input_tokens"] > 0)
    print(response.additional_kwargs["cache_creation_input_tokens"] > 0)
in_message = ChatMessage(
    role="user",
    blocks=[
        TextBlock(text=RULES),
        CachePoint(cache_control=CacheControl(type="default")),
        TextBlock(text="When does the harbour of Vell close?"),
    ],
)
print(llm.chat([in_message]).message.content)
long_lived = ChatMessage(
    role="user",
    blocks=[
        TextBlock(text=RULES),
        CachePoint(cache_control=CacheControl(type="ephemeral", ttl="1h")),
        TextBlock(text="When does the harbour of Vell close?"),
    ],
)
newer = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_tokens=100)
print(newer.chat([long_lived]).message.content)
cached = BedrockConverse(model=MODEL, max_tokens=100, system_prompt_caching=True, tool_caching=True)
print(
    cached.chat_with_tools(
        [FunctionTool.from_defaults(add)],
        chat_history=[
            ChatMessage(role="system", content=RULES),
            ChatMessage(role="user", content="When does the harbour of Vell close?"),
        ],
    ).message.content
    is not None
)
marked = ChatMessage(role="user", content=RULES, additional_kwargs={"cache_control": {"type": "ephemeral"}})
question = ChatMessage(role="user", content="When does the harbour of Vell close?")
print(llm.chat([marked, question]).message.content)
