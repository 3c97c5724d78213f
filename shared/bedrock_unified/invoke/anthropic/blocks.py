"""Content blocks of Converse as those of Messages.

Rules:

- Blank text is left out, as Converse's users must do themselves: Claude refuses it.
- Documents are PDF, text or lists of text blocks; csv, html, md and txt travel as text.
- JSON in a tool result travels as text, for Messages has no JSON there.
- Ids of tool calls that Claude refuses (``.`` and ``:``, which Converse allows) become others, the same for
  the call and its result.
- The model's own tools (``server_tool_use``, ``…_tool_result``) and blocks of kinds that Converse does not
  know go back as they came (see :mod:`.answers`).
- Citations that are not Claude's own are left out; the text that they belong to stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from ...converse.tools import tool_use_id
from ...errors import InvalidRequestError
from ..common import Block, base64_text, document_text, is_blank, json_text, kind_of, no_form
from .citations import native_citation

NAME = "Claude (Anthropic Messages)"
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
#: Union members of Converse's content blocks (service model) without a form in Messages.
_FORMLESS = frozenset({"audio", "video", "toolAddition", "toolRemoval"})
_TOOL_USE = frozenset({"toolUseId", "name", "input", "type"})
_NATIVE_KIND = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
Natives = list[dict[str, Any]]


class Writer:
    """Writes blocks of one request.

    Args:
        guarded: the text of a ``guardContent`` block, None where it has none.
    """

    __slots__ = ("_guarded",)

    def __init__(self, guarded: Callable[[Block], str | None]) -> None:
        self._guarded = guarded

    def block(self, block: Block) -> Natives:
        """The Messages blocks of one Converse block: one, or none for blank text.

        Raises:
            InvalidRequestError: it has no form there.
        """
        kind = kind_of(block)
        if kind == "guardContent":
            text = self._guarded(block)
            if text is None:
                raise no_form("an image in guardContent", NAME)
            return _text(text)
        write = _WRITERS.get(kind)
        if write is not None:
            return write(block[kind])
        if kind in _FORMLESS or not _NATIVE_KIND.fullmatch(kind):
            raise no_form(f"the content block {kind!r:.80}", NAME)
        return [{"type": kind, **_mapping(block[kind], kind)}]


def _mapping(value: Any, kind: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    raise no_form(f"the content block {kind!r:.80} of {value!r:.80}", NAME)


def _text(text: Any) -> Natives:
    return [] if is_blank(text) else [{"type": "text", "text": text}]


def _image(image: Block) -> Natives:
    source = image["source"]
    if source.get("bytes") is None:
        raise no_form(f"an image from {kind_of(source)}", NAME)
    data = base64_text(source["bytes"])
    media_type = f"image/{image['format']}"
    return [{"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}]


def _document(document: Block) -> Natives:
    native: dict[str, Any] = {"type": "document", "source": _document_source(document)}
    for ours, theirs in (("name", "title"), ("context", "context"), ("citations", "citations")):
        if document.get(ours) is not None:
            native[theirs] = document[ours]
    return [native]


def _document_source(document: Block) -> dict[str, Any]:
    source, form = document["source"], document.get("format")
    if source.get("text") is not None:
        return {"type": "text", "media_type": "text/plain", "data": source["text"]}
    if source.get("content") is not None:
        parts = [
            {"type": "text", "text": part["text"]} for part in source["content"] if not is_blank(part["text"])
        ]
        return {"type": "content", "content": parts}
    data = source.get("bytes")
    if data is None:
        raise no_form(f"a document from {kind_of(source)}", NAME)
    if form == "pdf":
        return {"type": "base64", "media_type": "application/pdf", "data": base64_text(data)}
    text = document_text(document, "Claude")
    if text is None:
        raise no_form(f"a document of the format {form!r:.40}", NAME)
    return {"type": "text", "media_type": "text/plain", "data": text}


def _tool_use(use: Block) -> Natives:
    server = use.get("type") == "server_tool_use"
    native: dict[str, Any] = {
        "type": "server_tool_use" if server else "tool_use",
        "id": _id(use["toolUseId"]),
        "name": use["name"],
        "input": {} if use.get("input") is None else use["input"],
    }
    return [{**native, **{name: value for name, value in use.items() if name not in _TOOL_USE}}]


def _tool_result(result: Block) -> Natives:
    kind = result.get("type")
    if isinstance(kind, str) and kind.endswith("_tool_result"):
        return [_server_result(kind, result)]
    content = [native for part in result["content"] for native in _result_part(part)]
    native: dict[str, Any] = {"type": "tool_result", "tool_use_id": _id(result["toolUseId"])}
    if content:
        native["content"] = content
    if result.get("status") == "error":
        native["is_error"] = True
    return [native]


def _server_result(kind: str, result: Block) -> dict[str, Any]:
    """The result of one of the model's own tools, as :mod:`.answers` has kept it: one JSON document."""
    parts = result["content"]
    if len(parts) != 1 or "json" not in parts[0]:
        raise no_form(f"a {kind} of other content than one JSON document", NAME)
    return {"type": kind, "tool_use_id": _id(result["toolUseId"]), "content": parts[0]["json"]}


def _result_part(part: Block) -> Natives:
    kind = kind_of(part)
    if kind == "json":
        return _text(json_text(part["json"]))
    if kind not in ("text", "image", "document", "searchResult"):
        raise no_form(f"{kind} in a tool result", NAME)
    return _WRITERS[kind](part[kind])


def _reasoning(reasoning: Block) -> Natives:
    redacted = reasoning.get("redactedContent")
    if redacted is not None:
        return [{"type": "redacted_thinking", "data": _opaque(redacted)}]
    told = reasoning["reasoningText"]
    native: dict[str, Any] = {"type": "thinking", "thinking": told["text"]}
    if told.get("signature") is not None:
        native["signature"] = told["signature"]
    return [native]


def _opaque(data: Any) -> str:
    """The text whose bytes Converse's ``redactedContent`` holds (recorded: they are base64 letters)."""
    if isinstance(data, str):
        return data
    try:
        return bytes(data).decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            "the redacted reasoning in the history is not Claude's own",
            hint="leave redactedContent of other models out of the history",
        ) from error


def _cited(cited: Block) -> Natives:
    natives = _text("".join([part.get("text") or "" for part in cited.get("content") or ()]))
    citations = [native_citation(citation) for citation in cited.get("citations") or ()]
    own = [citation for citation in citations if citation is not None]
    if natives and own:
        natives[0]["citations"] = own
    return natives


def _search_result(result: Block) -> Natives:
    parts = [
        {"type": "text", "text": part["text"]} for part in result["content"] if not is_blank(part["text"])
    ]
    native: dict[str, Any] = {
        "type": "search_result",
        "source": result["source"],
        "title": result["title"],
        "content": parts,
    }
    if result.get("citations") is not None:
        native["citations"] = result["citations"]
    return [native]


def _id(given: Any) -> str:
    text = str(given)
    return text if _ID.fullmatch(text) else tool_use_id(f"{text} ")  # the blank makes it one to be replaced


_WRITERS: Mapping[str, Callable[[Any], Natives]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "citationsContent": _cited,
    "searchResult": _search_result,
}
