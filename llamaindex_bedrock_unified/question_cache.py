"""An ``embeddings_cache`` of LlamaIndex's, seen from questions.

LlamaIndex keeps the vectors of questions and of documents under their texts alone, so that one that was
embedded as a document is found as the question. Several of Bedrock's models embed the two differently.
"""

from __future__ import annotations

from typing import Any

from llama_index.core.storage.kvstore.types import DEFAULT_COLLECTION, BaseKVStore


class QuestionCache(BaseKVStore):
    """The same store; the keys in it say that they are questions. Documents keep LlamaIndex's own keys."""

    def __init__(self, store: BaseKVStore) -> None:
        self._store = store

    @staticmethod
    def _key(text: str) -> str:
        return f"question: {text}"

    def put(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        """Keep a question's vector."""
        self._store.put(self._key(key), val, collection)

    async def aput(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        """Keep a question's vector."""
        await self._store.aput(self._key(key), val, collection)

    def get(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """A question's vector; None where it is not kept."""
        return self._store.get(self._key(key), collection)

    async def aget(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """A question's vector; None where it is not kept."""
        return await self._store.aget(self._key(key), collection)

    def get_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """All that the store has, under its own keys."""
        return self._store.get_all(collection)

    async def aget_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """All that the store has, under its own keys."""
        return await self._store.aget_all(collection)

    def delete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Forget a question's vector."""
        return self._store.delete(self._key(key), collection)

    async def adelete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Forget a question's vector."""
        return await self._store.adelete(self._key(key), collection)
