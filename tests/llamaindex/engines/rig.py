"""An endpoint, the models that call it, and documents to ask about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core import Document

from bedrock_unified.local import Fault, LocalBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from ..conftest import KEYS, MODEL

FERRY = "The ferry to the island leaves Harwick at nine in the morning."
WHEN = "When does the ferry leave Harwick?"
TEXTS = {
    "lighthouse.md": "The lighthouse of Skerry Point was built in 1884. Its lamp is visible for many miles.",
    "ferry.md": f"{FERRY} A ticket costs fourteen pounds.",
    "museum.md": "The harbour museum is closed on Mondays. Its collection holds three hundred ship models.",
    "bakery.md": "The bakery on Quay Street sells rye bread on Fridays only.",
}
#: A reply of a script: Converse content, which is one text where it is a string.
Reply = str | list[dict[str, Any]]


def documents() -> list[Document]:
    """Four pages about a harbour."""
    return [Document(text=text, metadata={"file": name}) for name, text in TEXTS.items()]


def calls(*named: tuple[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """An answer that calls tools; the ids are t0, t1, … ."""
    return [
        {"toolUse": {"toolUseId": f"t{at}", "name": name, "input": dict(given)}}
        for at, (name, given) in enumerate(named)
    ]


def written(value: Any) -> str:
    """A value as the JSON that a model writes."""
    return json.dumps(value)


class Rig:
    """A local endpoint that gives the replies first and then what its stand-in says.

    Attributes:
        local: the endpoint, ``event_delay`` seconds between the events of its streams.
        llm, embedding, rerank: models that call it.
    """

    def __init__(
        self, *replies: Reply, faults: Sequence[Fault] = (), event_delay: float = 0, **given: Any
    ) -> None:
        model = given.get("model", MODEL)
        script = [
            {"content": [{"text": reply}] if isinstance(reply, str) else reply, "model": model}
            for reply in replies
        ]
        self.local = LocalBedrock(script=script or None, faults=faults, event_delay=event_delay).start()
        self._where: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": self.local.url, **KEYS}
        self.llm = BedrockConverse(**{"model": MODEL, **self._where, **given})
        self.embedding = BedrockEmbedding(dimensions=256, **self._where)
        self.rerank = BedrockRerank(top_n=2, agent_endpoint_url=self.local.url, **self._where)
        self._models: list[Any] = [self.llm, self.embedding, self.rerank]

    def another(self, **given: Any) -> BedrockConverse:
        """A further model on the same endpoint."""
        self._models.append(BedrockConverse(**{"model": MODEL, **self._where, **given}))
        return self._models[-1]

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all Converse requests."""
        return [sent.body for sent in self.local.requests if sent.operation.startswith("Converse")]

    @property
    def prompts(self) -> list[str]:
        """All text of each Converse request."""
        return [
            "\n".join(
                block["text"]
                for part in ({"content": body.get("system", ())}, *body["messages"])
                for block in part["content"]
                if "text" in block
            )
            for body in self.asked
        ]

    async def aclose(self) -> None:
        """End the models' connections and the endpoint."""
        for model in self._models:
            await model.bedrock.aclose()
        self.local.stop()
