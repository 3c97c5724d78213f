"""The words of an answer: quoted from the request where it holds an answer, honest where it does not."""

from __future__ import annotations

import re

from .arithmetic import work_out
from .extraction import Passage, find_passages, overview
from .finds import topic
from .reading import Reading, Result
from .toolbox import arithmetic_in
from .words import content_stems, plain, sentences

_OPEN_ENDED = re.compile(
    r"\b(?:write|describe|explain|story|essay|tell me "
    r"(?:more|about)|elaborate|benefits|advantages|discuss|poem|"
    r"list|overview|in detail|what(?:'s| is) (?:in |artificial|the meaning)|introduce)\b",
    re.IGNORECASE,
)
_BRIEF = re.compile(
    r"\b(?:one|single|1|two|a few|short)\s+(?:or "
    r"two\s+)?(?:sentence|word|line|phrase)s?\b|\b(?:brief(?:ly)?|concise(?:ly)?"
    r"|short|haiku|in short)\b",
    re.IGNORECASE,
)
_SAY = re.compile(
    r"\b(?:reply|respond|answer)\b[^.:\n]{0,40}?\b(?:with|using)\b[^.:\n\"'“]{0,40}(?::\s*[\"'“`]?|[\"'“`])(?P<with>[^\"'”`.\n]{1,80})"
    r"|^\W*(?:please\s+|just\s+|only\s+|now\s+)*say\s+(?:exactly\s+|just\s+|only\s+)?(?:the "
    r"words?\s+)?[\"'“`]?(?P<say>[^\"'”`.!?\n]{1,80})",
    re.IGNORECASE,
)
_SHORT_RESULT = 400


def compose(reading: Reading, passages: list[Passage]) -> str:
    """The text of an answer to ``reading``; ``passages`` are the sentences found for it."""
    if reading.results:
        return _from_results(reading)
    told = _what_to_say(reading)
    if told:
        return told
    expression = arithmetic_in(reading.question)
    value = work_out(expression) if expression else None
    if passages:
        return " ".join(passage.text for passage in passages)
    if value is not None:
        return f"{expression} = {value}"
    return _nothing_found(reading)


def _from_results(reading: Reading) -> str:
    results = [result for result in reading.results if result.text]
    if not results:
        return _about_attachments(reading) or "The tool was called and returned nothing to report."
    found = find_passages(
        reading.question, [s for s in reading.sources if s.kind in {"result", "document", "search"}]
    )
    if all(len(result.text) <= _SHORT_RESULT for result in results):
        documents = [p for p in found if p.source.kind != "result"]
        latest = _latest_of_each(results)
        parts = [_stated(result, alone=len(latest) == 1) for result in latest] + [p.text for p in documents]
        return " ".join(dict.fromkeys(parts))
    found = found or overview([source for source in reading.sources if source.kind == "result"])
    if found:
        return " ".join(passage.text for passage in found)
    return " ".join(plain(span.text) for span in list(sentences(results[-1].text))[:2])


def _latest_of_each(results: list[Result]) -> list[Result]:
    """The results of distinct calls; of a call made again, the last."""
    latest: dict[str, Result] = {}
    for result in results:
        latest[
            f"{result.name}{sorted(result.input.items(), key=str)}{len(latest) if not result.input else ''}"
        ] = result
    return list(latest.values())


def _stated(result: Result, *, alone: bool) -> str:
    text = plain(result.text)
    if result.is_error:
        return f"The tool {result.name} failed: {text}"
    if len(text.split()) >= 4 or text.endswith((".", "!", "?")):
        return text
    subject = ", ".join(str(value) for value in result.input.values() if isinstance(value, str | int | float))
    if alone and not subject:
        return f"The result is {text}."
    return f"The result for {subject} is {text}." if subject else f"One result is {text}."


def _what_to_say(reading: Reading) -> str | None:
    """The words that a turn dictates ("Reply with the single word: ready")."""
    match = _SAY.search(reading.question)
    if match and len(reading.request) <= 300:
        return (match.group("with") or match.group("say")).strip() or None
    return None


def _nothing_found(reading: Reading) -> str:
    attachments = _about_attachments(reading)
    if attachments:
        return attachments
    subject = topic(reading.question) or _opening_words(reading.question)
    if not content_stems(reading.question):
        return "Hello. I am the stand-in of the local endpoint, and I answer from the text in a request."
    short = (
        f"Nothing in this request says anything about {subject}. I am the stand-in of the local endpoint: "
        "I answer from the text I am given."
    )
    if not _OPEN_ENDED.search(reading.question) or _BRIEF.search(reading.request):
        return short
    return short + (
        " I am not a language model and know no facts of my own. What I can do is quote: put a document, a "
        "passage "
        "of context or the result of a tool into the request, and I pick the sentences that share the most "
        "telling "
        "words with the question. Offer me a tool whose name and description fit, and I call it with "
        "arguments found "
        "in the text. Ask for a JSON schema, and I fill it from what the text says. The same request "
        "always gets the "
        f"same answer. For an answer about {subject} itself, send this request to Amazon Bedrock: the "
        "client, the "
        "request and the form of the reply stay the same, and a model writes the words."
    )


def _opening_words(question: str) -> str:
    words = question.split()[:12]
    return f"“{' '.join(words).rstrip('?.!')}”" if words else "this"


def _about_attachments(reading: Reading) -> str | None:
    kinds = [
        kind for kind, present in (("an image", reading.has_image), ("a video", reading.has_video)) if present
    ]
    documents = [source.title for source in reading.sources if source.kind == "document" and source.title]
    if documents:
        first = next(source for source in reading.sources if source.title == documents[0])
        opening = [plain(span.text) for span in list(sentences(first.text))[:2]]
        return f"The document {documents[0]} begins: {' '.join(opening)}"
    if not kinds:
        return None
    described = (
        f"The request holds {' and '.join(kinds)}. I am the stand-in of the local endpoint and cannot see "
        "pictures: "
        "I answer from text alone."
    )
    if _OPEN_ENDED.search(reading.question) or "what" in reading.question.lower():
        described += (
            " Describe in words what is shown, or attach a document that does, and I can quote from that. "
            "To have "
            "the picture itself described, send the same request to Amazon Bedrock and a model that takes "
            "images "
            "as input. Everything else about this reply, its blocks, its stop reason, its counts of "
            "tokens, has "
            "the form that such a model's reply has, so that a program can be tried out without an "
            "account. The "
            "picture was received whole, and its format was checked against its first bytes."
        )
    return described
