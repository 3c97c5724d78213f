"""Histories that Bedrock refuses as they are, or that lose something on the way."""

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


llm = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
print(llm.invoke([HumanMessage("Vell is a harbour."), AIMessage(""), HumanMessage("What is Vell?")]).content)
call = AIMessage("", tool_calls=[{"id": "tooluse_h1", "name": "add", "args": {"a": 1, "b": 2}}])
results = [
    HumanMessage("Add 1 and 2."),
    call,
    ToolMessage([{"json": {"the_sum": 3}}], tool_call_id="tooluse_h1"),
]
llm.bind_tools([add]).invoke(results)
llm.invoke([*results[:2], ToolMessage("3", tool_call_id="tooluse_h1")])
try:
    llm.invoke([AIMessage("Good day."), HumanMessage("The sea is blue. Which colour has the sea?")])
    print("answered")
except Exception as error:
    print("refused", error.response["Error"]["Code"])
try:
    llm.invoke("")
    print("answered")
except Exception as error:
    print("refused", str(error).splitlines()[0])
