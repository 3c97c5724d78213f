"""dumps and loads of a model and of an answer."""

import json

from langchain_aws import ChatBedrockConverse
from langchain_core.load import dumps, loads

llm = ChatBedrockConverse(
    model="us.amazon.nova-lite-v1:0", region_name="us-east-1", temperature=0.3, max_tokens=64, stop=["STOP"]
)
written = dumps(llm)
data = json.loads(written)
print(data["type"], data["id"][-1], data["kwargs"]["temperature"], data["kwargs"]["max_tokens"])
print("wJalrXUtnFEMI" in written)
answer = llm.invoke("The sea is blue. Which colour has the sea?")
again = loads(dumps(answer), allowed_objects="messages")
print(again == answer, again.content, again.usage_metadata)
