"""The programs of LlamaIndex's Bedrock documentation, and the import lines that are changed."""

from __future__ import annotations

from pathlib import Path

from ...dropin.running import Suite

#: Module of LlamaIndex's packages → its class that we have, too.
CLASSES = {
    "llama_index.llms.bedrock_converse": "BedrockConverse",
    "llama_index.embeddings.bedrock": "BedrockEmbedding",
    "llama_index.postprocessor.bedrock_rerank": "BedrockRerank",
}
LLAMAINDEX = Suite(
    folder=Path(__file__).parent / "programs",
    imports=dict.fromkeys(CLASSES, "llamaindex_bedrock_unified"),
    needs=tuple(CLASSES),
)
