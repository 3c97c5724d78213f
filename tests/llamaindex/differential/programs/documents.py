"""A document by its bytes, with a plain title and with one that Bedrock does not take."""

from llama_index.core.base.llms.types import DocumentBlock, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
llm = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
for title in ("harbour rules", "Harbour: rules_v2.pdf"):
    document = DocumentBlock(data=PDF, title=title, document_mimetype="application/pdf")
    message = ChatMessage(role="user", blocks=[TextBlock(text="Summarise."), document])
    try:
        print(llm.chat([message]).message.role)
    except Exception as error:
        print("refused", type(error).__name__)
