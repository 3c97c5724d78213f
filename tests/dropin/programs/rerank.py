"""Reranking, by itself and as a compressor of documents."""

from langchain_aws import BedrockRerank
from langchain_core.documents import Document

reranker = BedrockRerank(
    model_arn="arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0",
    region_name="us-east-1",
    top_n=2,
)
documents = [
    Document("Tea is ready at four.", metadata={"page": 1}),
    Document("The harbour of Vell closes at nine."),
    Document("The lighthouse keeper is called Ines."),
]
query = "When does the harbour of Vell close?"
for document in reranker.compress_documents(documents, query):
    print(document.page_content, document.metadata)
print(reranker.rerank(documents, query, top_n=1))
print(reranker.rerank(["a harbour", {"name": "the harbour of Vell"}], query))
print(reranker.rerank([], query))
