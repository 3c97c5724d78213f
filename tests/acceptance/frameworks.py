"""Both adapters behind one face, so that an acceptance check is written once and made through each."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
)
from llama_index.core.tools import FunctionTool

from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

#: How a call is made: in one piece or streamed, synchronously or not.
WAYS = ("whole", "awhole", "stream", "astream")
STREAMED = ("stream", "astream")


@dataclass
class Said:
    """An answer.

    Attributes:
        calls: tool calls: (id, name, arguments).
        reasoning: the text of each block of reasoning.
        finish: why it ended, in OpenAI's word.
        told: Bedrock's own members, as the framework shows them (``stopReason``, ``trace``, …).
        tokens: of the input (what the cache read and wrote included) and of the output.
        cached: tokens that the cache read and wrote.
        citations: how many sources are named.
        message: the framework's own message, which goes back into a history.
    """

    text: str
    calls: list[tuple[str, str, dict[str, Any]]]
    reasoning: list[str]
    finish: str | None
    told: dict[str, Any]
    tokens: tuple[int, int]
    cached: tuple[int, int]
    citations: int
    message: Any


@dataclass
class Turn:
    """A turn of a history: ``system``, ``user``, or ``tool`` with the id of the call that it answers."""

    role: str
    text: str
    tool_call_id: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])


#: A question, or a history in which an answer stands as it was given.
Asked = str | Sequence[Turn | Said]
Tools = Iterable[Callable[..., Any]]


class App(Protocol):
    """A chat model of one framework, as its users call it."""

    name: ClassVar[str]
    model: Any

    async def ask(
        self, asked: Asked, way: str = "whole", *, tools: Tools = (), choice: Any = None, **call: Any
    ) -> Said:
        """Call the model. ``call`` are keywords of this call alone."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


class LangChainApp:
    """``ChatBedrock``: ``invoke``, ``ainvoke``, ``stream``, ``astream``; ``bind_tools``."""

    name: ClassVar[str] = "LangChain"

    def __init__(self, **parameters: Any) -> None:
        self.model = ChatBedrock(**parameters)

    async def ask(
        self, asked: Asked, way: str = "whole", *, tools: Tools = (), choice: Any = None, **call: Any
    ) -> Said:
        bound: Any = self.model
        if tools := list(tools):
            bound = self.model.bind_tools(tools, **({} if choice is None else {"tool_choice": choice}))
        messages = [_langchain_message(turn) for turn in _turns(asked)]
        if way == "whole":
            return _langchain_said(bound.invoke(messages, **call))
        if way == "awhole":
            return _langchain_said(await bound.ainvoke(messages, **call))
        chunks = bound.stream(messages, **call)
        parts = list(chunks) if way == "stream" else [one async for one in bound.astream(messages, **call)]
        whole = parts[0]
        for part in parts[1:]:
            whole += part
        return _langchain_said(whole)

    def close(self) -> None:
        self.model.bedrock.close()


class LlamaIndexApp:
    """``BedrockConverse``: ``chat``, ``achat``, ``stream_chat``, ``astream_chat``; ``…_with_tools``."""

    name: ClassVar[str] = "LlamaIndex"

    def __init__(self, **parameters: Any) -> None:
        self.model = BedrockConverse(**parameters)

    async def ask(
        self, asked: Asked, way: str = "whole", *, tools: Tools = (), choice: Any = None, **call: Any
    ) -> Said:
        model = self.model
        history = [_llamaindex_message(turn) for turn in _turns(asked)]
        offered = [FunctionTool.from_defaults(tool) for tool in tools]
        if offered:
            given = {"tools": offered, "chat_history": history, "allow_parallel_tool_calls": True, **call}
            given |= {} if choice is None else {"tool_choice": choice}
            calls = (model.chat_with_tools, model.achat_with_tools)
            streams = (model.stream_chat_with_tools, model.astream_chat_with_tools)
        else:
            given = {"messages": history, **call}
            calls, streams = (model.chat, model.achat), (model.stream_chat, model.astream_chat)
        if way == "whole":
            return _llamaindex_said(calls[0](**given))
        if way == "awhole":
            return _llamaindex_said(await calls[1](**given))
        if way == "stream":
            return _llamaindex_said(list(streams[0](**given))[-1])
        return _llamaindex_said([one async for one in await streams[1](**given)][-1])

    def close(self) -> None:
        self.model.bedrock.close()


