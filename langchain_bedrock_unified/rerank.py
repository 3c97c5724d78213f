"""``BedrockRerank``: rerank models of Amazon Bedrock for LangChain, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict, Field

from bedrock_unified.rerank import Reranked
from bedrock_unified.rerank_parameters import SPELLINGS, RerankParameters

from .errors import ERROR_CLASSES, as_langchains
from .incumbent import connection_keywords


class BedrockRerank(RerankParameters, BaseDocumentCompressor):
    """Keeps the documents that fit a query best, the best one first.

    Example:
        >>> rerank = BedrockRerank(model="cohere.rerank-v3-5:0", top_n=3, region_name="us-east-1")
        >>> documents = rerank.compress_documents(found, "What is a vector?")  # doctest: +SKIP
        >>> documents[0].metadata["relevance_score"]  # doctest: +SKIP
        0.93

    ``via="invoke"`` asks by InvokeModel instead of the agent runtime. There is no limit of documents: more
    than 1,000 are asked about in several requests.

    Raises:
        ConfigurationError: at construction: an unknown keyword, one that a ``client`` would ignore, or with
            ``via="invoke"`` an id that does not tell a rerank model.
        InvalidRequestError: by calls: an empty query; nothing is sent.
        BedrockError: by calls: the classes of :mod:`langchain_bedrock_unified.errors`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid", defer_build=False
    )

    spellings: ClassVar[Mapping[str, str]] = SPELLINGS
    error_classes: ClassVar[Any] = ERROR_CLASSES

    top_n: int | None = Field(default=3, ge=1, description="results at most; None gives all")

    def __init__(self, **given: Any) -> None:
        with as_langchains():
            super().__init__(**connection_keywords(given, type(self).__name__))

    @classmethod
    def _takes_none(cls, name: str) -> bool:
        return name == "top_n" or super()._takes_none(name)

    def rerank(
        self,
        documents: Sequence[str | Document | Mapping[str, Any]],
        query: str,
        top_n: int | None = None,
        additional_model_request_fields: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The best documents as ``{"index": …, "relevance_score": …}``, the best one first.

        Args:
            documents: texts, LangChain documents (their text is ranked) or JSON objects.
            top_n: instead of the model's own.
            additional_model_request_fields: instead of the model's own.
        """
        how = self._how_to_rerank(top_n, additional_model_request_fields)
        return _listed(
            self.bedrock.rerank(query, _contents(documents), model_id=self.model_id, **how)
            if documents
            else None
        )

    async def arerank(
        self,
        documents: Sequence[str | Document | Mapping[str, Any]],
        query: str,
        top_n: int | None = None,
        additional_model_request_fields: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The asynchronous :meth:`rerank`."""
        how = self._how_to_rerank(top_n, additional_model_request_fields)
        return _listed(
            await self.bedrock.arerank(query, _contents(documents), model_id=self.model_id, **how)
            if documents
            else None
        )

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """Copies of the best documents, with ``relevance_score`` in their metadata.

        Documents without text cannot be ranked and are left out.
        """
        ranked = [document for document in documents if document.page_content.strip()]
        return [_scored(ranked[each["index"]], each) for each in self.rerank(ranked, query)]

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """The asynchronous :meth:`compress_documents`."""
        ranked = [document for document in documents if document.page_content.strip()]
        return [_scored(ranked[each["index"]], each) for each in await self.arerank(ranked, query)]


def _contents(documents: Sequence[str | Document | Mapping[str, Any]]) -> Sequence[Any]:
    if isinstance(documents, (str, bytes, Mapping)):
        return documents  # type: ignore[return-value]  # no list, which the core says
    return [each.page_content if isinstance(each, Document) else each for each in documents]


def _listed(found: Reranked | None) -> list[dict[str, Any]]:
    results = found.results if found is not None else []
    return [{"index": each.index, "relevance_score": each.score} for each in results]


def _scored(document: Document, result: Mapping[str, Any]) -> Document:
    metadata = {**document.metadata, "relevance_score": result["relevance_score"]}
    return document.model_copy(update={"metadata": metadata})
