"""``BedrockRerank``: Bedrock's rerank models as a LlamaIndex postprocessor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from llama_index.core.callbacks import CBEventType, EventPayload
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from llama_index_instrumentation import get_dispatcher
from pydantic import Field

from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.rerank import Reranked
from bedrock_unified.rerank_parameters import SPELLINGS, RerankParameters

from .boto import BOTO
from .component import DUMPED, POSITIONS, BedrockComponent

_dispatcher = get_dispatcher(__name__)


class BedrockRerank(RerankParameters, BedrockComponent, BaseNodePostprocessor, defer_build=False):
    """Keeps the nodes that fit the query best, the best one first, with the model's scores.

    ``via="invoke"`` asks by InvokeModel instead of the agent runtime. There is no limit of nodes: more than
    1,000 are asked about in several requests. Nodes without text cannot be ranked and are left out.

    Raises (at construction):
        ConfigurationError: an unknown keyword, one that a ``client`` would ignore, or with ``via="invoke"``
            an id that does not tell a rerank model.
    """

    spellings: ClassVar[Mapping[str, str]] = SPELLINGS
    positions: ClassVar[tuple[str, ...]] = ("top_n", "rerank_model_name", "rerank_model_arn", *POSITIONS)

    top_n: int | None = Field(default=2, ge=1, description="nodes at most; None gives all")

    @classmethod
    def _accepted(cls) -> frozenset[str]:
        return super()._accepted() | DUMPED | BOTO

    @classmethod
    def _asks_the_agent_runtime(cls, given: Mapping[str, Any]) -> bool:
        return given.get("via", "agent") == "agent"

    @classmethod
    def _takes_none(cls, name: str) -> bool:
        return name == "top_n" or super()._takes_none(name)

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex stores components under."""
        return "BedrockRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        asked = _Asked(self, nodes, query_bundle)
        if not asked.texts:
            return []
        with asked.event() as event:
            found = self.bedrock.rerank(
                asked.query, asked.texts, model_id=self.model_id, **self._how_to_rerank()
            )
            ranked = asked.ranked(found)
            event.on_end(payload={EventPayload.NODES: ranked})
        _dispatcher.event(ReRankEndEvent(nodes=ranked))
        return ranked

    @_dispatcher.span  # as LlamaIndex makes one of the synchronous one
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        asked = _Asked(self, nodes, query_bundle)
        if not asked.texts:
            return []
        with asked.event() as event:
            found = await self.bedrock.arerank(
                asked.query, asked.texts, model_id=self.model_id, **self._how_to_rerank()
            )
            ranked = asked.ranked(found)
            event.on_end(payload={EventPayload.NODES: ranked})
        _dispatcher.event(ReRankEndEvent(nodes=ranked))
        return ranked


class _Asked:
    """What is asked of the model, and the events that LlamaIndex wants to hear of it."""

    def __init__(
        self, reranker: BedrockRerank, nodes: Sequence[NodeWithScore], query: QueryBundle | None
    ) -> None:
        if query is None:
            raise InvalidRequestError("there is no query to rank the nodes by", hint="give query_str=")
        self._reranker = reranker
        self.query = query.query_str
        contents = [(node, node.node.get_content(metadata_mode=MetadataMode.EMBED)) for node in nodes]
        self._nodes = [node for node, text in contents if text.strip()]
        self.texts = [text for _, text in contents if text.strip()]

    def event(self) -> Any:
        """The callback event around the call; the dispatcher hears of its beginning, too."""
        top_n = min(self._reranker.top_n or len(self.texts), len(self.texts))
        model = self._reranker.model_id
        _dispatcher.event(
            ReRankStartEvent(query=self.query, nodes=self._nodes, top_n=top_n, model_name=model)
        )
        return self._reranker.callback_manager.event(
            CBEventType.RERANKING,
            payload={
                EventPayload.NODES: self._nodes,
                EventPayload.MODEL_NAME: model,
                EventPayload.QUERY_STR: self.query,
                EventPayload.TOP_K: top_n,
            },
        )

    def ranked(self, found: Reranked) -> list[NodeWithScore]:
        """New nodes with scores; the caller's keep theirs."""
        return [NodeWithScore(node=self._nodes[each.index].node, score=each.score) for each in found.results]


#: The name that LlamaIndex's own package gave it first.
AWSBedrockRerank = BedrockRerank
