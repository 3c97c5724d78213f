"""Retrieval: embeddings, a store in memory, a chain that answers from what was found."""

from langchain_aws import BedrockEmbeddings, ChatBedrockConverse
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore

embeddings = BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0", region_name="us-east-1")
store = InMemoryVectorStore(embeddings)
store.add_documents(
    [
        Document("The harbour of Vell closes at nine in the evening.", id="a"),
        Document("Tea is served at four in the garden.", id="b"),
        Document("The lighthouse keeper is called Ines.", id="c"),
    ]
)
retriever = store.as_retriever(search_kwargs={"k": 1})
prompt = ChatPromptTemplate.from_template("Answer from this context only:\n{context}\n\nQuestion: {question}")


def as_text(documents):
    return "\n".join(document.page_content for document in documents)


chain = (
    {"context": retriever | as_text, "question": RunnablePassthrough()}
    | prompt
    | ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", temperature=0)
    | StrOutputParser()
)
print(chain.invoke("When does the harbour of Vell close?"))
print([document.page_content for document in store.similarity_search("Who keeps the lighthouse?", k=1)])
