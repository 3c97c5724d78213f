"""Retrieval with LlamaIndex's Settings: an index, a query engine, a reranker, a chat engine."""

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.bedrock import BedrockEmbedding
from llama_index.llms.bedrock_converse import BedrockConverse
from llama_index.postprocessor.bedrock_rerank import BedrockRerank

Settings.llm = BedrockConverse(model="us.amazon.nova-lite-v1:0", temperature=0.0, max_tokens=256)
Settings.embed_model = BedrockEmbedding(model_name="amazon.titan-embed-text-v2:0")
texts = [
    "The harbour of Vell closes at nine in the evening.",
    "Tea is served at four in the garden.",
    "The lighthouse keeper is called Ines.",
]
documents = [Document(text=text, id_=str(number)) for number, text in enumerate(texts)]
index = VectorStoreIndex.from_documents(
    documents, transformations=[SentenceSplitter(chunk_size=128, chunk_overlap=0)]
)
engine = index.as_query_engine(similarity_top_k=1)
response = engine.query("When does the harbour of Vell close?")
print(response)
print([node.get_content() for node in response.source_nodes])
ranked = index.as_query_engine(similarity_top_k=3, node_postprocessors=[BedrockRerank(top_n=1)])
print([node.get_content() for node in ranked.query("Who keeps the lighthouse?").source_nodes])
streamed = index.as_query_engine(similarity_top_k=1, streaming=True).query("When is tea served?")
print("".join(streamed.response_gen))
chat = index.as_chat_engine(chat_mode="context", memory=ChatMemoryBuffer.from_defaults(token_limit=3000))
print(chat.chat("When is tea served?"))
print(chat.chat("Where?").response != "")
Settings._llm = Settings._embed_model = None
