"""``ChatBedrock`` answering in LangChain's standard content blocks (``output_version="v1"``)."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from langchain_core.messages import AIMessage

from langchain_bedrock_unified import ChatBedrock

from .langchain_speaker import LangChainSpeaker, as_bedrock, server_tool
from .recordings import Exchange
from .views import Answer, Block


class StandardBlocksSpeaker(LangChainSpeaker):
    """The same calls; content blocks are LangChain's own, the same for every provider."""

    name = "ChatBedrock(output_version='v1')"

    def _made(self, **parameters: Any) -> ChatBedrock:
        return ChatBedrock(output_version="v1", **parameters)

    def kept(self, exchange: Exchange, content: list[Block]) -> list[Block]:
        """LangChain's ``tool_call`` block has no place for ``type: tool_use``, which Claude and Nova send."""
        return [_without_tool_use_type(block) for block in super().kept(exchange, content)]

    def _read(self, answer: Answer, message: AIMessage) -> None:
        for block in message.content:
            assert isinstance(block, dict)
            if block["type"] == "reasoning":
                more = block.get("extras", {})
                redacted = more.get("redacted_content")
                answer.reasoning.append(
                    (block.get("reasoning"), more.get("signature"), redacted and b64decode(redacted))
                )
            elif block["type"] == "non_standard":
                answer.server_tools.append(server_tool(block["value"]))
            elif block["type"] == "text":
                answer.citations += [_citation(annotation) for annotation in block.get("annotations", ())]


def _without_tool_use_type(block: Block) -> Block:
    use = block.get("toolUse", {})
    if use.get("type") != "tool_use":
        return block
    return {"toolUse": {name: value for name, value in use.items() if name != "type"}}


def _citation(annotation: Block) -> Block:
    """A standard ``citation`` annotation as Bedrock's; its text is one part in every recording."""
    citation: Block = as_bedrock(annotation.get("extras", {}))
    if "title" in annotation:
        citation["title"] = annotation["title"]
    if "cited_text" in annotation:
        citation["sourceContent"] = [{"text": annotation["cited_text"]}]
    return citation
