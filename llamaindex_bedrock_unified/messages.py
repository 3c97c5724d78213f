"""ChatMessages to Converse turns: the one place where LlamaIndex's messages become Bedrock's."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)

from bedrock_unified.converse.cleaning import NO_OUTPUT
from bedrock_unified.converse.documents import DocumentNames, content_of
from bedrock_unified.converse.results import FILLER
from bedrock_unified.converse.tools import tool_input, tool_use_id
from bedrock_unified.converse.turns import is_blank, merged_turns
from bedrock_unified.errors import InvalidRequestError

from . import media
from .carrier import CONTENT, Block, unpacked
from .marks import EVERYWHERE, point_of, with_mark
from .reading import REDACTED, read_blocks, read_message
from .told_calls import Calls

_SYSTEM = (MessageRole.SYSTEM, MessageRole.DEVELOPER)
_ASSISTANT = (MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL)
_TOOL = (MessageRole.TOOL, MessageRole.FUNCTION)
#: What a system message may hold that has its place in the conversation, and none in ``system``.
_IN_TURNS = ("toolAddition", "toolRemoval")


def converse_message(
    content: Sequence[Mapping[str, Any]], role: str | MessageRole = MessageRole.USER, **additional_kwargs: Any
) -> ChatMessage:
    """A message of Converse content blocks, for those that LlamaIndex has no block for.

    ``converse_message([{"guardContent": {…}}, {"text": "…"}])`` is a user message;
    ``converse_message([{"json": {…}}], role="tool", tool_call_id="…")`` is a tool's result. The content is
    sent as it is for as long as the message's blocks stay as they are. Blobs are bytes, or base64 text.

    Raises:
        InvalidRequestError: text for a blob that is not base64.
    """
    try:
        return read_message(unpacked(content), MessageRole(role), **additional_kwargs)
    except binascii.Error as error:
        raise InvalidRequestError(
            f"the bytes of a content block are not base64: {error}", hint="give bytes, or their base64 text"
        ) from error


def write_messages(
    messages: Iterable[ChatMessage],
    fetched: media.Found | None = None,
    cached: Collection[str] = EVERYWHERE,
) -> tuple[list[dict[str, Any]], list[Block]]:
    """``messages`` and ``system`` of a Converse request. The messages are not changed.

    System messages become ``system`` wherever they stand, except those that add or remove tools, and those
    with ``additional_kwargs={"in_place": True}``, for models that take instructions in mid-conversation.
    Where all are system messages, a ``.`` is the user's: Converse takes no request without one.

    Args:
        messages: the messages.
        fetched: media that were downloaded before, by URL.
        cached: where the model takes cache points. Elsewhere marked messages (:mod:`.marks`) get none, for
            LlamaIndex itself marks them whatever the model is; written CachePoints are always sent.

    Raises:
        InvalidRequestError: a message that Converse cannot take; its place and the way out are named.
    """
    turns: list[dict[str, Any]] = []
    system: list[Block] = []
    messages = list(messages)
    writer = _Writer(fetched or {}, _answered(messages))
    for message in messages:
        if CONTENT in message.additional_kwargs:
            writer.reserve(_kept_content(message) or ())
    for number, message in enumerate(messages):
        role = message.role
        writer.number, writer.where = number, f"message {number} ({role.value})"
        if role in _SYSTEM:
            content = writer.system(message)
            content = with_mark(content, message, writer.where, cached="system" in cached)
            in_place = message.additional_kwargs.get("in_place")
            if in_place or any(kind in block for block in content for kind in _IN_TURNS):
                turns.append({"role": "system", "content": content})
            else:
                system += content
            continue
        from_model = role in _ASSISTANT
        if role in _TOOL:
            content = writer.tool_result(message)
        else:
            content = writer.content(message, from_model=from_model)
        content = with_mark(content, message, writer.where, cached="messages" in cached)
        turns.append({"role": "assistant" if from_model else "user", "content": content})
    if system and not turns and any("text" in block for block in system):
        turns = [{"role": "user", "content": [{"text": FILLER}]}]
    return merged_turns(turns), system


def _answered(messages: Sequence[ChatMessage]) -> dict[str, int]:
    """The ids of the calls that tool messages answer, each with the place of the last answer."""
    return {
        id_: number
        for number, message in enumerate(messages)
        if message.role in _TOOL and isinstance(id_ := message.additional_kwargs.get("tool_call_id"), str)
    }


class _Writer:
    """Writes the messages of one request; document names are unique in it."""

    def __init__(self, fetched: media.Found, answered: Mapping[str, int]) -> None:
        self.number = 0
        self.where = ""
        self._fetched = fetched
        self._answered = answered
        self._names = DocumentNames()

    def reserve(self, content: Iterable[Block]) -> None:
        """Keep the names of documents that are sent as they are from being given to others."""
        for block in content:
            if name := (block.get("document") or {}).get("name"):
                self._names.reserve(name)
            self.reserve((block.get("toolResult") or {}).get("content") or ())

    def content(self, message: ChatMessage, *, from_model: bool) -> list[Block]:
        """The content of a user's or the model's message."""
        if (kept := _kept_content(message)) is not None:
            return [_acceptable(block) for block in kept]
        calls = Calls(message.additional_kwargs.get("tool_calls") if from_model else None)
        content: list[Block] = []
        for block in message.blocks:
            if isinstance(block, TextBlock):
                content.append({"text": block.text})
            elif isinstance(block, ToolCallBlock):
                content.append({"toolUse": calls.of(block)})
            elif isinstance(block, ThinkingBlock) and from_model:
                if (reasoning := _reasoning(block)) is not None:
                    content.append({"reasoningContent": reasoning})
            elif isinstance(block, CitationBlock):
                _cite(content, block)
            else:
                content += self._block(block)
        content += [{"toolUse": call} for call in calls.without_block(self.number, self._answered)]
        return content

    def system(self, message: ChatMessage) -> list[Block]:
        """The content of a system message."""
        if (kept := _kept_content(message)) is not None:
            return kept
        content: list[Block] = []
        for block in message.blocks:
            if isinstance(block, TextBlock):
                if block.text.strip():
                    content.append({"text": block.text})
            elif isinstance(block, CachePoint):
                content.append(_cache_point(block))
            else:
                raise self._refused(block, "put it into a user message; system messages hold text")
        return content

    def tool_result(self, message: ChatMessage) -> list[Block]:
        """A tool's answer: one ``toolResult``, and the cache points that follow it."""
        more = message.additional_kwargs
        tool_call_id = more.get("tool_call_id")
        if not isinstance(tool_call_id, str):
            raise InvalidRequestError(
                f"{self.where} does not say which tool call it answers: tool_call_id is {tool_call_id!r}",
                hint="set additional_kwargs={'tool_call_id': …} to the id of the tool call",
            )
        content: list[Block] = []
        points: list[Block] = []
        kept = _kept_content(message)
        for block in message.blocks if kept is None else ():
            if isinstance(block, CachePoint):
                points.append(_cache_point(block))  # Converse has none inside a result
            elif isinstance(block, TextBlock):
                content.append({"text": block.text})
            else:
                content += self._block(block)
        # Bedrock refuses blank text and empty results.
        content = [block for block in (content if kept is None else kept) if not is_blank(block)]
        result: Block = {"toolUseId": tool_use_id(tool_call_id), "content": content or [{"text": NO_OUTPUT}]}
        if (status := more.get("status")) in ("success", "error"):
            result["status"] = status
        elif "is_error" in more:
            result["status"] = "error" if more["is_error"] else "success"
        return [{"toolResult": result}, *points]

    def _block(self, block: ContentBlock) -> list[Block]:
        """A block that means the same in every message."""
        if isinstance(block, CachePoint):
            return [_cache_point(block)]
        if isinstance(block, ImageBlock):
            return [self._read(lambda given: media.image(given, self._fetched), block)]
        if isinstance(block, DocumentBlock):
            return [self._read(lambda given: media.document(given, self._names, self._fetched), block)]
        if isinstance(block, VideoBlock):
            return [self._read(lambda given: media.video(given, self._fetched), block)]
        if isinstance(block, AudioBlock):
            return [self._read(lambda given: media.audio(given, self._fetched), block)]
        if isinstance(block, CitableBlock):
            return self._citable(block)
        if isinstance(block, (CitationBlock, ThinkingBlock)):  # the model's own, quoted by somebody else
            text = block.content if isinstance(block, ThinkingBlock) else _quoted(block)
            return [{"text": text}] if text else []
        raise self._refused(block, "converse_message() takes Converse content as it is")

    def _citable(self, block: CitableBlock) -> list[Block]:
        """Something to cite from: a search result, or its documents with citations switched on."""
        if all(isinstance(part, TextBlock) for part in block.content):
            result = {
                "source": block.source,
                "title": block.title,
                "content": [{"text": part.text} for part in block.content if isinstance(part, TextBlock)],
                "citations": {"enabled": True},
            }
            return [{"searchResult": result}]
        written: list[Block] = []
        for part in block.content:
            if isinstance(part, TextBlock):
                source = {"text": part.text}
                name = self._names.name(block.title, content_of(source))
                document: Block = {"name": name, "source": source, "format": "txt"}
                part_written: Block = {"document": document}
            else:
                (part_written,) = self._block(part)
            if "document" in part_written:
                part_written["document"] |= {"context": block.source, "citations": {"enabled": True}}
            written.append(part_written)
        return written

    def _read(self, write: Callable[[Any], Block], block: ContentBlock) -> Block:
        try:
            return write(block)
        except InvalidRequestError as error:
            raise InvalidRequestError(f"{self.where}: {error.message}", hint=error.hint) from error

    def _refused(self, block: ContentBlock, hint: str) -> InvalidRequestError:
        return InvalidRequestError(f"{self.where} holds a {type(block).__name__}", hint=hint)