APPS: tuple[type[LangChainApp] | type[LlamaIndexApp], ...] = (LangChainApp, LlamaIndexApp)


class Embedder:
    """An embedding model of one framework."""

    def __init__(self, name: str, **parameters: Any) -> None:
        self.name = name
        self._langchain = name == LangChainApp.name
        self.model: Any = (BedrockEmbeddings if self._langchain else BedrockEmbedding)(**parameters)

    def documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts that are searched."""
        if self._langchain:
            return self.model.embed_documents(texts)
        return self.model.get_text_embedding_batch(texts)

    async def adocuments(self, texts: list[str]) -> list[list[float]]:
        """The same, asynchronously."""
        if self._langchain:
            return await self.model.aembed_documents(texts)
        return await self.model.aget_text_embedding_batch(texts)

    def query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self.model.embed_query(text) if self._langchain else self.model.get_query_embedding(text)

    def close(self) -> None:
        """Close its connections."""
        self.model.bedrock.close()


def _turns(asked: Asked) -> Sequence[Turn | Said]:
    return [Turn("user", asked)] if isinstance(asked, str) else asked


def _langchain_message(turn: Turn | Said) -> BaseMessage:
    if isinstance(turn, Said):
        return turn.message
    if turn.role == "system":
        return SystemMessage(turn.text)
    if turn.role == "tool":
        return ToolMessage(turn.text, tool_call_id=turn.tool_call_id)
    content: list[Any] = [{"type": "text", "text": turn.text}]
    for mime, data in turn.files:
        kind = "image" if mime.startswith("image/") else "file"
        content.append({"type": kind, "mime_type": mime, "base64": b64encode(data).decode()})
    return HumanMessage(content if turn.files else turn.text)


def _langchain_said(message: AIMessage) -> Said:
    told = message.response_metadata
    usage = message.usage_metadata
    assert usage is not None, "the answer tells no usage"
    details = usage.get("input_token_details", {})
    written = sum(count for name, count in details.items() if name != "cache_read" and isinstance(count, int))
    blocks: list[dict[str, Any]] = [dict(block) for block in message.content_blocks]
    return Said(
        text=message.text,
        calls=[(str(call["id"]), call["name"], call["args"]) for call in message.tool_calls],
        reasoning=[block["reasoning"] for block in blocks if block["type"] == "reasoning"],
        finish=told.get("finish_reason"),
        told=told,
        tokens=(usage["input_tokens"], usage["output_tokens"]),
        cached=(details.get("cache_read", 0), written),
        citations=sum(len(block.get("annotations", ())) for block in blocks if block["type"] == "text"),
        message=message,
    )


def _llamaindex_message(turn: Turn | Said) -> ChatMessage:
    if isinstance(turn, Said):
        return turn.message
    if turn.role == "tool":
        return ChatMessage(
            role=MessageRole.TOOL,
            content=turn.text,
            additional_kwargs={"tool_call_id": turn.tool_call_id},
        )
    blocks: list[Any] = [TextBlock(text=turn.text)]
    for mime, data in turn.files:
        if mime.startswith("image/"):
            blocks.append(ImageBlock(image=data, image_mimetype=mime))
        else:
            blocks.append(DocumentBlock(data=data, document_mimetype=mime, title="notes"))
    return ChatMessage(role=MessageRole(turn.role), blocks=blocks)


def _llamaindex_said(response: ChatResponse) -> Said:
    raw: Any = response.raw
    counts = response.additional_kwargs
    blocks = response.message.blocks
    calls = response.message.additional_kwargs.get("tool_calls") or []
    return Said(
        text=response.message.content or "",
        calls=[(call["toolUseId"], call["name"], call["input"]) for call in calls],
        reasoning=[block.content or "" for block in blocks if isinstance(block, ThinkingBlock)],
        finish=counts.get("finish_reason"),
        told=raw,
        tokens=(counts["prompt_tokens"], counts["completion_tokens"]),
        cached=(counts["cache_read_input_tokens"], counts["cache_creation_input_tokens"]),
        citations=sum(isinstance(block, CitationBlock) for block in blocks),
        message=response.message,
    )
