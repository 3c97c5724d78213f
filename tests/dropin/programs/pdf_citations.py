"""A PDF with citations switched on, what is cited, and a PDF in LangChain's own form."""

import base64

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
model = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
message = HumanMessage(
    content=[
        {
            "document": {
                "format": "pdf",
                "name": "harbour rules",
                "source": {"bytes": PDF},
                "citations": {"enabled": True},
            }
        },
        {"type": "text", "text": "When does the harbour close?"},
    ]
)
answer = model.invoke([message])
for block in answer.content:
    print(block)
print(answer.text)
print([block.get("annotations") for block in answer.content_blocks])
again = model.invoke([message, answer, HumanMessage("Are you sure?")])
print(again.content)

data = base64.b64encode(PDF).decode()
file = {"type": "file", "base64": data, "mime_type": "application/pdf", "name": "timetable"}
print(model.invoke([HumanMessage([{"type": "text", "text": "Summarise."}, file])]).content)
