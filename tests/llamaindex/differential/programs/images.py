"""An image of bytes, of a path, and several."""

import base64
import pathlib
import tempfile

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
llm = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "pixel.png"
    path.write_bytes(PNG)
    message = ChatMessage(
        role="user",
        blocks=[TextBlock(text="What do you see?"), ImageBlock(image=PNG), ImageBlock(path=path)],
    )
    print(llm.chat([message]).message.content)
url = ImageBlock(url=f"data:image/png;base64,{base64.b64encode(PNG).decode()}")
print(llm.chat([ChatMessage(role="user", blocks=[TextBlock(text="And now?"), url])]).message.content)
