"""An application inference profile, with the model that is behind it, and its ARN as the model."""

from llama_index.core.tools import FunctionTool
from llama_index.llms.bedrock_converse import BedrockConverse

ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


llm = BedrockConverse(
    model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", application_inference_profile_arn=ARN
)
print(llm.complete("The sea is blue. Which colour has the sea?"))
response = llm.chat_with_tools([FunctionTool.from_defaults(add)], user_msg="Add 1 and 2.", tool_required=True)
print([call.tool_name for call in llm.get_tool_calls_from_response(response)])
*_, r = llm.stream_complete("The sea is blue. Which colour has the sea?")
print(r.text)
try:
    print(BedrockConverse(model=ARN).complete("The sea is blue. Which colour has the sea?"))
except ValueError as error:
    print("refused", type(error).__name__)
