"""The control plane: ListFoundationModels, ListInferenceProfiles, GetInferenceProfile."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ..catalogue import no_such_profile
from ..listed import application_summaries, model_summaries, profile_summaries
from ..problems import invalid
from ..protocol.answers import Call, JsonAnswer
from ..state import State

_PAGE = 100
#: ListFoundationModels' filters on lists, and the members that hold them.
_FILTERS = {
    "byCustomizationType": "customizationsSupported",
    "byInferenceType": "inferenceTypesSupported",
    "byOutputModality": "outputModalities",
}


def list_foundation_models(call: Call, state: State) -> JsonAnswer:
    """Every listed model, filtered as asked; AWS sends them all in one page."""
    wanted = [(member, call.params[name]) for name, member in _FILTERS.items() if name in call.params]
    provider = call.params.get("byProvider")
    summaries = [
        summary
        for summary in model_summaries(call.region)
        if (provider is None or str(provider).lower() == summary["providerName"].lower())
        and all(value in summary[member] for member, value in wanted)
    ]
    return JsonAnswer({"modelSummaries": summaries})


def list_inference_profiles(call: Call, state: State) -> JsonAnswer:
    """One page of profiles; ``nextToken`` says where the next begins."""
    profiles = _profiles(call, state)
    kind = call.params.get("typeEquals")
    if kind is not None:
        profiles = [profile for profile in profiles if profile["type"] == kind]
    start = _position(call.params.get("nextToken"))
    size = int(call.params.get("maxResults", _PAGE))
    members: dict[str, Any] = {"inferenceProfileSummaries": profiles[start : start + size]}
    if start + size < len(profiles):
        members["nextToken"] = base64.urlsafe_b64encode(f"after:{start + size}".encode()).decode()
    return JsonAnswer(members)


def get_inference_profile(call: Call, state: State) -> JsonAnswer:
    """One profile, by its id or ARN."""
    wanted = str(call.params["inferenceProfileIdentifier"])
    for profile in _profiles(call, state):
        if wanted in {profile["inferenceProfileId"], profile["inferenceProfileArn"]}:
            return JsonAnswer(profile)
    raise no_such_profile(wanted)


def _profiles(call: Call, state: State) -> list[dict[str, Any]]:
    account = state.account.account_id
    own = state.catalogue.application_profiles
    return [
        *profile_summaries(call.region, account),
        *application_summaries(own, call.region, account),
    ]


def _position(token: Any) -> int:
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(str(token)).decode()
        return int(text.removeprefix("after:"))
    except (binascii.Error, ValueError):
        raise invalid("The provided pagination token is invalid.") from None
