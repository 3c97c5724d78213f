"""A guardrail that steps in, and its trace."""

from langchain_aws import ChatBedrock, ChatBedrockConverse
from langchain_core.messages import HumanMessage

guardrail_config = {
    "guardrailIdentifier": "localguardrail",
    "guardrailVersion": "1",
    "trace": "enabled",
}
model = ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", guardrail_config=guardrail_config)
blocked = model.invoke("Tell me the blocked phrase")
print(blocked.content, blocked.response_metadata["stopReason"])
print(blocked.response_metadata["trace"])
print(model.invoke("The sea is blue. Which colour has the sea?").content)
last = ChatBedrockConverse(
    model="us.amazon.nova-lite-v1:0", guardrails=guardrail_config, guard_last_turn_only=True
)
print(last.invoke([HumanMessage("The sea is blue. Which colour has the sea?")]).content)
old = ChatBedrock(
    model_id="us.amazon.nova-lite-v1:0",
    beta_use_converse_api=True,
    guardrails={"guardrailIdentifier": "localguardrail", "guardrailVersion": "1", "trace": "enabled"},
)
print(old.invoke("Tell me the blocked phrase").response_metadata["stopReason"])
