"""Selective guarding: which parts of a request a guardrail judges.

Without marks a guardrail reads the messages on its own account (not tool results, tool definitions and tool
input, as the Bedrock user guide says under "Include a guardrail with the Converse API"). Once a block is
marked (``guardContent``), it reads the marked ones alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from ..errors import InvalidRequestError
from .results import FILLER

Block = Mapping[str, Any]
Request = dict[str, Any]

#: What can be asked for by one word.
WORDS = ("all", "last_user", "marked")
IMAGE_FORMATS = ("png", "jpeg")
_GROUNDING = ("grounding_source", "query")
_KEYS = (*_GROUNDING, "guard_content")
#: Words for places, where a dict would else give text.
_PLACES = ("system", "last_user")
#: A query is judged like any other text of the user's, too: blocks that are only source or query are not (in
#: recorded traffic such requests have 0 guarded characters).
_QUALIFIERS: Mapping[str, list[str]] = {
    "grounding_source": ["grounding_source"],
    "query": ["query", "guard_content"],
    "guard_content": ["guard_content"],
}


def guarded(request: Request, guard_content: Any) -> Request:
    """The request with the blocks marked that a guardrail shall judge. The argument is not changed.

    Args:
        request: a Converse request with a ``guardrailConfig``.
        guard_content: None leaves the request as it is. ``all`` marks every text and image of the user's
            turns. ``last_user`` marks those of the last user turn that has any, also where tool results or a
            filler come after it. ``marked`` marks nothing, and insists that something is marked. A dict marks
            for contextual grounding: ``grounding_source`` and ``query``, and what is to be judged besides as
            ``guard_content``; each a text, a list of texts, or the place ``system`` or ``last_user``. A text
            must stand in the system prompt or a user's turn, as a block or as a part of one, which is then
            divided; the model is shown the same text.

    The system prompt is marked only by a dict or by hand, for it is the owner's own text. Blocks that are
    marked already stay as they are. Documents, video and audio cannot be marked, nor can the content of tool
    results.

    Raises:
        InvalidRequestError: no guardrail to judge anything; nothing that could be marked; an image a
            guardrail cannot read (png and jpeg by their bytes are what it can); a text that is not there; a
            mark inside a tool result; another word or key.
    """
    if guard_content is None:
        return request
    if not request.get("guardrailConfig"):
        raise InvalidRequestError(
            f"guard_content={guard_content!r:.80} without a guardrail guards nothing",
            hint="name the guardrail too: guardrail_identifier and guardrail_version",
        )
    _refuse_marked_results(request)
    if isinstance(guard_content, Mapping):
        return _for_grounding(request, cast("Mapping[str, Any]", guard_content))
    if guard_content not in WORDS:
        raise InvalidRequestError(
            f"guard_content={guard_content!r:.80}",
            hint=f"one of {', '.join(WORDS)}, or a dict of {', '.join(_KEYS)}",
        )
    if guard_content == "marked":
        result = request
    else:
        result = _mark_turns(request, only_last=guard_content == "last_user", qualifiers=None)
    if not any("guardContent" in block for block in _blocks(result)):
        raise InvalidRequestError(
            f"guard_content={guard_content!r}, but no block of the request is marked or could be",
            hint="mark one: {'guardContent': {'text': {'text': …}}}; or leave guard_content out, so that the "
            "guardrail reads the whole of the messages",
        )
    return result


def _mark_turns(request: Request, *, only_last: bool, qualifiers: list[str] | None) -> Request:
    """The request with the texts and images of its user turns (or of the last with any) marked."""
    messages = list(cast("Sequence[Block]", request.get("messages") or ()))
    places = [
        index
        for index, message in enumerate(messages)
        if message["role"] == "user" and any(_guardable(block) for block in message["content"])
    ]
    if only_last:
        # What was put behind an answer because a user's turn has to be there says nothing of the user's.
        saying = [index for index in places if not _is_filler(messages[index]["content"])]
        places = (saying or places)[-1:]
    for index in places:
        content = [_marked(block, qualifiers) for block in messages[index]["content"]]
        messages[index] = {**messages[index], "content": content}
    return {**request, "messages": messages}


def _is_filler(content: Sequence[Block]) -> bool:
    return all(block.get("text") == FILLER for block in content if _guardable(block))


def _guardable(block: Block) -> bool:
    return "guardContent" in block or "image" in block or bool(str(block.get("text") or "").strip())


def _marked(block: Block, qualifiers: list[str] | None) -> Block:
    if isinstance(block.get("text"), str) and block["text"].strip():
        return _text(block["text"], qualifiers)
    if "image" not in block or qualifiers == _QUALIFIERS["grounding_source"]:
        return block
    image = cast("Mapping[str, Any]", block["image"])
    source = cast("Mapping[str, Any]", image.get("source") or {})
    if image.get("format") not in IMAGE_FORMATS or "bytes" not in source:
        what = f"a {image.get('format')!r:.20} image" if "bytes" in source else "an image in S3"
        raise InvalidRequestError(
            f"guardrails cannot read {what}, so it would stay unguarded",
            hint=f"send the bytes of a {' or '.join(IMAGE_FORMATS)}, or mark the other blocks yourself and "
            "say guard_content='marked'",
        )
    return {"guardContent": {"image": {"format": image["format"], "source": {"bytes": source["bytes"]}}}}


def _text(text: str, qualifiers: list[str] | None) -> dict[str, Any]:
    return {"guardContent": {"text": {"text": text, **({"qualifiers": qualifiers} if qualifiers else {})}}}


def _for_grounding(request: Request, wishes: Mapping[str, Any]) -> Request:
    """The request with source and query of contextual grounding marked."""
    unknown = [key for key in wishes if key not in _KEYS]
    if unknown or not wishes:
        raise InvalidRequestError(
            f"guard_content has no key {unknown[0]!r:.80}" if unknown else "guard_content is an empty dict",
            hint=f"its keys are {', '.join(_KEYS)}",
        )
    result = request
    for key in _KEYS:  # the source first: a query may be quoted in it
        for wish in _listed(key, wishes.get(key)):
            if wish == "system":
                result = _mark_system(result, _QUALIFIERS[key])
            elif wish == "last_user":
                result = _mark_turns(result, only_last=True, qualifiers=_QUALIFIERS[key])
            else:
                result = _mark_text(result, key, wish)
    held = {qualifier for block in _blocks(result) for qualifier in _qualifiers(block)}
    for key in _KEYS:
        if key in wishes and key not in held:
            raise InvalidRequestError(
                f"guard_content[{key!r}] marks nothing: there is no text in {wishes[key]!r:.80}",
                hint="give the text itself, as it stands in a message",
            )
    lacking = [key for key in _GROUNDING if key not in held]
    if len(lacking) == 1:
        raise InvalidRequestError(
            f"contextual grounding without {lacking[0]}: the guardrail would check nothing",
            hint="give both grounding_source and query in guard_content",
        )
    return result


def _listed(key: str, wish: Any) -> list[str]:
    """The texts and places a key names."""
    if wish is None:
        return []
    given: Any = [wish] if isinstance(wish, str) else wish
    wishes = cast("Sequence[Any]", given if isinstance(given, Sequence) else ())
    if not wishes or not all(isinstance(one, str) and one.strip() for one in wishes):
        raise InvalidRequestError(
            f"guard_content[{key!r}] is {type(wish).__name__}, or has a part without text",
            hint=f"give a text, a list of texts, or one of {', '.join(_PLACES)}",
        )
    return list(wishes)


def _mark_system(request: Request, qualifiers: list[str]) -> Request:
    system = cast("Sequence[Block]", request.get("system") or ())
    marked = [_text(b["text"], qualifiers) if str(b.get("text") or "").strip() else b for b in system]
    return {**request, "system": marked}


def _mark_text(request: Request, key: str, text: str) -> Request:
    """The request with one text marked in one place: a query rather in a user's turn, what else in the system
    prompt; of the turns the last one that has it, for a question may have been asked before.
    """
    qualifiers = _QUALIFIERS[key]
    found = _divided(cast("Sequence[Block]", request.get("system") or ()), text, qualifiers)
    if found is not None and key != "query":
        return {**request, "system": found}
    messages = list(cast("Sequence[Block]", request.get("messages") or ()))
    for index in reversed(range(len(messages))):
        message = messages[index]
        content = _divided(message["content"], text, qualifiers) if message["role"] == "user" else None
        if content is not None:
            messages[index] = {**message, "content": content}
            return {**request, "messages": messages}
    if found is not None:
        return {**request, "system": found}
    raise InvalidRequestError(
        f"guard_content[{key!r}]: its text ({len(text):,} characters) stands in no message of the user's and "
        "not in the system prompt",
        hint="give the text exactly as it stands there; or give the marked block yourself: "
        f"{{'guardContent': {{'text': {{'text': …, 'qualifiers': {qualifiers!r}}}}}}}",
    )


def _divided(content: Sequence[Block], text: str, qualifiers: list[str]) -> list[Block] | None:
    """The blocks with ``text`` marked, None where none has it."""
    for index, block in enumerate(content):
        held: Any = block.get("text")
        if not isinstance(held, str) or text not in held:
            continue
        before, _, after = held.partition(text)
        # Bedrock refuses blank blocks, so white space stays with the marked text.
        if not before.strip():
            before, text = "", before + text
        if not after.strip():
            text, after = text + after, ""
        parts = [{"text": before}, _text(text, qualifiers), {"text": after}]
        return [*content[:index], *(part for part in parts if part.get("text") != ""), *content[index + 1 :]]
    return None


def _qualifiers(block: Block) -> Sequence[str]:
    marked = cast("Mapping[str, Any]", block.get("guardContent") or {})
    return cast("Mapping[str, Any]", marked.get("text") or {}).get("qualifiers") or ()


def _blocks(request: Mapping[str, Any]) -> Iterator[Block]:
    yield from request.get("system") or ()
    for message in request.get("messages") or ():
        yield from message["content"]


def _refuse_marked_results(request: Mapping[str, Any]) -> None:
    for block in _blocks(request):
        result = cast("Mapping[str, Any]", block.get("toolResult") or {})
        if any("guardContent" in part for part in cast("Sequence[Block]", result.get("content") or ())):
            raise InvalidRequestError(
                f"the result of tool call {result.get('toolUseId')!r:.80} has guardContent in it, which "
                "Bedrock does not take there",
                hint="judge what a tool says with apply_guardrail before it becomes a result",
            )
