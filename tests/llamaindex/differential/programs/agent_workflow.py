"""Two agents, of which one hands off to the other; and a ReActAgent."""

import asyncio

from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")


def add(x: int, y: int) -> int:
    """Add two numbers."""
    return x + y


finder = FunctionAgent(
    name="finder",
    description="Finds things.",
    system_prompt="You find things.",
    tools=[add],
    llm=llm,
    can_handoff_to=["writer"],
)
writer = FunctionAgent(
    name="writer", description="Writes.", system_prompt="You write.", tools=[add], llm=llm, can_handoff_to=[]
)


async def main():
    result = await AgentWorkflow(agents=[finder, writer], root_agent="finder").run("Write of the sea.")
    print(result, result.current_agent_name)
    print(await ReActAgent(tools=[add], llm=llm).run("1 and 2?"))


asyncio.run(main())
