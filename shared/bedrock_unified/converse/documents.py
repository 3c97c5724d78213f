"""Names of documents, which Bedrock wants to be of few characters and unique within a request.

Sources: Bedrock API reference, DocumentBlock (``name``). It does not list the underscore, which recorded
requests have and AWS answers: a caller's stays, ours have none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, cast

Block = dict[str, Any]
Turn = dict[str, Any]

_LIMIT = 200
_ACCEPTABLE = re.compile(r"(?!.*  )[A-Za-z0-9_ \-()\[\]]{1,200}")
_REFUSED = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")
_SPACES = re.compile(r"\s+")
# Not every dot begins an extension: "Budget v1.5" has none.
_EXTENSION = re.compile(
    r"(?<=.)\.(?:pdf|csv|docx?|xlsx?|html?|txt|text|md|markdown|json|xml|ya?ml)$", re.IGNORECASE
)


class DocumentNames:
    """Gives each document of one request its name; the same documents always get the same names.

    A name is made of what was wanted: without its extension and accents, other characters as ``-``, 200 at
    most; without a usable wish it is ``document-`` and a hash of the content. A taken one gets a number.
    """

    __slots__ = ("_used",)

    def __init__(self) -> None:
        self._used: set[str] = set()

    def reserve(self, name: object) -> None:
        """Keep a name that the caller chose in Bedrock's own shape; it is sent as it is."""
        if isinstance(name, str):
            self._used.add(name)

    def __contains__(self, name: object) -> bool:
        return name in self._used

    def name(self, wanted: str | None, data: bytes) -> str:
        """The name of a document.

        Args:
            wanted: what it is called, a title or a file's name.
            data: its content, or what stands for it (a place in S3).
        """
        cleaned = _cleaned(wanted or "") or f"document-{sha256(data).hexdigest()[:12]}"
        name, number = cleaned, 1
        while name in self._used:
            number += 1
            suffix = f"-{number}"
            name = cleaned[: _LIMIT - len(suffix)] + suffix
        self._used.add(name)
        return name


def is_acceptable(name: object) -> bool:
    """Whether Bedrock takes a document's name."""
    return isinstance(name, str) and _ACCEPTABLE.fullmatch(name) is not None


def content_of(source: object) -> bytes:
    """What tells a document's ``source`` from another: its bytes, or its text or place."""
    held: Any = cast("Mapping[str, Any]", source) if isinstance(source, Mapping) else {}
    if isinstance(data := held.get("bytes"), (bytes, bytearray)):
        return bytes(data)
    return repr(cast("object", source)).encode("utf-8", "surrogatepass")


def with_document_names(turns: Sequence[Turn]) -> list[Turn]:
    """The turns with names that Bedrock takes, each once; a name that it takes and that is free stays.

    No name depends on what comes later: those of a conversation stay when it grows, which its prompt cache
    needs. The arguments are not changed, and what needs no other name is shared.
    """
    names = DocumentNames()
    return [{**turn, "content": _renamed(turn["content"], names)} for turn in turns]


def _renamed(content: Sequence[Block], names: DocumentNames) -> list[Block]:
    """The blocks with their documents named."""
    renamed: list[Block] = []
    for block in content:
        if "document" in block:
            document = block["document"]
            wanted = document.get("name")
            if is_acceptable(wanted) and wanted not in names:
                names.reserve(wanted)
            else:
                data = content_of(document.get("source"))
                name = names.name(wanted if isinstance(wanted, str) else None, data)
                block = {**block, "document": {**document, "name": name}}
        elif "toolResult" in block and (inner := block["toolResult"].get("content")):
            parts = _renamed(inner, names)
            if any(part is not given for part, given in zip(parts, inner, strict=True)):
                block = {**block, "toolResult": {**block["toolResult"], "content": parts}}
        renamed.append(block)
    return renamed


def _cleaned(name: str) -> str:
    plain = unicodedata.normalize("NFKD", _EXTENSION.sub("", name.strip()))
    plain = "".join([character for character in plain if not unicodedata.combining(character)])
    return _SPACES.sub(" ", _REFUSED.sub("-", plain)).strip(" -")[:_LIMIT].rstrip()
