"""``ChatBedrock`` answering in LangChain's standard content blocks (``output_version="v1"``)."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from langchain_core.messages import AIMessage

from langchain_bedrock_unified import ChatBedrock

from .langchain_speaker import LangChainSpeaker, as_bedrock
from .views import Answer, Block


class StandardBlocksSpeaker(LangChainSpeaker):
    """The same calls; content blocks are LangChain's own, the same for every provider."""

    name = "ChatBedrock(output_version='v1')"

    def _made(self, **parameters: Any) -> ChatBedrock:
        return ChatBedrock(output_version="v1", **parameters)

    def _read(self, answer: Answer, message: AIMessage) -> None:
        for block in message.content:
            assert isinstance(block, dict)
            if block["type"] == "reasoning":
                more = block.get("extras", {})
                redacted = more.get("redacted_content")
                answer.reasoning.append(
                    (block.get("reasoning"), more.get("signature"), redacted and b64decode(redacted))
                )
            elif block["type"] in ("server_tool_call", "server_tool_result"):
                answer.server_tools.append(_server_tool(block))
            elif block["type"] == "text":
                answer.citations += [_citation(annotation) for annotation in block.get("annotations", ())]


def _server_tool(block: Block) -> Block:
    """A standard block of a server's tool as Bedrock's."""
    if block["type"] == "server_tool_call":
        return {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["args"]}}
    content = [{kind: part[kind] for kind in ("text", "json") if kind in part} for part in block["output"]]
    return {"toolResult": {"toolUseId": block["tool_call_id"], "content": content, "status": block["status"]}}


def _citation(annotation: Block) -> Block:
    """A standard ``citation`` annotation as Bedrock's; its text is one part in every recording."""
    citation: Block = as_bedrock(annotation.get("extras", {}))
    if "title" in annotation:
        citation["title"] = annotation["title"]
    if "cited_text" in annotation:
        citation["sourceContent"] = [{"text": annotation["cited_text"]}]
    return citation
