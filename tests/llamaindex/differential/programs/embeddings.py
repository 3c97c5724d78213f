"""Embeddings of Titan and Cohere: a text, a question, a batch, asynchronously."""

import asyncio

from llama_index.embeddings.bedrock import BedrockEmbedding

model = BedrockEmbedding(model_name="amazon.titan-embed-text-v2:0", region_name="us-east-1")
vector = model.get_text_embedding("hello world")
print(len(vector), [round(number, 4) for number in vector[:3]])
print(len(model.get_query_embedding("hello world")))
print([len(vector) for vector in model.get_text_embedding_batch(["one", "two", "three"])])
print([round(number, 4) for number in asyncio.run(model.aget_text_embedding("hello world"))[:3]])
small = BedrockEmbedding(
    model_name="amazon.titan-embed-text-v2:0", additional_kwargs={"dimensions": 256, "normalize": True}
)
print(len(small.get_text_embedding("hello world")))
cohere = BedrockEmbedding(model_name="cohere.embed-english-v3", embed_batch_size=2)
vectors = cohere.get_text_embedding_batch(["one", "two", "three"])
print([len(vector) for vector in vectors])
print(len(cohere.get_query_embedding("which?")))
print(len(asyncio.run(cohere.aget_text_embedding_batch(["one", "two"]))))
print(len(BedrockEmbedding(model_name="cohere.embed-v4:0").get_text_embedding("hello")))
print(model.model_name, cohere.embed_batch_size, model.class_name())
print(BedrockEmbedding().model_name)
