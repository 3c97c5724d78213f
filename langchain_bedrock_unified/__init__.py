"""Amazon Bedrock for LangChain, on the shared core ``bedrock_unified``.

Names are loaded when they are first used; none of them loads boto3, botocore, aiohttp or numpy.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bedrock_unified.adapting import module_of

if find_spec("langchain_core") is None:
    raise ImportError(
        "langchain_bedrock_unified needs langchain-core; install it with: "
        'pip install "bedrock-unified[langchain]"'
    )

if TYPE_CHECKING:
    from .chat_models import ChatBedrock, ChatBedrockConverse
    from .embeddings import BedrockEmbeddings
    from .guardrail import BedrockGuardrail
    from .rerank import BedrockRerank

_HOMES = {
    "BedrockEmbeddings": "embeddings",
    "BedrockGuardrail": "guardrail",
    "BedrockRerank": "rerank",
    "ChatBedrock": "chat_models",
    "ChatBedrockConverse": "chat_models",
}
__all__ = ["BedrockEmbeddings", "BedrockGuardrail", "BedrockRerank", "ChatBedrock", "ChatBedrockConverse"]


#: Names of langchain-aws's that are called otherwise here.
_OTHERWISE = {
    **dict.fromkeys(
        ("BedrockLLM", "ChatAnthropicBedrock", "ChatOpenAIMantle", "ChatAnthropicMantle"), "ChatBedrock"
    ),
    "BedrockPromptCachingMiddleware": "langchain_bedrock_unified.middleware.BedrockPromptCachingMiddleware",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if name in _OTHERWISE:
        raise ImportError(f"{__name__} has no {name}; use {_OTHERWISE[name]}")
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # First, and not from deeper down: Python unmaps a piece of its stack when the call that began it returns,
    # and with an unlucky depth importing langchain-core would map and unmap one 10,000 times.
    first = "langchain_core.language_models.chat_models" if home == "chat_models" else None
    module = module_of(__name__, home, framework="langchain-core", extra="langchain", first=first)
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
