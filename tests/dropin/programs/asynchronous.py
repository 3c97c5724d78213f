"""ainvoke, astream, abatch and the events of a chain."""

import asyncio

from langchain_aws import ChatBedrockConverse

llm = ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", temperature=0.2, top_p=0.9)


async def main():
    print((await llm.ainvoke("Tea is ready at four. When is tea ready?")).content)
    async for chunk in llm.astream("Tea is ready at four. When is tea ready?"):
        print(chunk.text, end="|")
    print()
    questions = ["The gate is red. Which colour is the gate?", "Vell is a harbour. What is Vell?"]
    answers = await llm.abatch(questions)
    print([answer.content for answer in answers])
    kinds = set()
    async for event in llm.astream_events("Hello there.", version="v2"):
        kinds.add(event["event"])
    print(sorted(kinds))


asyncio.run(main())
