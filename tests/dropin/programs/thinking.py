"""Extended thinking with a budget, and the second turn that gives it back."""

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage

thinking_params = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
model = ChatBedrockConverse(
    model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    max_tokens=5000,
    region_name="us-east-1",
    additional_model_request_fields=thinking_params,
)
question = HumanMessage("What is the cube root of 50.653?")
response = model.invoke([question])
print(response.content)
print(response.text)
print([block["type"] for block in response.content_blocks])
print(model.invoke([question, response, HumanMessage("And its square?")]).text)
gathered = None
for chunk in model.stream([question]):
    gathered = chunk if gathered is None else gathered + chunk
print(gathered.content)
