"""Which keywords belong to which kind of model, in their canonical names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..embedding.parameters import EmbeddingParameters
from ..errors import ConfigurationError
from ..parameters import ConnectionParameters, ConverseParameters
from ..rerank_parameters import RerankParameters
from ..spelling import SPELLINGS
from ..wire.endpoints import custom_endpoint
from .reading.said import Said

_HANDED_IN = frozenset({"client", "control_client", "agent_client"})
#: How Bedrock is reached: for every class.
CONNECTION = frozenset(ConnectionParameters.model_fields)
#: Of these, what can stand in a file.
WRITABLE = CONNECTION - _HANDED_IN
#: What only means something to a model of this kind. Some names are in several: ``max_tokens``.
CHAT = (frozenset(ConverseParameters.model_fields) | {"system", "output_config", "streaming"}) - CONNECTION
EMBEDDING = frozenset(EmbeddingParameters.model_fields) - CONNECTION
RERANK = frozenset(RerankParameters.model_fields) - CONNECTION - {"model_id"}
GUARDRAIL = frozenset({"guardrail_identifier", "guardrail_version"})
OF_KIND: Mapping[str, frozenset[str]] = {"chat": CHAT, "embedding": EMBEDDING, "rerank": RERANK}
KINDS = tuple(OF_KIND)
ALL = CONNECTION | CHAT | EMBEDDING | RERANK


def check_url(keyword: str, value: Any, said: Said) -> None:
    """Refuse an endpoint that has a password in it, or cannot be one, before anybody shows it.

    Raises:
        ConfigurationError: it says where, without the password.
    """
    if keyword.endswith("endpoint_url") and isinstance(value, str):
        try:
            custom_endpoint(value)
        except ConfigurationError as error:
            raise said.wrong(error.message, hint=error.hint) from None


def spellings(kind: str | None) -> set[str]:
    """Further spellings of the keywords of a kind (None: of any)."""
    return {name for name in (*SPELLINGS, "profile") if canonical_name(name, kind) is not None}


def canonical_name(name: str, kind: str | None) -> str | None:
    """The canonical name of a keyword in any spelling, for a kind of model (None: any).

    None if there is no such keyword.
    """
    known = WRITABLE | (OF_KIND[kind] if kind else ALL - _HANDED_IN)
    if name in known:
        return name
    if name == "profile":  # in a file it is AWS's, not LangChain's
        return "profile_name"
    target = SPELLINGS.get(name)
    if kind in ("embedding", "rerank") and name == "provider":
        target = "family"
    if kind == "embedding" and name == "output_dimension":
        target = "dimensions"
    return target if target in known else None
