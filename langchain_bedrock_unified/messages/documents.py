"""Names of documents, which Bedrock wants to be unique within a request and of few characters.

Source: Bedrock API reference, DocumentBlock (``name``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

_LIMIT = 200
_REFUSED = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")
_SPACES = re.compile(r"\s+")
# Not every dot begins an extension: "Budget v1.5" has none.
_EXTENSION = re.compile(
    r"(?<=.)\.(?:pdf|csv|docx?|xlsx?|html?|txt|text|md|markdown|json|xml|ya?ml)$", re.IGNORECASE
)


class DocumentNames:
    """Gives each document of one request its name; the same messages always give the same names."""

    __slots__ = ("_used",)

    def __init__(self) -> None:
        self._used: set[str] = set()

    def reserve(self, name: object) -> None:
        """Keep a name that the caller chose in Bedrock's own shape; it is sent as it is."""
        if isinstance(name, str):
            self._used.add(name)

    def name(self, wanted: str | None, data: bytes) -> str:
        """The name of a document: what was wanted, made acceptable, or one that follows from its bytes."""
        cleaned = _acceptable(wanted or "") or f"document-{sha256(data).hexdigest()[:12]}"
        name, number = cleaned, 1
        while name in self._used:
            number += 1
            suffix = f"-{number}"
            name = cleaned[: _LIMIT - len(suffix)] + suffix
        self._used.add(name)
        return name


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


def _acceptable(name: str) -> str:
    name = _REFUSED.sub("-", _EXTENSION.sub("", name.strip()))
    return _SPACES.sub(" ", name).strip(" -")[:_LIMIT].rstrip()
