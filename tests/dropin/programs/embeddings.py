"""Embeddings of several families, synchronous and asynchronous."""

import asyncio

from langchain_aws import BedrockEmbeddings

titan = BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0", dimensions=256, normalize=True)
vectors = titan.embed_documents(["alpha bravo", "charlie"])
print(len(vectors), len(vectors[0]), [round(value, 4) for value in vectors[0][:3]])

cohere = BedrockEmbeddings(model_id="cohere.embed-english-v3", model_kwargs={"truncate": "END"})
query = cohere.embed_query("alpha")
print(len(query), [round(value, 4) for value in query[:3]])
print(len(cohere.embed_documents([f"text {number}" for number in range(4)])))
print(len(asyncio.run(titan.aembed_query("alpha"))))
old = BedrockEmbeddings(model_id="amazon.titan-embed-text-v1", provider="amazon")
print(len(old.embed_query("alpha")))
print(len(old.embed_query("bravo\nalpha")))
nova = BedrockEmbeddings(model_id="amazon.nova-2-multimodal-embeddings-v1:0", dimensions=384)
print(len(nova.embed_query("alpha")), len(nova.embed_documents(["alpha"])))
print(BedrockEmbeddings().model_id)
