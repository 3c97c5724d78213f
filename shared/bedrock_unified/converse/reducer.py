"""Converse stream events joined into the response that the same call would have given without streaming.

Blocks are kept by their index, the cost is linear in the number of events (pieces are joined once, tool input
is parsed once), and what is not known is kept.
"""

from __future__ import annotations

from typing import Any, cast

from ..wire import json_codec

_KINDS = frozenset({"citation", "image", "reasoningContent", "text", "toolResult", "toolUse"})


class StreamReducer:
    """Feed it every event; :meth:`response` gives the Converse response so far at any time."""

    __slots__ = ("_blocks", "_extras", "_metadata", "_role", "_stop", "finished")

    def __init__(self) -> None:
        self._role = "assistant"
        self._blocks: dict[int, BlockReducer] = {}
        self._stop: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}
        self._extras: dict[str, list[Any]] = {}
        #: Whether ``messageStop`` came; a stream that ends without it was cut.
        self.finished = False

    def feed(self, event: dict[str, Any]) -> None:
        """Take one event, as ``{name: members}``."""
        for name, members in event.items():
            self.take(name, members)

    def take(self, name: str, members: dict[str, Any]) -> None:
        """Take one event by its name and its members."""
        if name == "contentBlockDelta":
            index = members.get("contentBlockIndex", 0)
            block = self._blocks.get(index) or self.block(index)
            block.delta(members.get("delta", {}))
        elif name == "contentBlockStart":
            self.block(members.get("contentBlockIndex", 0)).start(members.get("start", {}))
        elif name == "contentBlockStop":
            self.block(members.get("contentBlockIndex", 0))  # a block of nothing else is an empty one
        elif name == "messageStart":
            self._role = members.get("role", "assistant")
        elif name == "messageStop":
            self._stop = members
            self.finished = True
        elif name == "metadata":
            self._metadata = members
        else:
            self._extras.setdefault(name, []).append(members)

    def block(self, index: int) -> BlockReducer:
        """The block of this index, opened if it is new: only tool blocks announce themselves."""
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = BlockReducer()
        return block

    @property
    def stop_reason(self) -> str | None:
        """The stop reason, None before ``messageStop``."""
        return self._stop.get("stopReason")

    @property
    def metadata(self) -> dict[str, Any]:
        """The members of the ``metadata`` event: usage, metrics, trace; empty before it came."""
        return self._metadata

    def content(self) -> list[dict[str, Any]]:
        """The content blocks so far, in order of their indexes."""
        return [self._blocks[index].block() for index in sorted(self._blocks)]

    def response(self) -> dict[str, Any]:
        """The response in Converse's unary shape; ``stopReason`` is None until ``messageStop``."""
        return {
            **self._extras,
            "output": {"message": {"role": self._role, "content": self.content()}},
            "stopReason": None,
            **self._stop,
            **self._metadata,
        }


class BlockReducer:
    """One content block, from its start and its deltas."""

    __slots__ = ("_parts", "_start")

    def __init__(self) -> None:
        self._start: dict[str, Any] = {}
        self._parts: dict[str, list[Any]] = {}

    def start(self, start: dict[str, Any]) -> None:
        """The ``start`` member of ``contentBlockStart``."""
        self._start = start

    def delta(self, delta: dict[str, Any]) -> None:
        """The ``delta`` member of ``contentBlockDelta``."""
        for kind, value in delta.items():
            self.parts(kind).append(value)

    def parts(self, kind: str) -> list[Any]:
        """The deltas of one kind so far; appending to the list adds to the block."""
        parts = self._parts.get(kind)
        if parts is None:
            parts = self._parts[kind] = []
        return parts

    @property
    def tool_input(self) -> str:
        """The JSON text of the tool's input so far."""
        return "".join([part.get("input", "") for part in self._parts.get("toolUse", ())])

    def block(self) -> dict[str, Any]:
        """The block as Converse's unary response has it."""
        return {**self._known(), **self._unknown()}

    def _known(self) -> dict[str, Any]:
        parts, start = self._parts, self._start
        if "toolUse" in start or "toolUse" in parts:
            return {"toolUse": {**start.get("toolUse", {}), "input": parse_tool_input(self.tool_input)}}
        if "toolResult" in start or "toolResult" in parts:
            content = [item for delta in parts.get("toolResult", ()) for item in delta]
            return {"toolResult": {**start.get("toolResult", {}), "content": content}}
        if "image" in start or "image" in parts:
            return {"image": _image(start.get("image", {}), parts.get("image", []))}
        if "reasoningContent" in parts:
            return {"reasoningContent": _reasoning(parts["reasoningContent"])}
        if "citation" in parts:
            cited: dict[str, Any] = {"citations": list(parts["citation"])}
            if "text" in parts:  # Nova's grounding cites without a text, and then sends no content
                cited["content"] = [{"text": "".join(parts["text"])}]
            return {"citationsContent": cited}
        if "text" in parts or not (parts or start):
            return {"text": "".join(parts.get("text", ()))}
        return {}

    def _unknown(self) -> dict[str, Any]:
        """Kinds that did not exist when this was written, as they came."""
        kept = {kind: value for kind, value in self._start.items() if kind not in _KINDS}
        for kind, values in self._parts.items():
            if kind not in _KINDS:
                kept[kind] = values[0] if len(values) == 1 else list(values)
        return kept


def parse_tool_input(text: str) -> Any:
    """The tool's input. No text is ``{}``; text that is not JSON stays as it is, for the caller to judge."""
    if not text.strip():
        return {}
    try:
        return json_codec.loads(text)
    except ValueError:
        return text


def _reasoning(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    redacted = [delta["redactedContent"] for delta in deltas if "redactedContent" in delta]
    if redacted:
        return {"redactedContent": b"".join(redacted)}
    text: dict[str, Any] = {"text": "".join([delta["text"] for delta in deltas if "text" in delta])}
    signature = "".join([delta["signature"] for delta in deltas if "signature" in delta])
    if signature:
        text["signature"] = signature
    extras = {
        name: value
        for delta in deltas
        for name, value in delta.items()
        if name not in ("text", "signature", "redactedContent")
    }
    return {"reasoningText": text, **extras}


def _image(start: dict[str, Any], deltas: list[dict[str, Any]]) -> dict[str, Any]:
    image = dict(start)
    pieces: list[bytes] = []
    for delta in deltas:
        source: Any = delta.get("source")
        if isinstance(source, dict) and list(held := cast("dict[str, Any]", source)) == ["bytes"]:
            pieces.append(held["bytes"])
        elif source is not None:
            image["source"] = source
        image.update({name: value for name, value in delta.items() if name != "source"})
    if pieces:
        image["source"] = {"bytes": b"".join(pieces)}
    return image
