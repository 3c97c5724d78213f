"""LangChain's standard content blocks, in and out, and output_version="v1"."""

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

model = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", output_version="v1")
answer = model.invoke("Weather in Oslo?")
print([block["type"] for block in answer.content])
print(answer.text, answer.tool_calls)
history = [
    HumanMessage("Weather in Rome and Oslo?"),
    AIMessage(
        content=[
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "tooluse_o1", "name": "weather", "input": {"place_name": "Rome"}},
        ],
        tool_calls=[{"id": "tooluse_o1", "name": "weather", "args": {"place_name": "Rome"}}],
    ),
    ToolMessage(content=[{"type": "text", "text": "Rain"}], tool_call_id="tooluse_o1"),
    HumanMessage("Thank you."),
]
weather = {"name": "weather", "description": "Weather.", "input_schema": {"type": "object", "properties": {}}}
print(model.bind_tools([weather]).invoke(history).text)
print(type(ChatBedrockConverse(model="us.amazon.nova-lite-v1:0").invoke("Hello.").content).__name__)
