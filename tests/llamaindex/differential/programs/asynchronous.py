"""The asynchronous methods."""

import asyncio

from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(model="us.amazon.nova-lite-v1:0")
messages = [ChatMessage(role="user", content="Tea is served at four. When is tea served?")]


async def main():
    print(await llm.acomplete("The sea is blue. Which colour has the sea?"))
    response = await llm.achat(messages)
    print(response.message.content, response.additional_kwargs["total_tokens"] > 0)
    said = [r.delta async for r in await llm.astream_complete("The sea is blue. Which colour has the sea?")]
    print("".join(delta or "" for delta in said))
    said = [r.message.content async for r in await llm.astream_chat(messages)]
    print(said[-1])
    answers = await asyncio.gather(
        *(llm.acomplete(f"Box {n} holds tea. What holds box {n}?") for n in range(4))
    )
    print([str(answer) for answer in answers])


asyncio.run(main())
