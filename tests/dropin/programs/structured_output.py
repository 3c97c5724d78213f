"""Structured output: Pydantic, TypedDict, JSON schema, with the raw message, by a tool and natively."""

from typing import Annotated, TypedDict

from langchain_aws import ChatBedrockConverse
from pydantic import BaseModel, Field


class Joke(BaseModel):
    """Joke to tell user."""

    setup: str = Field(description="The setup of the joke")
    punchline: str = Field(description="The punchline to the joke")
    rating: int | None = Field(default=None, description="How funny the joke is, from 1 to 10")


class JokeDict(TypedDict):
    """Joke to tell user."""

    setup: Annotated[str, ..., "The setup of the joke"]
    punchline: Annotated[str, ..., "The punchline to the joke"]


schema = {
    "title": "Joke",
    "description": "Joke to tell user.",
    "type": "object",
    "properties": {"setup": {"type": "string"}, "punchline": {"type": "string"}},
    "required": ["setup", "punchline"],
}
model = ChatBedrockConverse(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", temperature=0)
question = "Tell me a joke about cats"
print(repr(model.with_structured_output(Joke).invoke(question)))
print(model.with_structured_output(JokeDict).invoke(question))
print(model.with_structured_output(schema).invoke(question))
answer = model.with_structured_output(Joke, include_raw=True).invoke(question)
print(repr(answer["parsed"]), answer["parsing_error"], answer["raw"].tool_calls)

native = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
print(repr(native.with_structured_output(Joke, method="json_schema").invoke(question)))
for piece in model.with_structured_output(JokeDict).stream(question):
    print(piece)
