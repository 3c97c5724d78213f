"""What may be called: the listings, each model, the guardrails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ...client import BedrockClient
from ...errors import BedrockError, InvalidRequestError, NotFoundError, PermissionDeniedError
from ...models.geographies import suggested_profile
from ...models.ids import ModelId, is_alias, parse_model_id
from ...wire.operations import LIST_FOUNDATION_MODELS, LIST_INFERENCE_PROFILES
from .report import Finding, failed
from .setups import Model

_CHECK = "listing"
_LISTING_POLICY = "bedrock-unified iam-policy --list-models"


@dataclass(slots=True)
class Listing:
    """What the control plane lists; None where it could not be had."""

    models: dict[str, Mapping[str, Any]] | None = None
    profiles: list[str] = field(default_factory=list[str])
    knows_profiles: bool = False


def listed(client: BedrockClient, found: list[Finding]) -> Listing:
    """Ask the control plane; what came of it is added to ``found``.

    A denied listing is a warning: calls do not need it.
    """
    listing = Listing()
    summaries = _asked(client.list_models, LIST_FOUNDATION_MODELS.action, found)
    if summaries is not None:
        listing.models = {str(summary["modelId"]): summary for summary in summaries}
        profiles = _asked(client.list_inference_profiles, LIST_INFERENCE_PROFILES.action, found)
        if profiles is not None:
            listing.knows_profiles = True
            listing.profiles = [str(profile["inferenceProfileId"]) for profile in profiles]
            found.append(_count(listing, client.region))
    return listing


def _count(listing: Listing, region: str) -> Finding:
    models, profiles = len(listing.models or ()), len(listing.profiles)
    text = f"{models} models and {profiles} inference profiles in {region}"
    if models or profiles:
        return Finding(_CHECK, "ok", text)
    return Finding(
        _CHECK, "fail", text, "check the region and that the control plane's endpoint is Bedrock's"
    )


def _asked(
    ask: Callable[[], list[dict[str, Any]]], action: str, found: list[Finding]
) -> list[dict[str, Any]] | None:
    try:
        return ask()
    except PermissionDeniedError as error:
        fix = f"allow {action} (`{_LISTING_POLICY}` prints the policy); models can be called without it"
        found.append(failed(_CHECK, error, result="warning", fix=fix))
    except BedrockError as error:
        found.append(failed(_CHECK, error))
    return None


def examined(model: Model, client: BedrockClient, listing: Listing) -> Finding:
    """Whether a model is listed, and by which id it can be called in this region."""
    check = _title(model)
    try:
        parsed = parse_model_id(model.model_id)
    except InvalidRequestError as error:
        return failed(check, error)
    region = client.region
    if parsed.region and parsed.region != region:
        return Finding(
            check,
            "fail",
            f"its ARN is of {parsed.region}, calls go to {region}",
            f"call it from {parsed.region} (region_name), or name a model of {region}",
        )
    if parsed.kind == "application-inference-profile":
        return _application_profile(check, parsed, client)
    if parsed.vendor is None or (parsed.arn and parsed.kind not in ("foundation-model", "inference-profile")):
        return Finding(check, "skipped", f"{parsed.wire_id} stands in no listing")
    if listing.models is None:
        return Finding(check, "skipped", "the models could not be listed")
    if parsed.kind == "inference-profile":
        return _profile(check, parsed, region, listing)
    return _foundation(check, parsed, _by_profile(model.model_id, client), region, listing)


def _foundation(check: str, parsed: ModelId, by_profile: bool, region: str, listing: Listing) -> Finding:
    summary = (listing.models or {}).get(parsed.base_id)
    profile = _instead(parsed, region, listing)
    if summary is None:
        return _unlisted(check, parsed, region, listing)
    if "ON_DEMAND" in summary.get("inferenceTypesSupported", ["ON_DEMAND"]):
        return _alive(Finding(check, "ok", f"{parsed.wire_id} is listed, on demand"), summary)
    if profile is None:
        return Finding(
            check,
            "fail",
            f"{parsed.wire_id} is served by inference profiles alone, and {region} lists none for it",
            f"use a region that has a profile of it, or another model (`bedrock-unified models list --region "
            f"{region}`)",
        )
    if by_profile:
        found = f"{parsed.wire_id} is served by inference profiles alone, and sent as {profile}"
        return _alive(Finding(check, "ok", found), summary)
    return Finding(
        check,
        "fail",
        f"{parsed.wire_id} is served by inference profiles alone",
        f"use the inference profile {profile} in its place",
    )


def _profile(check: str, parsed: ModelId, region: str, listing: Listing) -> Finding:
    wanted = parsed.arn.resource_id if parsed.arn else parsed.wire_id
    summary = (listing.models or {}).get(parsed.base_id, {})
    if not listing.knows_profiles:
        return Finding(check, "skipped", "the inference profiles could not be listed")
    if wanted in listing.profiles:
        return _alive(Finding(check, "ok", f"{wanted} is listed"), summary)
    profile = _instead(parsed, region, listing)
    if profile is not None:
        return Finding(
            check, "fail", f"{wanted} is no inference profile of {region}", f"use {profile} in its place"
        )
    if "ON_DEMAND" in summary.get("inferenceTypesSupported", ()):
        return Finding(
            check,
            "fail",
            f"{region} has no inference profile of {parsed.base_id}, and serves it on demand",
            f"use {parsed.base_id} in its place",
        )
    return _unlisted(check, parsed, region, listing)


def _unlisted(check: str, parsed: ModelId, region: str, listing: Listing) -> Finding:
    known = [*(listing.models or ()), *listing.profiles]
    near = get_close_matches(parsed.wire_id, known, n=1, cutoff=0.8)
    instead = f"did you mean {near[0]}? " if near else ""
    return Finding(
        check,
        "fail",
        f"{parsed.wire_id} is not listed in {region}",
        f"{instead}Not every region has every model; those of this one: "
        f"`bedrock-unified models list --region {region}`",
    )


def _application_profile(check: str, parsed: ModelId, client: BedrockClient) -> Finding:
    try:
        answer = client.get_inference_profile(inferenceProfileIdentifier=parsed.wire_id)
    except PermissionDeniedError as error:
        return failed(check, error, result="warning")
    except NotFoundError as error:
        return failed(check, error, fix="check the ARN: its region, account and id")
    except BedrockError as error:
        return failed(check, error)
    arns = [str(each.get("modelArn", "")) for each in answer.get("models", ())]
    behind = ", ".join(dict.fromkeys(arn.rpartition("/")[2] for arn in arns))
    return Finding(check, "ok", f"{parsed.wire_id} exists, for {behind}")


def _alive(finding: Finding, summary: Mapping[str, Any]) -> Finding:
    """The finding, unless the model is on its way out."""
    status = str(summary.get("modelLifecycle", {}).get("status", "ACTIVE"))
    if status == "ACTIVE":
        return finding
    return Finding(finding.check, "warning", f"{finding.found}, as {status}", "move to a later version of it")


def _instead(parsed: ModelId, region: str, listing: Listing) -> str | None:
    """The listed profile of this model to use here."""
    named = suggested_profile(parsed.base_id, region, listing.profiles)
    return named if named in listing.profiles else None


def _by_profile(given: str, client: BedrockClient) -> bool:
    """Whether the client sends the model's profile in its place by itself, where there is no other way."""
    chosen = client.settings.cross_region
    return chosen == "auto" or (chosen is None and is_alias(given))


