"""Function calling without an agent."""

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.bedrock_converse import BedrockConverse
from pydantic import BaseModel, Field


def multiply(a: int, b: int) -> int:
    """Multiple two integers and returns the result integer"""
    return a * b


class Place(BaseModel):
    """Where."""

    place_name: str = Field(description="city")
    country: str | None = None


def weather(place: Place, days: int = 1) -> str:
    """The weather of a place"""
    return "Sunny"


llm = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
multiply_tool = FunctionTool.from_defaults(fn=multiply)
weather_tool = FunctionTool.from_defaults(fn=weather)
response = llm.predict_and_call([multiply_tool], user_msg="What is 2 times 3?")
print(response)
history = [ChatMessage(role="user", content="Hello."), ChatMessage(role="assistant", content="Yes?")]
response = llm.chat_with_tools([multiply_tool, weather_tool], user_msg="2 times 3?", chat_history=history)
print(len(history))
print(response.message.blocks)
print(response.message.additional_kwargs)
for call in llm.get_tool_calls_from_response(response):
    print(call.tool_id, call.tool_name, call.tool_kwargs)
result = ChatMessage(role="tool", content="6", additional_kwargs={"tool_call_id": "tooluse_a2"})
messages = [ChatMessage(role="user", content="2 times 3?"), response.message, result]
print(llm.chat_with_tools([multiply_tool], chat_history=messages).message.content)
response = llm.chat_with_tools([multiply_tool], user_msg="2 times 3?", tool_required=True)
print([call.tool_kwargs for call in llm.get_tool_calls_from_response(response)])
response = llm.chat_with_tools([multiply_tool, weather_tool], user_msg="?", tool_choice="multiply")
print([call.tool_kwargs for call in llm.get_tool_calls_from_response(response)])
response = llm.chat_with_tools([multiply_tool], user_msg="Both?", allow_parallel_tool_calls=True)
print([call.tool_id for call in llm.get_tool_calls_from_response(response)])
response = llm.chat_with_tools([multiply_tool], user_msg="One?")
print([call.tool_id for call in llm.get_tool_calls_from_response(response)])
for r in llm.stream_chat_with_tools([multiply_tool], user_msg="2 times 3?"):
    calls = llm.get_tool_calls_from_response(r, error_on_no_tool_call=False)
print(r.message.content, [(call.tool_id, call.tool_kwargs) for call in calls])
print(r.message.additional_kwargs)
