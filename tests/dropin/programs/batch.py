"""Batches keep their order."""

from langchain_aws import ChatBedrockConverse

llm = ChatBedrockConverse(model="us.amazon.nova-micro-v1:0", max_tokens=100)
questions = [f"The box {number} holds tea. What does the box {number} hold?" for number in range(4)]
for answer in llm.batch(questions, config={"max_concurrency": 2}):
    print(answer.content, answer.usage_metadata["input_tokens"])
for number, answer in sorted(llm.batch_as_completed(questions[:2])):
    print(number, answer.content)
