"""Where cache points stand: those the caller wrote, and those the policy adds.

Bedrock reads a request as tools, then system, then messages, and keeps what stands before a cache point. The
rules of :func:`with_cache_points`, each with where it is known from:

1. Points go after the last tool, after the last system block and into the conversation. The conversation gets
   two where the last message is meant: one in it, and one in the user message before it, where the previous
   call's point stood. So the previous call's cache is found at its own place, which matters for models that
   do not look back by themselves and for turns of many blocks (Claude looks back about 20; inferred).
2. Never more than ``profile.cache_points`` in all, written ones counted. When they run short the order of
   worth is system (its prefix holds the tools), last message, tools, message before.
3. No point beside a written one, and none outside ``profile.cache_places``.
4. None directly after a document: it goes before the documents that end the message. Bedrock answers a point
   after a text document with ``messages.0.content.2.type: Field required``
   (github.com/aws/aws-sdk-java-v2/issues/6277; exchange bxed5e044971994d shows the place that works).
5. None directly after reasoning (``Cache point cannot be inserted after reasoning block.``), and none that
   opens a message (``There is nothing available to cache.``;
   github.com/strands-agents/harness-sdk/pull/3677).
6. After tool results it stands beside them, never inside: ``ToolResultContentBlock`` has no such member.
7. A point of 1h may not come after one of 5m, in the order tools, system, messages (``a ttl='1h'
   cache_control block must not come after a ttl='5m' cache_control block``). Written points that do are
   refused here; ours take the time that fits.
8. None where the prefix is shorter than ``profile.cache_minimum``; there it would have no effect.

A written point is never taken out or moved, whatever the mode; it gets the policy's ttl where it names none
and the order allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from ..errors import InvalidRequestError
from ..models.profile import Profile
from .estimate import BYTES_PER_TOKEN, block_bytes, text_bytes

MODES = ("off", "auto", "explicit")
TTLS = ("5m", "1h")
_NOT_AFTER = frozenset({"document", "reasoningContent"})
_ORDER = {"tools": 0, "system": 1, "messages": 2}

Request = Mapping[str, Any]
Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What is cached, and for how long.

    Attributes:
        mode: ``auto`` adds points. ``explicit`` sends only those that the caller wrote. ``off`` leaves the
            request alone: written points are sent too, as they are, for they are the caller's own words.
        ttl: ``5m`` or ``1h``; None leaves it out, which to Bedrock means five minutes.
        messages: the message of the conversation's point: True and -1 the last, 0 the first, negative numbers
            from the end; None and False for none. A message that is not there gets none.

    Raises:
        InvalidRequestError: another mode, ttl or place.
    """

    mode: str = "auto"
    ttl: str | None = None
    messages: int | bool | None = True

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InvalidRequestError(
                f"the prompt cache's mode is {self.mode!r:.80}", hint=f"one of {', '.join(MODES)}"
            )
        if self.ttl is not None and self.ttl not in TTLS:
            raise InvalidRequestError(
                f"the prompt cache's ttl is {self.ttl!r:.80}",
                hint="'5m' or '1h'; leave it out for Bedrock's own five minutes",
            )
        if self.messages is not None and not isinstance(cast("object", self.messages), int):
            raise InvalidRequestError(
                f"the message to cache is {self.messages!r:.80}",
                hint="True or -1: the last; 0: the first; negative numbers: from the end; None: no message",
            )


class _Point(NamedTuple):
    """A place for a point: before block ``at`` of the tools, the system prompt, or a message's content."""

    place: str
    message: int
    at: int

    @property
    def order(self) -> tuple[int, int, int]:
        return _ORDER[self.place], self.message, self.at

    def __str__(self) -> str:
        if self.place == "messages":
            return f"messages[{self.message}].content[{self.at}]"
        return f"toolConfig.tools[{self.at}]" if self.place == "tools" else f"system[{self.at}]"


