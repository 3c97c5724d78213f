"""A history with tools and without, of several roles, with text that says nothing."""

from llama_index.core.base.llms.types import TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(model="us.amazon.nova-lite-v1:0")
call = ToolCallBlock(tool_call_id="tooluse_1", tool_name="tide", tool_kwargs={"harbour": "Vell"})
history = [
    ChatMessage(role="system", content="You are a harbour guide."),
    ChatMessage(role="user", content="When is high tide?"),
    ChatMessage(role="assistant", blocks=[TextBlock(text="I look."), call]),
    ChatMessage(role="tool", content="At six.", additional_kwargs={"tool_call_id": "tooluse_1"}),
]
blank = ChatMessage(role="user", blocks=[TextBlock(text=" "), TextBlock(text="Tea is at four. When is tea?")])
developer = [ChatMessage(role="developer", content="Be brief."), ChatMessage(role="user", content="Hello.")]
in_a_row = [
    ChatMessage(role="user", content="Tea is at four."),
    ChatMessage(role="user", content="When is tea?"),
]
for messages in (history, [blank], developer, in_a_row):
    try:
        print(llm.chat(messages).message.role)
    except Exception as error:
        print("refused", type(error).__name__)
