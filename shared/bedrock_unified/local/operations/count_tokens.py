"""CountTokens."""

from __future__ import annotations

from ..problems import invalid
from ..protocol.answers import Call, JsonAnswer
from ..shapes import under
from ..standin.families import family_of
from ..standin.tokens import count_request
from ..state import State
from .anthropic_messages import converse_request
from .converse_rules import check_conversation


def count_tokens(call: Call, state: State) -> JsonAnswer:
    """``{"inputTokens": n}``, for the ids of models that count (of known ones, Claude's): an inference
    profile's is refused, as AWS refuses it.
    """
    model_id = str(call.params["modelId"])
    target = state.catalogue.meant(model_id)
    profile = state.catalogue.profile(model_id)
    if not profile.count_tokens or target.is_profile:
        raise invalid("The provided model doesn't support counting tokens.")
    given = under(call.params, "input")
    if "converse" in given:
        request = under(given, "converse")
    else:
        request = converse_request(under(given, "invokeModel")["body"])
    check_conversation(request, family_of(target.bare), profile)
    return JsonAnswer({"inputTokens": count_request(request)})
