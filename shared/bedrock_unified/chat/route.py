"""Which operation carries a request: Converse, or InvokeModel with a body of the model's family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError
from ..models.profile import Profile
from ..wire import json_codec
from .options import ChatOptions

if TYPE_CHECKING:
    from ..invoke.families import Family

_NO_PLACE = {
    "promptVariables": "a managed prompt's variables",
    "additionalModelResponseFieldPaths": "paths into the answer",
}


def native_family(request: Mapping[str, Any], profile: Profile, options: ChatOptions) -> Family | None:
    """The family whose InvokeModel body is to be sent, None for Converse.

    ``auto`` is ReqLLM's rule: a family with a body of its own gets it, unless tools are offered.

    Raises:
        InvalidRequestError: InvokeModel was asked for, and nobody knows the model's body.
    """
    wish = options.use_converse
    if wish is None or wish is True:
        return None
    if wish == "auto" and ("toolConfig" in request or profile.native is None):
        return None
    from ..invoke.families import FAMILIES, family_for

    family = family_for(profile, options.model_family)
    if family is None:
        raise InvalidRequestError(
            f"use_converse=False, but the InvokeModel body of {request.get('modelId')!r:.120} is not known",
            hint=f"name its family with model_family= ({', '.join(sorted(FAMILIES))}), or use Converse",
        )
    return family


def invoke_members(request: Mapping[str, Any], family: Family, *, streaming: bool) -> dict[str, Any]:
    """InvokeModel's members for a Converse request.

    Raises:
        InvalidRequestError: content or a member that has no place in InvokeModel.
    """
    for name, what in _NO_PLACE.items():
        if request.get(name):
            raise InvalidRequestError(
                f"{name} ({what}) has no place in InvokeModel", hint="leave use_converse at True for it"
            )
    members: dict[str, Any] = {
        "modelId": request["modelId"],
        "body": family.body(request),
        "contentType": "application/json",
        "accept": "application/json",
    }
    if guardrail := request.get("guardrailConfig"):
        from ..converse.guardrail import invoke_members as guardrail_members

        members.update(guardrail_members(guardrail))
    if tier := request.get("serviceTier"):
        members["serviceTier"] = tier["type"]
    performance: Mapping[str, Any] = request.get("performanceConfig") or {}
    if "latency" in performance:
        members["performanceConfigLatency"] = performance["latency"]
    if metadata := request.get("requestMetadata"):
        members["requestMetadata"] = json_codec.dumps(metadata).decode()
    return members