def with_cache_points(request: Request, policy: CachePolicy, profile: Profile) -> tuple[Request, bool]:
    """The request with the policy's cache points, and whether there are any of our own among them.

    Args:
        request: a Converse request; not changed. It comes back itself where nothing is added.
        profile: what its model can do.

    Raises:
        InvalidRequestError: written points that Bedrock would refuse (too many, an unknown ttl, 1h after 5m),
            or a ttl that the model does not have.
    """
    if policy.mode == "off" or (not profile.cache_places and not _has_points(request)):
        return request, False
    if policy.ttl is not None and profile.cache_places and policy.ttl not in profile.cache_ttls:
        known = ", ".join(sorted(profile.cache_ttls)) or "none at all"
        raise InvalidRequestError(
            f"{_model(request)} has no prompt cache of {policy.ttl}",
            hint=f"leave the ttl out; those it has: {known}. Known better? "
            f"capabilities={{'cache_ttls': {{{policy.ttl!r}}}}}",
        )
    written = _written(request)
    lives = _lives(written, policy.ttl)
    if len(written) > profile.cache_points:
        raise InvalidRequestError(
            f"{len(written)} cache points, and {_model(request)} takes {profile.cache_points}: "
            f"{', '.join(str(point) for point, _ in written)}",
            hint="take out those that come first: a later point holds all that stands before it",
        )
    changed: dict[_Point, str] = {
        point: ttl for (point, given), ttl in zip(written, lives, strict=True) if ttl and ttl != given
    }
    added: list[tuple[_Point, str | None]] = []
    if policy.mode == "auto":
        found = [(point, ttl) for (point, _), ttl in zip(written, lives, strict=True)]
        places = _wanted(request, policy, profile, {point for point, _ in written})
        added = [(point, _ttl_there(point, found, policy.ttl)) for point in places]
    if not changed and not added:
        return request, False
    return _rewritten(request, changed, dict(added)), bool(added)


# What is there


def _tools(request: Request) -> Sequence[Block]:
    config: Mapping[str, Any] = request.get("toolConfig") or {}
    return config.get("tools") or ()


def _system(request: Request) -> Sequence[Block]:
    return request.get("system") or ()


def _messages(request: Request) -> Sequence[Mapping[str, Any]]:
    return request.get("messages") or ()


def _lists(request: Request) -> Iterable[tuple[str, int, Sequence[Block]]]:
    """All lists that may hold cache points, in the order Bedrock reads them."""
    yield "tools", 0, _tools(request)
    yield "system", 0, _system(request)
    for number, message in enumerate(_messages(request)):
        yield "messages", number, message["content"]


def _has_points(request: Request) -> bool:
    return any("cachePoint" in block for _, _, blocks in _lists(request) for block in blocks)


def _written(request: Request) -> list[tuple[_Point, str | None]]:
    found: list[tuple[_Point, str | None]] = []
    for place, number, blocks in _lists(request):
        for at, block in enumerate(blocks):
            if "cachePoint" not in block:
                continue
            point = _Point(place, number, at)
            ttl: Any = block["cachePoint"].get("ttl")
            if ttl is not None and ttl not in TTLS:
                raise InvalidRequestError(
                    f"the cache point at {point} has the ttl {ttl!r:.80}", hint="'5m', '1h', or no ttl"
                )
            found.append((point, ttl))
    return found


def _lives(written: list[tuple[_Point, str | None]], ttl: str | None) -> list[str | None]:
    """The ttl of each written point: its own, else the policy's where no shorter one came before.

    Raises:
        InvalidRequestError: the caller's own 1h after the caller's own 5m.
    """
    lives: list[str | None] = []
    short: _Point | None = None
    for point, given in written:
        life = given
        if life is None and not (ttl == "1h" and short is not None):
            life = ttl
        if life == "1h" and short is not None:
            raise InvalidRequestError(
                f"the cache point of 1h at {point} comes after one of 5m at {short}",
                hint="Bedrock reads tools, system, messages, and wants the longer ttl first: give the "
                "earlier point 1h too, or the later one 5m",
            )
        if life != "1h" and short is None:
            short = point
        lives.append(life)
    return lives


# What is added


def _wanted(request: Request, policy: CachePolicy, profile: Profile, taken: set[_Point]) -> list[_Point]:
    """The places for points of our own, in the order of the request."""
    left = profile.cache_points - len(taken)
    wanted = [
        point
        for point in _by_worth(request, policy)
        if point is not None and point.place in profile.cache_places and not _is_beside(request, point)
    ]
    if profile.cache_minimum and wanted:
        sizes = _sizes(request, wanted)
        wanted = [point for point in wanted if sizes[point] >= profile.cache_minimum]
    return sorted(wanted[: max(left, 0)], key=lambda point: point.order)