def probed(model: Model, client: BedrockClient, listing: Listing) -> Finding:
    """Call the model for one token: listing does not tell whether the account may."""
    check = f"call {model.name}"
    try:
        parsed = parse_model_id(model.model_id)
    except InvalidRequestError:
        return Finding(check, "skipped", "it has no id that can be called")
    summary = (listing.models or {}).get(parsed.base_id, {})
    outputs = [str(each) for each in summary.get("outputModalities", ())]
    kind = model.kind or _kind(parsed.base_id, outputs)
    if kind is None:
        return Finding(
            check, "skipped", f"no short call is known for a model that gives {', '.join(outputs)}"
        )
    try:
        said = _CALLS[kind](client, model.model_id)
    except BedrockError as error:
        return failed(check, error)
    return Finding(check, "ok", f"{parsed.wire_id} {said}")


def _kind(base_id: str, outputs: list[str]) -> str | None:
    if "rerank" in base_id:
        return "rerank"
    if "embed" in base_id or "EMBEDDING" in outputs:
        return "embedding"
    return "chat" if not outputs or "TEXT" in outputs else None


def _chat(client: BedrockClient, model_id: str) -> str:
    answer = client.converse(
        modelId=model_id,
        messages=[{"role": "user", "content": [{"text": "Say yes."}]}],
        inferenceConfig={"maxTokens": 1},
    )
    usage = answer.get("usage", {})
    return f"answers ({usage.get('inputTokens')} tokens in, {usage.get('outputTokens')} out)"


def _embed(client: BedrockClient, model_id: str) -> str:
    return f"embeds ({len(client.embed(['yes'], model_id=model_id).vectors[0])} dimensions)"


def _rerank(client: BedrockClient, model_id: str) -> str:
    client.rerank("yes", ["yes"], model_id=model_id)
    return "ranks"


_CALLS: Mapping[str, Callable[[BedrockClient, str], str]] = {
    "chat": _chat,
    "embedding": _embed,
    "rerank": _rerank,
}


def guarded(guardrail: tuple[str, str], client: BedrockClient) -> Finding:
    """Whether a guardrail exists and may be used: it judges one word."""
    identifier, version = guardrail
    check = f"guardrail {identifier}"
    there = identifier.split(":")[3] if identifier.count(":") >= 5 else client.region
    if there != client.region:
        return Finding(
            check,
            "fail",
            f"its ARN is of {there}, calls go to {client.region}",
            f"name a guardrail of {client.region}, or call from {there}",
        )
    try:
        client.apply_guardrail(
            guardrailIdentifier=identifier,
            guardrailVersion=version,
            source="INPUT",
            content=[{"text": {"text": "yes"}}],
        )
    except BedrockError as error:
        return failed(check, error)
    return Finding(check, "ok", f"version {version} judges")


def _title(model: Model) -> str:
    return f"model {model.name}"
