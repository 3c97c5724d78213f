"""What both readers of recorded requests share: a call's parts, and the parameters' names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Request = dict[str, Any]

#: MIME types, as their owners registered them, of the formats in the recordings.
MIME_TYPES = {
    ("image", "png"): "image/png",
    ("image", "jpeg"): "image/jpeg",
    ("image", "webp"): "image/webp",
    ("document", "pdf"): "application/pdf",
    ("document", "txt"): "text/plain",
    ("document", "docx"): "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ("document", "xlsx"): "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ("video", "mp4"): "video/mp4",
}
_INFERENCE = {
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop_sequences",
}
_GUARDRAIL = {
    "guardrailIdentifier": "guardrail_identifier",
    "guardrailVersion": "guardrail_version",
    "trace": "guardrail_trace",
    "streamProcessingMode": "guardrail_stream_processing_mode",
}
_MEMBERS = {
    "additionalModelRequestFields": "additional_model_request_fields",
    "additionalModelResponseFieldPaths": "additional_model_response_field_paths",
    "requestMetadata": "request_metadata",
    "performanceConfig": "performance_config",
}
_READ = {"modelId", "messages", "system", "toolConfig", "outputConfig", "inferenceConfig", "guardrailConfig"}


@dataclass(slots=True)
class Call:
    """One request as a framework's user writes it.

    Attributes:
        parameters: keywords of the model's constructor.
        messages: the framework's own.
        tools: what is bound, or given to the call; None where the request has no ``toolConfig``.
        keywords: of this one call.
        as_they_are: messages for which the framework has no blocks: they hold Converse's own.
    """

    parameters: dict[str, Any]
    messages: list[Any]
    tools: list[Any] | None = None
    tool_choice: Any = None
    keywords: dict[str, Any] = field(default_factory=dict[str, Any])
    as_they_are: int = 0


def parameters(request: Request) -> dict[str, Any]:
    """The request's parameters under the names of the adapters' models.

    Raises:
        ValueError: a member that this does not know.
    """
    found: dict[str, Any] = {}
    for names, member in ((_INFERENCE, "inferenceConfig"), (_GUARDRAIL, "guardrailConfig")):
        held = request.get(member, {})
        if unknown := held.keys() - names.keys():
            raise ValueError(f"{member} has members that are not read: {unknown}")
        found |= {names[name]: value for name, value in held.items()}
    found |= {ours: request[name] for name, ours in _MEMBERS.items() if name in request}
    if "serviceTier" in request:
        found["service_tier"] = request["serviceTier"]["type"]
    if unknown := request.keys() - _READ - _MEMBERS.keys() - {"serviceTier"}:
        raise ValueError(f"the request has members that are not read: {unknown}")
    fields: dict[str, Any] = found.get("additional_model_request_fields", {})
    if fields.keys() == {"top_k"}:
        del found["additional_model_request_fields"]
        found["top_k"] = fields["top_k"]
    elif fields.keys() == {"thinking"} and fields["thinking"].keys() == {"type", "budget_tokens"}:
        del found["additional_model_request_fields"]
        found["reasoning"] = fields["thinking"]["budget_tokens"]
    return found


def schema_of(output: Request) -> dict[str, Any]:
    """What is said of a JSON answer: its schema, its name and description if there are any.

    Raises:
        ValueError: another output configuration.
    """
    held = output["textFormat"]["structure"]["jsonSchema"]
    if output.keys() != {"textFormat"} or held.keys() - {"name", "description", "schema"}:
        raise ValueError(f"an output configuration that is not read: {output!r:.200}")
    return {**held, "schema": json.loads(held["schema"])}
