"""What the endpoint remembers between requests: its account, clock, caches, guardrails, faults, record."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from .catalogue import Catalogue
from .guardrails import Guardrail, Guardrails
from .protocol.authentication import Account
from .protocol.frames import json_bytes
from .shapes import listed, under
from .standin.families import Family
from .standin.tokens import count_block, count_json

_TTL = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}
_MOST_PREFIXES = 4096


@dataclass(frozen=True)
class CacheUse:
    """Tokens of a request that came from the prompt cache, that were written to it, by time to live."""

    read: int = 0
    written: int = 0
    details: tuple[tuple[str, int], ...] = ()


class PromptCache:
    """Prefixes seen at cache points, by a hash of everything before them, for as long as their time to
    live.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[int, datetime]] = OrderedDict()

    def use(self, request: Mapping[str, Any], model: str, family: Family, now: datetime) -> CacheUse:
        """Account for the cache points of ``request``: the longest known prefix is read, longer ones are
        written.
        """
        if not family.cache_minimum:
            return CacheUse()
        digest = hashlib.sha256(model.encode())
        tokens = read = written = 0
        fresh: list[tuple[bytes, int, str]] = []
        for block in _cacheable(request):
            point = block.get("cachePoint")
            if point is None:
                digest.update(json_bytes(block))
                tokens += count_block(block) if "toolSpec" not in block else 20 + count_json(block)
                continue
            if tokens < family.cache_minimum:
                continue
            key = digest.digest()
            ttl = str(cast("dict[str, Any]", point).get("ttl", "5m"))
            known = self._known.get(key)
            if known and known[1] > now:
                read = tokens
                self._remember(key, tokens, now + _TTL[ttl])
            else:
                fresh.append((key, tokens, ttl))
        details: dict[str, int] = {}
        done = read
        for key, count, ttl in fresh:
            if count > done:
                details[ttl] = details.get(ttl, 0) + count - done
                written += count - done
                done = count
                self._remember(key, count, now + _TTL[ttl])
        return CacheUse(read, written, tuple(details.items()))

    def _remember(self, key: bytes, tokens: int, until: datetime) -> None:
        self._known[key] = (tokens, until)
        self._known.move_to_end(key)
        while len(self._known) > _MOST_PREFIXES:
            self._known.popitem(last=False)


def _cacheable(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Blocks in the order in which Bedrock builds the prompt: tools, system, turns."""
    config = under(request, "toolConfig")
    blocks = list(listed(config, "tools"))
    blocks += listed(request, "system")
    for message in listed(request, "messages"):
        blocks.append({"role": message["role"]})
        blocks += message["content"]
    return blocks


@dataclass
class State:
    """Everything an operation may look at."""

    account: Account
    catalogue: Catalogue = field(default_factory=Catalogue)
    guardrails: Guardrails = field(
        default_factory=lambda: Guardrails([Guardrail.documented()], accept_any=True)
    )
    cache: PromptCache = field(default_factory=PromptCache)
    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The server's clock, skewed if a fault says so."""
        return datetime.now(UTC) + self.skew
