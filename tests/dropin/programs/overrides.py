"""Parameters of a single call by keyword and by bind, and stop sequences."""

from langchain_aws import ChatBedrockConverse

llm = ChatBedrockConverse(
    model="us.amazon.nova-lite-v1:0",
    temperature=0.5,
    max_tokens=200,
    stop=["STOP"],
    request_metadata={"team": "harbour"},
    performance_config={"latency": "standard"},
    service_tier="default",
)
print(llm.invoke("Hello there.", temperature=0.1, max_tokens=50).content)
print(llm.invoke("Hello there.", stop=["nine"]).response_metadata["stopReason"])
print(llm.bind(stop=["four"], top_p=0.4).invoke("Hello there.").content)
print(llm.invoke("Hello there.", additional_model_request_fields={"inferenceConfig": {"topK": 20}}).content)
topped = ChatBedrockConverse(
    model="us.amazon.nova-lite-v1:0", additional_model_request_fields={"inferenceConfig": {"topK": 5}}
)
print(topped.invoke("Hello there.", additional_model_request_fields={"team": "a"}).content)
print(llm.invoke("Hello there.", performance_config={"latency": "optimized"}).content)
print(llm.invoke("Hello there.", guardrail_config=None).content)
