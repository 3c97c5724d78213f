"""Parameters of a Converse request: additional_kwargs, a model's own fields, and a dump."""

from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(
    model="us.anthropic.claude-3-5-haiku-20241022-v1:0",
    temperature=0.25,
    max_tokens=100,
    additional_kwargs={"requestMetadata": {"team": "a"}, "additionalModelRequestFields": {"top_k": 5}},
)
print(llm.complete("The sea is blue. Which colour has the sea?"))
print(llm.complete("The sea is blue. Which colour has the sea?", temperature=0.5))
defaults = BedrockConverse(
    model="us.amazon.nova-lite-v1:0", additional_kwargs={"inferenceConfig": {"maxTokens": 100}}
)
print(defaults.complete("The sea is blue. Which colour has the sea?"))
made = BedrockConverse.from_dict(llm.to_dict())
print(made.model, made.temperature, made.max_tokens, made.additional_kwargs)
print(made.complete("The sea is blue. Which colour has the sea?"))
