"""Amazon Bedrock for LlamaIndex, on the core of :mod:`bedrock_unified`.

``BedrockConverse`` (alias ``Bedrock``) is a ``FunctionCallingLLM``, ``BedrockEmbedding`` a
``MultiModalEmbedding``, ``BedrockRerank`` a ``BaseNodePostprocessor``; ``converse_message`` makes a
``ChatMessage`` of Converse content that LlamaIndex has no block for.
"""

from __future__ import annotations

try:
    import llama_index.core as _core
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "llama_index":
        raise
    raise ImportError(
        "llamaindex_bedrock_unified needs llama-index-core; install it with\n"
        '    pip install "bedrock-unified[llamaindex]"'
    ) from error

from bedrock_unified._version import __version__

from .chat import Bedrock, BedrockConverse
from .embedding import BedrockEmbedding
from .messages import converse_message
from .rerank import BedrockRerank

del _core

__all__ = [
    "Bedrock",
    "BedrockConverse",
    "BedrockEmbedding",
    "BedrockRerank",
    "__version__",
    "converse_message",
]
