"""Media that messages name by a web address, downloaded before the request is written.

Only where ``fetch_media`` allows it; :mod:`bedrock_unified.media.fetching` has the bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from bedrock_unified.media import MediaFetcher

_KINDS = frozenset(
    {
        *("image", "image_url", "file", "document", "video", "audio", "text-plain"),
        *("input_image", "input_file"),
    }
)
#: Members of a block in which its own web address may stand.
_ADDRESSES = ("url", "image_url", "file_url")
#: Members of a block, and of what it holds, in which other blocks or a URL may stand.
_HOLDERS = ("content", "output", "value")


def web_addresses(messages: Sequence[BaseMessage]) -> list[str]:
    """The web addresses of these messages' media, each once, in their order."""
    found = (url for message in messages for url in _urls(message.content))
    return list(dict.fromkeys(found))


def with_fetched(
    messages: Sequence[BaseMessage], fetcher: MediaFetcher | None = None
) -> Sequence[BaseMessage]:
    """The messages with what is at their web addresses; the same ones where there are none.

    The messages that were given are not changed; the returned ones are for ``converse_messages``
    alone, which refuses web addresses that nobody downloaded.

    Args:
        fetcher: who downloads; one with the default bounds where none is given.

    Raises:
        InvalidRequestError: a download that is not allowed anywhere, or failed.
    """
    if not (urls := web_addresses(messages)):
        return messages
    return _replaced(messages, (fetcher or MediaFetcher()).fetch_all(urls))


async def awith_fetched(
    messages: Sequence[BaseMessage], fetcher: MediaFetcher | None = None
) -> Sequence[BaseMessage]:
    """The asynchronous :func:`with_fetched`."""
    if not (urls := web_addresses(messages)):
        return messages
    return _replaced(messages, await (fetcher or MediaFetcher()).afetch_all(urls))


def _replaced(messages: Sequence[BaseMessage], fetched: Mapping[str, Any]) -> list[BaseMessage]:
    def put(url: str) -> Any:
        return fetched[url]

    written: list[BaseMessage] = []
    for message in messages:
        content = _with_urls(message.content, put)
        changed = content is not message.content
        written.append(message.model_copy(update={"content": content}) if changed else message)
    return written


def _urls(content: Any) -> Iterator[str]:
    found: list[str] = []

    def note(url: str) -> str:
        found.append(url)
        return url

    _with_urls(content, note)
    return iter(found)


def _with_urls(content: Any, put: Callable[[str], Any]) -> Any:
    """Content with each web address of a medium put through a function; the same object without any."""
    if isinstance(content, list):
        parts = [_with_urls(part, put) for part in content]
        return parts if any(new is not old for new, old in zip(parts, content, strict=True)) else content
    if not isinstance(content, dict):
        return content
    block = dict(content)
    if block.get("type") in _KINDS:
        for name in _ADDRESSES:
            held = block.get(name)
            if isinstance(held, dict) and _is_web(held.get("url")):
                block[name] = {**held, "url": put(held["url"])}
            elif isinstance(held, str) and _is_web(held):
                block[name] = put(held)
        source = block.get("source")
        if isinstance(source, dict) and source.get("type") == "url" and _is_web(source.get("url")):
            block["source"] = {**source, "url": put(source["url"])}
    for name in _HOLDERS:
        if name in block:
            block[name] = _with_urls(block[name], put)
    return block if any(block[name] is not content[name] for name in content) else content


def _is_web(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower().startswith(("http://", "https://"))
