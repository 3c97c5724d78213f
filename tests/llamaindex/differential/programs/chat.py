"""The first cells of the documentation: complete, chat, what a response holds."""

from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(model="us.amazon.nova-lite-v1:0", region_name="us-east-1")
response = llm.complete("The sea is blue. Which colour has the sea?")
print(response)
print(sorted(response.additional_kwargs))
messages = [
    ChatMessage(role="system", content="You are a pirate. Tea is served at four."),
    ChatMessage(role="user", content="When is tea served?"),
]
response = llm.chat(messages)
print(response)
print(response.message.role, response.message.blocks)
print(response.raw["stopReason"], response.raw["usage"]["inputTokens"] > 0)
print(sorted(response.raw))
print(sorted(response.raw["usage"]))
print(sorted(response.message.additional_kwargs))
print(llm.chat(messages, temperature=0.7, max_tokens=64).message.content)
print(llm.metadata.context_window)
print(llm.metadata.is_function_calling_model, llm.metadata.is_chat_model, llm.metadata.model_name)
print(llm.class_name())
print(llm.model, llm.temperature, llm.max_tokens)
print("room for an answer", llm.metadata.num_output)
