"""Short ways to say a conversation to the stand-in."""

from __future__ import annotations

from typing import Any

from bedrock_unified.local.standin.families import Family, family_of
from bedrock_unified.local.standin.reply import Reply, reply_to

CLAUDE = family_of("anthropic.claude-sonnet-4-5-20250929-v1:0")
STRING, NUMBER, INTEGER = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def tool(
    name: str, description: str, properties: dict[str, Any], required: list[str] | None = None
) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema}}}


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text} for text in texts]}


def reply(
    *messages: dict[str, Any],
    family: Family = CLAUDE,
    tools: list[Any] | None = None,
    choice: Any = None,
    **more: Any,
) -> Reply:
    request: dict[str, Any] = {"messages": list(messages), "modelId": "m", **more}
    if tools:
        request["toolConfig"] = {"tools": tools, **({"toolChoice": choice} if choice else {})}
    return reply_to(request, family)


def text(answer: Reply) -> str:
    return "".join(block.get("text", "") for block in answer.content)


def calls(answer: Reply) -> list[tuple[str, dict[str, Any]]]:
    return [(b["toolUse"]["name"], b["toolUse"]["input"]) for b in answer.content if "toolUse" in b]


def after(answer: Reply, *results: Any, status: str = "success") -> list[dict[str, Any]]:
    """The assistant turn of ``answer`` and the user turn with its results."""
    uses = [b["toolUse"] for b in answer.content if "toolUse" in b]
    given = [{"json": r} if isinstance(r, dict) else {"text": r} for r in results]
    blocks = [
        {"toolResult": {"toolUseId": u["toolUseId"], "content": [g], "status": status}}
        for u, g in zip(uses, given, strict=True)
    ]
    return [{"role": "assistant", "content": answer.content}, {"role": "user", "content": blocks}]
