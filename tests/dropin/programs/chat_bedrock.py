"""The older class: parameters in model_kwargs, Claude's own body."""

from langchain_aws import ChatBedrock
from langchain_core.messages import HumanMessage

chat = ChatBedrock(
    model_id="anthropic.claude-3-sonnet-20240229-v1:0",
    model_kwargs={"temperature": 0.1, "max_tokens": 300, "top_k": 50},
)
answer = chat.invoke([HumanMessage("The ferry leaves Vell at nine. When does the ferry leave?")])
print(answer.content)
print(answer.usage_metadata)
print(answer.response_metadata)
print(answer.additional_kwargs)
print(ChatBedrock(model_id="anthropic.claude-3-haiku-20240307-v1:0").invoke("Hello.").content)
print("".join(chunk.text for chunk in chat.stream("Tea is ready at four. When is tea ready?")))

converse = ChatBedrock(
    model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    provider="anthropic",
    region="us-east-1",
    beta_use_converse_api=True,
    streaming=True,
    model_kwargs={"temperature": 0.1, "max_tokens": 300},
)
answer = converse.invoke("The ferry leaves Vell at nine. When does the ferry leave?", stop=["STOP"])
print(answer.content)
print(answer.usage_metadata)
