"""A FunctionAgent with tools, its stream of events, and a second turn with its context."""

import asyncio

from llama_index.core.agent.workflow import AgentStream, FunctionAgent, ToolCallResult
from llama_index.core.workflow import Context
from llama_index.llms.bedrock_converse import BedrockConverse


def check_tide(harbour: str) -> str:
    """The tide of a harbour."""
    return f"High tide in {harbour} at six."


llm = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", temperature=0.0, max_tokens=1024)
agent = FunctionAgent(tools=[check_tide], llm=llm, system_prompt="You are a harbour guide.")


async def main():
    ctx = Context(agent)
    handler = agent.run("When is high tide in Vell?", ctx=ctx)
    async for event in handler.stream_events():
        if isinstance(event, ToolCallResult):
            print(event.tool_name, event.tool_kwargs, event.tool_output.content)
        elif isinstance(event, AgentStream) and event.delta:
            print(event.delta, end="|")
    print()
    print(await handler)
    print(await agent.run("And in Storm?", ctx=ctx))


asyncio.run(main())
