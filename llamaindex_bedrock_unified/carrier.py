"""Converse content verbatim beside the blocks, for what LlamaIndex has no block for.

Where a message's blocks cannot say everything that Converse said (a citation's web location, a server tool's
result, guarded content, a block that is newer than this package), the whole content stands once more in
``additional_kwargs["bedrock_content"]``, as JSON: bytes as base64 text. When the message is sent again, that
content is sent, but only while the message's blocks are still those that it shows. A caller who edits the
blocks gets what the blocks say.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from bedrock_unified.converse.blobs import decode_block

CONTENT = "bedrock_content"

Block = dict[str, Any]


def packed(content: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Content as JSON: copied, bytes as base64 text."""
    return [_packed(block) for block in content]


def unpacked(content: Sequence[Mapping[str, Any]]) -> list[Block]:
    """The content back, with bytes where Converse has blobs. The argument is not changed."""
    blocks = [_copied(block) for block in content]
    for block in blocks:
        decode_block(block)
    return blocks


def _packed(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {name: _packed(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
