"""An endpoint with a script, a model that calls it, and agents run in either colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from bedrock_unified import LocalBedrock
from bedrock_unified.local import Script
from langchain_bedrock_unified import ChatBedrock

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"

Block = dict[str, Any]
Colour = Literal["sync", "async"]
COLOURS: tuple[Colour, ...] = ("sync", "async")


def text(said: str) -> list[Block]:
    """An answer of text."""
    return [{"text": said}]


def calls(*named: tuple[str, dict[str, Any]]) -> list[Block]:
    """An answer that calls tools; the ids are t0, t1, … ."""
    return [
        {"toolUse": {"toolUseId": f"t{at}", "name": name, "input": given}}
        for at, (name, given) in enumerate(named)
    ]


class _ForModels(Script):
    """A script for models alone: guardrails and CountTokens stay the endpoint's own."""

    def take(self, call: Any) -> dict[str, Any] | None:
        return super().take(call) if call.operation.startswith("Converse") else None


class Rig:
    """One endpoint, and the models that call it.

    Args:
        replies: contents of the answers in turn; without them the stand-in answers.
    """

    def __init__(self, *replies: list[Block], faults: Any = ()) -> None:
        script = _ForModels([{"content": reply} for reply in replies])
        self.endpoint = LocalBedrock(script=script, faults=faults)
        self.endpoint.start()
        self._made: list[ChatBedrock] = []

    @property
    def connection(self) -> dict[str, Any]:
        """Parameters that lead to the endpoint."""
        return {
            "endpoint_url": self.endpoint.url,
            "region_name": "us-east-1",
            "api_key": LocalBedrock.API_KEY,
        }

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was sent to models."""
        return [r.body for r in self.endpoint.requests if r.operation in ("Converse", "ConverseStream")]

    def model(self, model_id: str = CLAUDE, **given: Any) -> ChatBedrock:
        """A model; it tries once."""
        self._made.append(ChatBedrock(model=model_id, **{**self.connection, "max_retries": 0, **given}))
        return self._made[-1]

    async def aclose(self) -> None:
        """Close the models' connections, and the endpoint."""
        for model in self._made:
            await model.bedrock.aclose()
        self.endpoint.stop()


MakeRig = Callable[..., Rig]


async def run(colour: Colour, agent: Any, given: Any, config: Any = None, **how: Any) -> Any:
    """What the agent comes to."""
    if colour == "sync":
        return agent.invoke(given, config, **how)
    return await agent.ainvoke(given, config, **how)


async def streamed(colour: Colour, agent: Any, given: Any, config: Any = None, **how: Any) -> list[Any]:
    """All that the agent's stream gives."""
    if colour == "sync":
        return list(agent.stream(given, config, **how))
    return [piece async for piece in agent.astream(given, config, **how)]
