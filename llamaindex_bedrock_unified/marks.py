"""Messages that are marked to be cached as a whole: ``additional_kwargs={"cache_control": {…}}``.

LlamaIndex's Anthropic package reads the mark, and LlamaIndex's DocumentContextExtractor sets it, whatever the
model is, on the page that it shows again with each passage. In Converse it is a cache point at the message's
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llama_index.core.base.llms.types import CacheControl, ChatMessage

from bedrock_unified.converse.turns import is_blank
from bedrock_unified.errors import InvalidRequestError

from .carrier import Block

MARK = "cache_control"
#: Where a message may be cached, if nothing else is known.
EVERYWHERE = frozenset({"system", "messages"})
_NO_MARKS = ("cache_point", "cachePoint")
_KNOWN = ("5m", "1h", None)
#: Bedrock takes no point directly behind these; see :mod:`bedrock_unified.converse.caching`.
_NOT_AFTER = frozenset({"document", "reasoningContent"})


def any_marked(messages: Iterable[ChatMessage]) -> bool:
    """Whether one of the messages is marked."""
    return any(message.additional_kwargs.get(MARK) for message in messages)


def with_mark(content: list[Block], message: ChatMessage, where: str, *, cached: bool) -> list[Block]:
    """The content with the message's cache point, if it is marked: behind the last block that takes one.

    Nothing is added where a point of the caller's stands already, and where there is nothing to cache.

    Args:
        cached: whether the model takes cache points here. If not, marks mean nothing: LlamaIndex sets them
            whatever the model is.

    Raises:
        InvalidRequestError: a mark that is none, or a message of documents alone.
    """
    more = message.additional_kwargs
    if not more:
        return content
    for name in _NO_MARKS:
        if name in more:
            raise InvalidRequestError(
                f"{where}: additional_kwargs[{name!r}] makes no cache point",
                hint=f"put a CachePoint block behind what is to be cached, or say {MARK!r}",
            )
    given = more.get(MARK)
    if not given:
        return content
    point = _point(given, where)
    if not cached:
        return content
    at = len(content)
    while at and (is_blank(content[at - 1]) or not _NOT_AFTER.isdisjoint(content[at - 1])):
        at -= 1
    if not at:
        if all(is_blank(block) for block in content):
            return content
        raise InvalidRequestError(
            f"{where} is marked to be cached, and has no place for it",
            hint="Bedrock takes no cache point directly behind a document or reasoning: put a text behind it",
        )
    if any("cachePoint" in block for block in content[at - 1 : at + 1]):
        return content
    return [*content[:at], point, *content[at:]]


def _point(given: Any, where: str) -> Block:
    control = given.model_dump() if isinstance(given, CacheControl) else given
    if (
        not isinstance(control, Mapping)
        or control.get("type", "ephemeral") not in ("ephemeral", "default")
        or control.get("ttl") not in _KNOWN
        or not control.keys() <= {"type", "ttl"}
    ):
        raise InvalidRequestError(
            f"{where}: additional_kwargs[{MARK!r}] is {given!r:.120}",
            hint="{'type': 'ephemeral'}, with 'ttl': '1h' for an hour; a CachePoint block says the same",
        )
    return point_of(control.get("ttl"))


def point_of(ttl: str | None) -> Block:
    """A cache point.

    LlamaIndex fills in "5m", which is Bedrock's default and unknown to models from before ttl existed: it
    is left out.
    """
    return {"cachePoint": {"type": "default", "ttl": ttl} if ttl == "1h" else {"type": "default"}}
