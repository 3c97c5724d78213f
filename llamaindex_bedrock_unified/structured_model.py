"""What ``as_structured_llm`` gives: a model that answers with objects of one class."""

from __future__ import annotations

from llama_index.core.llms.structured_llm import StructuredLLM

from .per_call import hides_secrets


@hides_secrets
class BedrockStructuredLLM(StructuredLLM):
    """LlamaIndex's own, whose spans and events would be told the keys of its calls."""
