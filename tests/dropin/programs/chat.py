"""Messages in, a message out; a prompt template in front."""

from langchain_aws import ChatBedrockConverse
from langchain_core.prompts import ChatPromptTemplate

model = ChatBedrockConverse(
    model="anthropic.claude-3-sonnet-20240229-v1:0",
    temperature=0,
    max_tokens=None,
)
messages = [
    ("system", "You are a helpful translator. Translate the user sentence to French."),
    ("human", "I love programming."),
]
ai_msg = model.invoke(messages)
print(ai_msg.content)
print(ai_msg.usage_metadata)
print(ai_msg.response_metadata)
print(type(ai_msg).__name__, ai_msg.tool_calls, ai_msg.text)

prompt = ChatPromptTemplate.from_messages(
    [
        ("system", "You are a helpful assistant that translates {input_language} to {output_language}."),
        ("human", "{input}"),
    ]
)
chain = prompt | model
print(
    chain.invoke(
        {"input_language": "English", "output_language": "German", "input": "I love programming."}
    ).content
)
