"""What LlamaIndex itself calls: predict with a system prompt, a program, token counts."""

from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.bedrock_converse import BedrockConverse

counter = TokenCountingHandler(tokenizer=lambda text: text.split())
llm = BedrockConverse(
    model="us.amazon.nova-lite-v1:0",
    system_prompt="Tea is served at four.",
    callback_manager=CallbackManager([counter]),
)
print(llm.predict(PromptTemplate("When is {what} served?"), what="tea"))
print("".join(llm.stream(PromptTemplate("When is {what} served?"), what="tea")))
print(counter.prompt_llm_token_count, counter.completion_llm_token_count)
print(len(counter.llm_token_counts))
llm.complete("Tea is served at four. When is tea served?")
print(len(counter.llm_token_counts))