def _kept_content(message: ChatMessage) -> list[Block] | None:
    """The Converse content that the message carries, while its blocks are still those that it shows."""
    kept = message.additional_kwargs.get(CONTENT)
    if not isinstance(kept, list):
        return None
    content = unpacked(kept)
    return content if read_blocks(content)[0] == message.blocks else None


def _reasoning(block: ThinkingBlock) -> Block | None:
    """``reasoningContent``; None where nothing of it is Bedrock's (another provider's empty block)."""
    information = block.additional_information
    if redacted := information.get(REDACTED):
        return {"redactedContent": b64decode(redacted) if isinstance(redacted, str) else redacted}
    text: Block = {"text": block.content or ""}
    if signature := information.get("signature"):
        text["signature"] = signature
    return {"reasoningText": text} if text["text"] or signature else None


def _cite(content: list[Block], block: CitationBlock) -> None:
    """Add a citation to the text before it, as ``citationsContent``."""
    citation: Block = {"title": block.title, "source": block.source}
    citation = {name: value for name, value in citation.items() if value}
    if quoted := _quoted(block):
        citation["sourceContent"] = [{"text": quoted}]
    last = content[-1] if content else {}
    if "citationsContent" in last:
        last["citationsContent"]["citations"].append(citation)
        return
    said = [content.pop()] if "text" in last else []
    content.append({"citationsContent": {"content": said, "citations": [citation]}})


def _quoted(block: CitationBlock) -> str:
    return block.cited_content.text if isinstance(block.cited_content, TextBlock) else ""


def _cache_point(block: CachePoint) -> Block:
    return point_of(block.cache_control.ttl)


def _acceptable(block: Block) -> Block:
    """Kept content as Bedrock takes it: ids that another package chose, input that is no object."""
    for kind in ("toolUse", "toolResult"):
        if (held := block.get(kind)) is None:
            continue
        written = {**held, "toolUseId": tool_use_id(held.get("toolUseId"))}
        if kind == "toolUse":
            written["input"] = tool_input(held.get("input"))
        return {kind: written}
    return block
