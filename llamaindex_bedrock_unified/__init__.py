"""Amazon Bedrock for LlamaIndex, on the core of :mod:`bedrock_unified`.

``BedrockConverse`` (alias ``Bedrock``) is a ``FunctionCallingLLM``, ``BedrockEmbedding`` a
``MultiModalEmbedding``, ``BedrockRerank`` a ``BaseNodePostprocessor``; ``converse_message`` makes a
``ChatMessage`` of Converse content that LlamaIndex has no block for; ``AWSBedrockRerank``
is an older name of ``BedrockRerank``. Names are loaded when they are first
used.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bedrock_unified._version import __version__
from bedrock_unified.adapting import module_of


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package in front of the dot
        return False


if not _is_there("llama_index.core"):
    raise ImportError(
        "llamaindex_bedrock_unified needs llama-index-core; install it with\n"
        '    pip install "bedrock-unified[llamaindex]"'
    )

if TYPE_CHECKING:
    from .chat import Bedrock, BedrockConverse
    from .embedding import BedrockEmbedding
    from .messages import converse_message
    from .rerank import AWSBedrockRerank, BedrockRerank

_HOMES = {
    "AWSBedrockRerank": "rerank",
    "Bedrock": "chat",
    "BedrockConverse": "chat",
    "BedrockEmbedding": "embedding",
    "BedrockRerank": "rerank",
    "converse_message": "messages",
}

__all__ = [
    "AWSBedrockRerank",
    "Bedrock",
    "BedrockConverse",
    "BedrockEmbedding",
    "BedrockRerank",
    "__version__",
    "converse_message",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = module_of(__name__, home, framework="llama-index-core", extra="llamaindex")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
