"""What a Converse request says: the question, the texts to answer from, the tool calls made so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from ..protocol.frames import json_bytes
from ..shapes import as_object, listed, under
from .documents import document_pages
from .finds import is_verb
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
    asks_about_attachment: bool = False
    """The turn of the question brings an image, a video or a document of its own."""

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
_RULE = re.compile(r"^[ \t]*[-=_*]{3,}[ \t]*$", re.MULTILINE)
# A line that only says where something begins or ends: ``<file name="a.txt">``, ``</context>``.
_TAG = re.compile(r"^[ \t]*</?[A-Za-z][^<>\n]*>[ \t]*$", re.MULTILINE)
_LONG_SYSTEM = 600
_SHORT = 400
"""A turn of at most so many characters, in one paragraph, is a question as a whole."""


def read(request: Mapping[str, Any]) -> Reading:
    """Read the Converse parameters ``request`` (boto3's shape)."""
    reading = Reading()
    messages = listed(request, "messages")
    reading.instructions = "\n".join(_block_text(block) for block in listed(request, "system")).strip()
    asked = _last_asking_turn(messages)
    counter = _Counter()
    calls: dict[str, tuple[str, Any]] = {}
    asking_texts: list[str] = []
    for position, message in enumerate(messages):
        for block in listed(message, "content"):
            if position == asked and {"image", "video", "document"} & set(block):
                reading.asks_about_attachment = True
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
                if position == asked and "grounding_source" not in _qualifiers(block):
                    asking_texts.append(text)
                elif text.strip():
                    _read_other(text, message["role"], position, asked, reading)
    reading.request = "\n".join(_queries(messages[asked]) or asking_texts) if messages else ""
    question, rest = split_question(reading.request)
    reading.question = without_errand(question)
    if rest.strip():
        reading.sources.append(Source("user", rest))
    if reading.instructions:
        # A long system prompt holds the text to answer from; a short one only says how to.
        kind: SourceKind = "user" if len(reading.instructions) > _LONG_SYSTEM else "system"
        reading.sources.append(Source(kind, reading.instructions))
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
        blocks = listed(message, "content")
        text = "\n".join(_block_text(block) for block in blocks)
        has_results = any("toolResult" in block for block in blocks)
        if text.strip() and (_asks(text) if has_results else not _urges_on(text)):
            return position
    return 0


_IMPERATIVE = re.compile(r"^\s*(?:now|then|next|also|please|and|ok(?:ay)?)\b", re.IGNORECASE)
_URGING = re.compile(
    r"\b(?:tool (?:result|output|response)s?|observation|continue|go on|proceed|carry on)\b", re.IGNORECASE
)


def _asks(text: str) -> bool:
    """Whether the words beside a tool result ask something new, rather than describe the result."""
    return "?" in text or bool(_IMPERATIVE.match(text))


def _urges_on(text: str) -> bool:
    """Whether a turn only tells the model to go on with what was asked before."""
    return "?" not in text and len(text) <= _SHORT and bool(_URGING.search(text))


def _block_text(block: Mapping[str, Any]) -> str:
    if "text" in block:
        return str(block["text"])
    if "guardContent" in block:
        guarded = under(block, "guardContent").get("text")
        return str(guarded["text"]) if guarded else ""
    return ""


def _qualifiers(block: Mapping[str, Any]) -> list[str]:
    return cast("list[str]", under(under(block, "guardContent"), "text").get("qualifiers") or [])


def _queries(message: Mapping[str, Any]) -> list[str]:
    """The texts a turn marks as the query for its guardrail."""
    return [_block_text(block) for block in listed(message, "content") if "query" in _qualifiers(block)]


def _read_other(text: str, role: str, position: int, asked: int, reading: Reading) -> None:
    if position == asked:
        reading.sources.append(Source("document", text))
    elif role == "user" and position > asked:
        reading.history.append(text)
    else:
        reading.history.append(text)
        reading.sources.append(Source("history", text))


def _read_document(document: Mapping[str, Any], reading: Reading, counter: _Counter) -> None:
    source = under(document, "source")
    form: Literal["plain", "pages", "chunks"] = "plain"
    if "content" in source:
        form = "chunks"
    elif document.get("format") == "pdf" and "bytes" in source:
        form = "pages"
    cited = bool(under(document, "citations").get("enabled"))
    for page, text in enumerate(document_pages(document)):
        if text.strip():
            reading.sources.append(
                Source("document", text, str(document["name"]), counter.documents, page, form, cited)
            )
    counter.documents += 1


def _read_search(result: Mapping[str, Any], reading: Reading, counter: _Counter) -> None:
    cited = bool(under(result, "citations").get("enabled"))
    for page, part in enumerate(listed(result, "content")):
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
    for part in listed(result, "content"):
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
        reading.results.append(Result(name, as_object(given), text, is_error))
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


_ERRAND = re.compile(r"^(?P<errand>[^:?\n]{1,60}):\s+(?P<question>\S[^\n]{2,})$")


def without_errand(question: str) -> str:
    """``question`` without an errand before it: "Search the files and answer: who was first?"."""
    match = _ERRAND.match(question.strip())
    if match and is_verb(match.group("errand").split()[0]) and len(match.group("question").split()) >= 3:
        return match.group("question")
    return question


def split_question(text: str) -> tuple[str, str]:
    """The question in a user turn, and the rest of the turn, which may hold what answers it.

    In order of trust: the last line a prompt labels as the question; of a single paragraph the one sentence
    that asks, or all of it where it is short; the closing sentence or paragraph when it asks; the opening
    one when it does; the last sentence that ends in a question mark; else the shorter of the first and the
    last paragraph.
    """
    text = _TAG.sub("", _RULE.sub("", _ANSWER_SLOT.sub("", text))).strip()
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
        if not content_stems(text):
            return text, ""
        paragraphs = [span.text for span in sentences(text)]
        asking = [index for index, sentence in enumerate(paragraphs) if sentence.rstrip("\"')").endswith("?")]
        if len(text) <= _SHORT and len(asking) != 1:
            return text, ""
        separator = " "
        if len(asking) == 1:
            rest = [sentence for index, sentence in enumerate(paragraphs) if index != asking[0]]
            return paragraphs[asking[0]], separator.join(rest)
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
