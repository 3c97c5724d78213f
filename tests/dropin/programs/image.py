"""An image, in the standard form, in Anthropic's and in Converse's."""

import base64

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import HumanMessage

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
image_data = base64.b64encode(PNG).decode("utf-8")
model = ChatBedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
blocks = [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image_data}},
    {"type": "image", "base64": image_data, "mime_type": "image/png"},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image_data}"}},
    {"image": {"format": "png", "source": {"bytes": PNG}}},
]
for block in blocks:
    message = HumanMessage(content=[{"type": "text", "text": "describe this image"}, block])
    print(model.invoke([message]).content)
