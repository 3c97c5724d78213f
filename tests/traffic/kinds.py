"""Which test replays which recorded exchange: every exchange is of exactly one kind."""

from __future__ import annotations

from collections.abc import Iterable

from .native_bodies import family_of
from .recordings import CONVERSE, Exchange

#: Members of a request that tell the family of an InvokeModel body which AWS refused.
_REFUSED_BODIES = {"anthropic_version": "anthropic", "max_gen_len": "meta"}


def conversations(recorded: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """Converse and ConverseStream: through the client, a boto3 client and both adapters."""
    return tuple(exchange for exchange in recorded if exchange.operation in CONVERSE)


def native_conversations(recorded: Iterable[Exchange]) -> tuple[tuple[str, Exchange], ...]:
    """InvokeModel and its stream with a body of a family that is spoken here, refused ones too: the same."""
    named = ((native_family(exchange), exchange) for exchange in recorded)
    return tuple((family, exchange) for family, exchange in named if family is not None)


def native_family(exchange: Exchange) -> str | None:
    """The family of the body of a conversation by InvokeModel; None for all other exchanges."""
    if not exchange.operation.startswith("InvokeModel"):
        return None
    if exchange.succeeded:
        return family_of(exchange)
    return next((family for member, family in _REFUSED_BODIES.items() if member in exchange.request), None)


def embeddings(recorded: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """InvokeModel of embedding models: through the client, a boto3 client and both adapters."""
    return tuple(one for one in recorded if one.operation == "InvokeModel" and "embed" in str(one.model_id))


def guardrail_calls(recorded: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """ApplyGuardrail: through the client, a boto3 client and the adapter that has it, LangChain's."""
    return tuple(exchange for exchange in recorded if exchange.operation == "ApplyGuardrail")


def token_counts(recorded: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """CountTokens: through the client, a boto3 client and the adapter that has it, LangChain's."""
    return tuple(exchange for exchange in recorded if exchange.operation == "CountTokens")


def others(recorded: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """What no adapter has: through the client and a boto3 client.

    The control plane, and bodies of families that are spoken by Converse alone.
    """
    recorded = tuple(recorded)
    taken = {
        one.id
        for kind in (conversations, embeddings, guardrail_calls, token_counts)
        for one in kind(recorded)
    }
    taken |= {one.id for _, one in native_conversations(recorded)}
    return tuple(one for one in recorded if one.id not in taken)
