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

#: What a request that is not of Converse's shapes raises while its body is written.
_MISSHAPEN = (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError)


def native_family(request: Mapping[str, Any], profile: Profile, options: ChatOptions) -> Family | None:
    """The family whose InvokeModel body is to be sent, None for Converse.

    ``auto`` is ReqLLM's rule: a family with a body of its own gets it, unless tools are offered; an ARN has
    no family unless the caller names one. It asks for no route, and so what the body has no form for goes by
    Converse, too.

    Raises:
        InvalidRequestError: InvokeModel was asked for, and nobody knows the model's body.
    """
    wish = options.use_converse
    if wish is None or wish is True:
        return None
    auto = wish == "auto"
    if auto and not _fits_natively(request, profile, options):
        return None
    from ..invoke.families import FAMILIES, family_for

    family = family_for(profile, options.model_family)
    if family is None:
        raise InvalidRequestError(
            f"use_converse=False, but the InvokeModel body of {request.get('modelId')!r:.120} is not known",
            hint=f"name its family with model_family= ({', '.join(sorted(FAMILIES))}), or use Converse",
        )
    if auto:
        try:
            family.body(request)
        except (InvalidRequestError, *_MISSHAPEN):
            return None
    return family


def _fits_natively(request: Mapping[str, Any], profile: Profile, options: ChatOptions) -> bool:
    """Whether ``auto`` means InvokeModel, by what is known before the body is written."""
    if profile.native is None or "toolConfig" in request:
        return False
    return options.model_family is not None or not str(request.get("modelId")).startswith("arn:")


def as_routed(profile: Profile, use_converse: bool | str | None) -> Profile:
    """What a model can do by the way that carries its requests.

    Llama's prompt has no place for tools and schemas: where InvokeModel is asked for it calls none, tool
    blocks of its history become text, and an object is asked for in words.
    """
    if use_converse is not False or profile.native != "meta":
        return profile
    return profile._replace(tools=False, structured_output="text")


def invoke_members(request: Mapping[str, Any], family: Family, *, streaming: bool) -> dict[str, Any]:
    """InvokeModel's members for a Converse request.

    Args:
        streaming: whether InvokeModelWithResponseStream carries it, which alone knows a guardrail's
            ``streamProcessingMode``.

    Raises:
        InvalidRequestError: content or a member that has no place in InvokeModel, or that is not of
            Converse's shapes, which no service checks on this way.
    """
    guardrail: Mapping[str, Any] = request.get("guardrailConfig") or {}
    if not streaming and "streamProcessingMode" in guardrail:
        guardrail = {name: value for name, value in guardrail.items() if name != "streamProcessingMode"}
        request = {**request, "guardrailConfig": guardrail}
    try:
        return _members(request, family)
    except InvalidRequestError:
        raise
    except _MISSHAPEN as error:
        raise InvalidRequestError(
            f"the request is not of Converse's shapes: {type(error).__name__}: {error!s:.120}",
            hint="compare it with the Converse API; with use_converse=True Bedrock says what is wrong",
            model_id=request.get("modelId"),
        ) from error


def _members(request: Mapping[str, Any], family: Family) -> dict[str, Any]:
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
    if performance := request.get("performanceConfig"):
        members["performanceConfigLatency"] = performance["latency"]
    if metadata := request.get("requestMetadata"):
        members["requestMetadata"] = json_codec.dumps(metadata).decode()
    return members
