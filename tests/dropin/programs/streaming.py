"""Streaming: chunk by chunk, joined, and through a parser."""

from langchain_aws import ChatBedrockConverse
from langchain_core.output_parsers import StrOutputParser

model = ChatBedrockConverse(
    model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    region_name="us-east-1",
    max_tokens=300,
)
question = "The ferry leaves Vell at nine. When does the ferry leave?"

for chunk in model.stream(question):
    print(chunk.text, end="|")
print()

stream = model.stream(question)
full = next(stream)
for chunk in stream:
    full += chunk
print(full.content)
print(full.usage_metadata)
print(full.response_metadata)
print(type(full).__name__, full.chunk_position)

for text in (model | StrOutputParser()).stream(question):
    print(text, end="")
print()
