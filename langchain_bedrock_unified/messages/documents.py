"""Names of the documents in LangChain messages; the rule is :mod:`bedrock_unified.converse.documents`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_unified.converse.documents import DocumentNames

__all__ = ["DocumentNames", "native_names"]


def native_names(content: Any) -> Iterator[object]:
    """The names of documents in Bedrock's own shape, also in tool results."""
    if not isinstance(content, (list, tuple)):
        return
    for part in content:
        if not isinstance(part, Mapping):
            continue
        if isinstance(document := part.get("document"), Mapping):
            yield document.get("name")
        if isinstance(result := part.get("toolResult"), Mapping):
            yield from native_names(result.get("content"))
        yield from native_names(part.get("content"))
