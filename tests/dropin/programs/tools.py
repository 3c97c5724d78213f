"""Tools: a whole loop with two calls at once, then the choices."""

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field


@tool
def get_weather(city: str, unit: str = "celsius") -> str:
    """Get the weather of a city.

    Args:
        city: the name of the city
    """
    return f"Sunny in {city}, 20 {unit}"


class GetPopulation(BaseModel):
    """Get the current population in a given location"""

    location: str = Field(..., description="The city and state, e.g. San Francisco, CA")


llm = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_tokens=500)
with_tools = llm.bind_tools([get_weather, GetPopulation])
messages = [HumanMessage("How is the weather in Paris, and how many people live in Rome?")]
ai_msg = with_tools.invoke(messages)
print(ai_msg.content)
print(ai_msg.tool_calls)
print(ai_msg.response_metadata["stopReason"])
messages.append(ai_msg)
for call in ai_msg.tool_calls:
    if call["name"] == "get_weather":
        messages.append(get_weather.invoke(call))
    else:
        messages.append(ToolMessage("No such register.", tool_call_id=call["id"], status="error"))
print(with_tools.invoke(messages).content)

gathered = None
for chunk in with_tools.stream("Weather in Oslo?"):
    for part in chunk.tool_call_chunks:
        print("part", part["name"], part["args"])
    gathered = chunk if gathered is None else gathered + chunk
print(gathered.tool_calls)

for choice in ("any", "auto", "get_weather"):
    print(choice, llm.bind_tools([get_weather], tool_choice=choice).invoke("Weather in Rome?").tool_calls)
