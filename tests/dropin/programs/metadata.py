"""Usage by a callback, tags of tracing, response metadata, tokens."""

from langchain_aws import ChatBedrockConverse
from langchain_core.callbacks import UsageMetadataCallbackHandler

callback = UsageMetadataCallbackHandler()
llm = ChatBedrockConverse(
    model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    callbacks=[callback],
    tags=["harbour"],
    metadata={"team": "a"},
    additional_model_response_field_paths=["/stop_sequence"],
)
answer = llm.invoke("The sea is blue. Which colour has the sea?")
metadata = answer.response_metadata
print(metadata["ResponseMetadata"]["HTTPStatusCode"], metadata["ResponseMetadata"]["RetryAttempts"])
print(metadata["stopReason"], metadata["metrics"], metadata["model_name"], metadata["model_provider"])
print(answer.usage_metadata["input_token_details"])
print(callback.usage_metadata)
print(llm._get_ls_params(), llm._llm_type)
print((llm.profile or {})["tool_calling"], (llm.profile or {}).get("max_input_tokens"))
print(llm.get_num_tokens_from_messages([("human", "How long is this?")]) > 0)
