"""What a Converse request says: the question, the texts to answer from, the tool calls made so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from ..protocol.frames import json_bytes
from .documents import document_pages
from .words import content_stems, sentences

SourceKind = Literal["result", "document", "search", "user", "system", "history"]


@dataclass(frozen=True)
class Source:
    """A text to answer from, and what is needed to cite it."""

    kind: SourceKind
    text: str
    title: str = ""
    index: int = 0
    page: int = 0
    form: Literal["plain", "pages", "chunks", "search"] = "plain"
    cited: bool = False
    url: str = ""


@dataclass(frozen=True)
class Result:
    """One tool result of the present turn."""

    name: str
    input: Mapping[str, Any]
    text: str
    is_error: bool


@dataclass
class Reading:
    """A request, read."""

    question: str = ""
    request: str = ""
    """All text of the turn the question is in."""
    instructions: str = ""
    """The system prompt."""
    sources: list[Source] = field(default_factory=list[Source])
    results: list[Result] = field(default_factory=list[Result])
    history: list[str] = field(default_factory=list[str])
    has_image: bool = False
    has_video: bool = False

    @property
    def wants_citations(self) -> bool:
        return any(source.cited for source in self.sources)


# How prompts commonly mark the part that is the question.
_LABEL = re.compile(
    r"^[ \t>*#]*(?:user |human |original |new |follow[- ]?up |current |the )?"
    r"(?:query|question|q|input|task|request|instruction|prompt|human|user)[*]*\s*:[*]*[ \t]*(?P<text>\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER_SLOT = re.compile(
    r"^[ \t>*#]*(?:final |your |refined |helpful )?(?:answer|response|output|a|assistant)[*]*\s*:[*]*[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SHORT = 400
"""A turn of at most so many characters, in one paragraph, is a question as a whole."""


def read(request: Mapping[str, Any]) -> Reading:
    """Read the Converse parameters ``request`` (boto3's shape)."""
    reading = Reading()
    messages = cast("list[dict[str, Any]]", request.get("messages") or [])
    reading.instructions = "\n".join(
        _block_text(block) for block in cast("list[dict[str, Any]]", request.get("system") or [])
    ).strip()
    asked = _last_asking_turn(messages)
    counter = _Counter()
    calls: dict[str, tuple[str, Any]] = {}
    asking_texts: list[str] = []
    for position, message in enumerate(messages):
        for block in cast("list[dict[str, Any]]", message["content"]):
            if "toolUse" in block:
                use = block["toolUse"]
                calls[use["toolUseId"]] = (use["name"], use["input"])
            elif "toolResult" in block:
                _read_result(block["toolResult"], calls, reading, counter, current=position > asked)
            elif "document" in block:
                _read_document(block["document"], reading, counter)
            elif "searchResult" in block:
                _read_search(block["searchResult"], reading, counter)
            elif "image" in block:
                reading.has_image = True
            elif "video" in block:
                reading.has_video = True
            else:
                text = _block_text(block)
                if position == asked and not _is_grounding(block):
                    asking_texts.append(text)
                elif text.strip():
                    _read_other(text, message["role"], position, asked, reading)
    reading.request = "\n".join(asking_texts)
    reading.question, rest = split_question(reading.request)
    if rest.strip():
        reading.sources.append(Source("user", rest))
    if reading.instructions:
        reading.sources.append(Source("system", reading.instructions))
    return reading


@dataclass
class _Counter:
    documents: int = 0
    searches: int = 0


def _last_asking_turn(messages: list[dict[str, Any]]) -> int:
    """The last user turn that says something itself, rather than only handing over tool results."""
    for position in range(len(messages) - 1, -1, -1):
        message = messages[position]
        if message["role"] != "user":
            continue
        blocks = cast("list[dict[str, Any]]", message["content"])
        says = any(_block_text(block).strip() for block in blocks)
        if says and not any("toolResult" in block for block in blocks):
            return position
        if says and _asks("\n".join(_block_text(block) for block in blocks)):
            return position
    return 0


def _asks(text: str) -> bool:
    return "?" in text or len(content_stems(text)) >= 4


def _block_text(block: Mapping[str, Any]) -> str:
    if "text" in block:
        return str(block["text"])
    if "guardContent" in block:
        guarded = cast("dict[str, Any]", block["guardContent"]).get("text")
        return str(guarded["text"]) if guarded else ""
    return ""


def _is_grounding(block: Mapping[str, Any]) -> bool:
    guarded = cast("dict[str, Any]", block.get("guardContent") or {}).get("text") or {}
    return "grounding_source" in (guarded.get("qualifiers") or [])


def _read_other(text: str, role: str, position: int, asked: int, reading: Reading) -> None:
    if position == asked:
        reading.sources.append(Source("document", text))
    elif role == "user" and position > asked:
        reading.history.append(text)
    else:
        reading.history.append(text)
        reading.sources.append(Source("history", text))


def _read_document(document: Mapping[str, Any], reading: Reading, counter: _Counter) -> None:
    source = cast("dict[str, Any]", document["source"])
    form: Literal["plain", "pages", "chunks"] = "plain"
    if "content" in source:
        form = "chunks"
    elif document.get("format") == "pdf" and "bytes" in source:
        form = "pages"
    cited = bool(cast("dict[str, Any]", document.get("citations") or {}).get("enabled"))
    for page, text in enumerate(document_pages(document)):
        if text.strip():
            reading.sources.append(
                Source("document", text, str(document["name"]), counter.documents, page, form, cited)
            )
    counter.documents += 1


def _read_search(result: Mapping[str, Any], reading: Reading, counter: _Counter) -> None:
    cited = bool(cast("dict[str, Any]", result.get("citations") or {}).get("enabled"))
    for page, part in enumerate(cast("list[dict[str, Any]]", result["content"])):
        reading.sources.append(
            Source(
                "search",
                str(part.get("text", "")),
                str(result["title"]),
                counter.searches,
                page,
                "search",
                cited,
                str(result["source"]),
            )
        )
    counter.searches += 1


def _read_result(
    result: Mapping[str, Any],
    calls: Mapping[str, tuple[str, Any]],
    reading: Reading,
    counter: _Counter,
    *,
    current: bool,
) -> None:
    texts: list[str] = []
    for part in cast("list[dict[str, Any]]", result["content"]):
        if "document" in part:
            _read_document(part["document"], reading, counter)
        elif "searchResult" in part:
            _read_search(part["searchResult"], reading, counter)
        elif "json" in part:
            texts.append(_json_text(part["json"]))
        elif "text" in part:
            texts.append(str(part["text"]))
        else:
            reading.has_image = reading.has_image or "image" in part
    name, given = calls.get(str(result["toolUseId"]), ("", {}))
    text = "\n".join(texts).strip()
    if current:
        is_error = result.get("status") == "error"
        reading.results.append(Result(name, given if isinstance(given, dict) else {}, text, is_error))
        if text:
            reading.sources.append(Source("result", text, name))
    elif text:
        reading.sources.append(Source("history", text, name))


def _json_text(value: Any) -> str:
    """A JSON tool result as lines a sentence can be found in."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return "\n".join(f"{key}: {_inline(item)}" for key, item in entries.items())
    if isinstance(value, list):
        return "\n".join(_inline(item) for item in cast("list[Any]", value))
    return _inline(value)


def _inline(value: Any) -> str:
    return value if isinstance(value, str) else json_bytes(value).decode()


def split_question(text: str) -> tuple[str, str]:
    """The question in a user turn, and the rest of the turn, which may hold what answers it.

    In order of trust: the last line a prompt labels as the question; a short single paragraph as a whole; the
    closing sentence or paragraph when it asks; the opening one when it does; the last sentence that ends in a
    question mark; else the shorter of the first and the last paragraph.
    """
    text = _ANSWER_SLOT.sub("", text).strip()
    labels = list(_LABEL.finditer(text))
    if labels:
        label = labels[-1]
        tail = text[label.end() :]
        question = label.group("text").strip()
        if tail.strip() and "\n\n" not in tail.strip():
            question = f"{question} {tail.strip()}" if len(tail) < _SHORT else question
        return question, text[: label.start()] + tail
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n|\n-{3,}\n", text) if part.strip()]
    if len(paragraphs) <= 1:
        if len(text) <= _SHORT:
            return text, ""
        paragraphs = [span.text for span in sentences(text)]
        separator = " "
    else:
        separator = "\n\n"
    for index in (len(paragraphs) - 1, 0):
        if paragraphs[index].endswith("?") and len(paragraphs[index]) <= _SHORT:
            return paragraphs[index], separator.join(p for i, p in enumerate(paragraphs) if i != index)
    for span in reversed(list(sentences(text))):
        if span.text.endswith("?"):
            return span.text, text[: span.start] + text[span.end :]
    index = 0 if len(paragraphs[0]) <= len(paragraphs[-1]) else len(paragraphs) - 1
    return paragraphs[index], separator.join(p for i, p in enumerate(paragraphs) if i != index)