def _by_worth(request: Request, policy: CachePolicy) -> list[_Point | None]:
    tools, system, messages = _tools(request), _system(request), _messages(request)
    last, before = _conversation(messages, policy.messages)
    return [
        _Point("system", 0, len(system)) if system else None,
        last,
        _Point("tools", 0, len(tools)) if tools else None,
        before,
    ]


def _conversation(
    messages: Sequence[Mapping[str, Any]], wish: int | bool | None
) -> tuple[_Point | None, _Point | None]:
    """The conversation's point, and where the last message is meant, that of the user message before."""
    if wish is None or wish is False or not messages:
        return None, None
    index = -1 if wish is True else wish
    if not -len(messages) <= index < len(messages):
        return None, None
    number = index % len(messages)
    point = _end(messages, number)
    if index != -1:
        return point, None
    earlier = (n for n in range(number - 1, -1, -1) if messages[n].get("role") == "user")
    return point, next((place for n in earlier if (place := _end(messages, n)) is not None), None)


def _end(messages: Sequence[Mapping[str, Any]], number: int) -> _Point | None:
    """The last place in a message where Bedrock takes a point; None if there is none."""
    content = messages[number]["content"]
    at = len(content)
    while at and not _NOT_AFTER.isdisjoint(content[at - 1]):
        at -= 1
    return _Point("messages", number, at) if at else None


def _is_beside(request: Request, point: _Point) -> bool:
    blocks = (
        _messages(request)[point.message]["content"]
        if point.place == "messages"
        else _tools(request)
        if point.place == "tools"
        else _system(request)
    )
    return any("cachePoint" in block for block in blocks[point.at - 1 : point.at + 1])


def _ttl_there(point: _Point, written: list[tuple[_Point, str | None]], ttl: str | None) -> str | None:
    """The ttl of a point of ours: the policy's, unless Bedrock would refuse it among the written ones."""
    if any(life == "1h" for other, life in written if other.order >= point.order):
        return "1h"  # what stands before a point of 1h is written for 1h anyway
    if ttl == "1h" and any(life != "1h" for other, life in written if other.order < point.order):
        return None
    return ttl


def _rewritten(
    request: Request, changed: Mapping[_Point, str], added: Mapping[_Point, str | None]
) -> dict[str, Any]:
    """A copy with other ttls and more points; blocks that stay are shared."""
    touched = {(point.place, point.message) for point in (*changed, *added)}
    new = dict(request)
    for place, number, blocks in _lists(request):
        if (place, number) not in touched:
            continue
        ours = {point.at: ttl for point, ttl in added.items() if point[:2] == (place, number)}
        lives = {point.at: ttl for point, ttl in changed.items() if point[:2] == (place, number)}
        made: list[Block] = []
        for at, block in enumerate((*blocks, None)):
            if at in ours:
                made.append(_point(ours[at]))
            if block is not None:
                held = {"cachePoint": {**block["cachePoint"], "ttl": lives[at]}} if at in lives else block
                made.append(held)
        if place == "tools":
            new["toolConfig"] = {**new["toolConfig"], "tools": made}
        elif place == "system":
            new["system"] = made
        else:
            if new["messages"] is request["messages"]:
                new["messages"] = list(request["messages"])
            new["messages"][number] = {**request["messages"][number], "content": made}
    return new


def _point(ttl: str | None) -> dict[str, Any]:
    return {"cachePoint": {"type": "default"} if ttl is None else {"type": "default", "ttl": ttl}}


def _model(request: Request) -> str:
    return f"{request.get('modelId') or 'this model'!s:.120}"


# How much stands before a place


def _sizes(request: Request, points: Iterable[_Point]) -> dict[_Point, int]:
    """Estimated tokens before each point."""
    waiting = {point[:2]: point for point in points}
    sizes: dict[_Point, int] = {}
    total = 0
    for place, number, blocks in _lists(request):
        point = waiting.get((place, number))
        for at, block in enumerate(blocks):
            if point is not None and at == point.at:
                sizes[point] = total // BYTES_PER_TOKEN
            total += block_bytes(block) if place == "messages" else text_bytes(block)
        if point is not None:
            sizes.setdefault(point, total // BYTES_PER_TOKEN)
    return sizes
